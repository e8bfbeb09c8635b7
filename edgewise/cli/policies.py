"""`edgewise policies`: the packs and their rules, what each asks, why and who says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from edgewise.cli.console import AsJson, answer, plainly, show_table
from edgewise.cli.exits import CliError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from policies.core.pack import Pack
    from policies.core.rule import Rule

AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print docs/policies.md.")]
PackName = Annotated[str | None, typer.Argument(help="One pack's rules, with why and how to fix.", metavar="PACK")]

INTRODUCTION: Final = """\
# The policy packs
Written by `edgewise policies --markdown > docs/policies.md` from the rules themselves; don't edit it. Every preview and
update that `make` or `edgewise` starts runs all packs (by the variable `PULUMI_OPTION_POLICY_PACK`); one alone runs by
`pulumi preview --policy-pack policies/bounded_spend`. A fork adds its own: [forking](forking.md).

A **mandatory** rule ends the preview when it is broken, and when it can't tell. An **advisory** one only says so. A
rule that is about nothing in a stack does not apply. Settings and levels are changed by a file of Pulumi's, given as
`--policy-pack-config`. A **remedy** mends inputs before they are used; it is off until such a file sets the policy
`<rule>-remedy` to `remediate`.
"""


@plainly
def policies(pack: PackName = None, as_json: AsJson = False, markdown: AsMarkdown = False) -> None:
    """List the policy packs' rules; of one pack, with why and how to fix.

    Example: edgewise policies bounded_spend
    """
    from policies.core.pack import packs

    found = _chosen(packs(), pack)
    if as_json:
        answer({"packs": [_pack(each) for each in found]})
    elif markdown:
        print(document(found), end="")
    elif pack:
        print("\n".join(_text(found[0])))
    else:
        rows = [(each.name, rule.id, rule.level, rule.what) for each in found for rule in each.rules]
        show_table(("pack", "rule", "level", "what must hold"), rows)


def document(packs: Sequence[Pack]) -> str:
    """Return the packs as one Markdown document."""
    return "\n".join([INTRODUCTION, *(line for pack in packs for line in _chapter(pack))])


def _chosen(packs: list[Pack], name: str | None) -> list[Pack]:
    found = [pack for pack in packs if name in {None, pack.name}]
    if not found:
        known = ", ".join(pack.name for pack in packs)
        raise CliError(f"pack {name!r}: there is none; policies/ has {known}", ExitCode.BAD_INPUT)
    return found


def _chapter(pack: Pack) -> Iterator[str]:
    yield f"## {pack.name}\n{pack.what}\n"
    for rule in pack.rules:
        yield f"### {rule.id}\n{rule.what}\n"
        yield f"- level: {rule.level}"
        yield f"- why: {rule.why}"
        yield f"- source: {rule.source}"
        yield f"- fix: {rule.fix}"
        for name, setting in rule.config.items():
            yield f"- setting `{name}`, `{setting.default}` by default: {setting.meaning}"
        if rule.remedy:
            yield f"- remedy: `{rule.id}-remedy`, off by default"
        yield ""


def _text(pack: Pack) -> Iterator[str]:
    yield f"{pack.name}: {pack.what}"
    for rule in pack.rules:
        yield f"\n{rule.id} ({rule.level})\n  {rule.what}"
        yield f"  why:    {rule.why}"
        yield f"  source: {rule.source}"
        yield f"  fix:    {rule.fix}"


def _pack(pack: Pack) -> dict[str, Any]:
    return {"name": pack.name, "what": pack.what, "rules": [_rule(rule) for rule in pack.rules]}


def _rule(rule: Rule[Any]) -> dict[str, Any]:
    settings = {
        name: {"default": each.default, "schema": dict(each.schema), "meaning": each.meaning}
        for name, each in rule.config.items()
    }
    return {
        "id": rule.id,
        "level": rule.level,
        "what": rule.what,
        "why": rule.why,
        "source": rule.source,
        "fix": rule.fix,
        "settings": settings,
        "remedy": rule.remedy is not None,
    }


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(policies)
