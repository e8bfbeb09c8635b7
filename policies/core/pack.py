"""A pack: a folder with a PulumiPolicy.yaml and one rule a file. Here the rules are found; nothing needs Pulumi."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from policies.core.resource import Stack
from policies.core.rule import Rule, Verdict

POLICIES: Final = Path(__file__).resolve().parents[1]
MANIFEST: Final = "PulumiPolicy.yaml"
TOGETHER: Final = "edgewise"


class PackError(Exception):
    """A pack that can't be used; the text names the file and what to do."""


@dataclass(frozen=True, slots=True)
class Pack:
    """A folder's rules, sorted by id."""

    name: str
    what: str
    rules: tuple[Rule[Any], ...]

    def judge(self, stack: Stack) -> list[Verdict]:
        """Ask every rule, with its default settings."""
        return [rule.judge(stack) for rule in self.rules]


def packs(root: Path = POLICIES) -> list[Pack]:
    """Return every pack of rules in the folder, sorted by name; a pack of another make is no Python package."""
    folders = sorted(manifest.parent for manifest in root.glob(f"*/{MANIFEST}"))
    return [load(folder.name, root) for folder in folders if (folder / "__init__.py").is_file()]


def load(name: str, root: Path = POLICIES) -> Pack:
    """Read one pack: each module of its folder that does not start with "_" has a `RULE`.

    Raises
    ------
    PackError
        When a module has no rule, its id is not the file's name, or there is no module at all.
    """
    package = importlib.import_module(f"policies.{name}")
    rules = []
    for found in pkgutil.iter_modules([str(root / name)]):
        if found.name.startswith("_"):
            continue
        rules.append(_rule(name, found.name))
    if not rules:
        raise PackError(f"policies/{name} has no rule; put a file with a RULE into it (docs/forking.md)")
    what = (package.__doc__ or "").strip().splitlines()[0] if package.__doc__ else ""
    return Pack(name, what, tuple(sorted(rules, key=lambda rule: rule.id)))


def together(root: Path = POLICIES) -> Pack:
    """Return the rules of all packs as one: a process a pack costs each preview seconds.

    Raises
    ------
    PackError
        When two packs have rules of one id.
    """
    found = packs(root)
    owners: dict[str, str] = {}
    for pack in found:
        for rule in pack.rules:
            if rule.id in owners:
                raise PackError(f"{rule.id} is a rule of {owners[rule.id]} and of {pack.name}; call one otherwise")
            owners[rule.id] = pack.name
    return Pack(TOGETHER, "All packs.", tuple(rule for pack in found for rule in pack.rules))


def _rule(pack: str, module: str) -> Rule[Any]:
    rule = getattr(importlib.import_module(f"policies.{pack}.{module}"), "RULE", None)
    if not isinstance(rule, Rule):
        raise PackError(f"policies/{pack}/{module}.py has no RULE; a helper's file name begins with '_'")
    if rule.id != module.replace("_", "-"):
        raise PackError(f"policies/{pack}/{module}.py: its rule is called {rule.id!r}; call both alike")
    return rule
