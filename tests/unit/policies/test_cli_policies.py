"""The verb `edgewise policies`, and the document that it writes."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from edgewise.cli.main import app
from edgewise.cli.policies import document
from edgewise.paths import PROJECT_ROOT
from policies.core.pack import packs


def run(*args: str) -> Result:
    return CliRunner().invoke(app, ["policies", *args])


def test_json_has_every_rule_whole() -> None:
    answer = run("--json")

    assert answer.exit_code == 0
    listed = {pack["name"]: pack["rules"] for pack in json.loads(answer.stdout)["packs"]}
    assert {name: [rule["id"] for rule in rules] for name, rules in listed.items()} == {
        pack.name: [rule.id for rule in pack.rules] for pack in packs()
    }
    for rules in listed.values():
        for rule in rules:
            assert rule["level"] in {"mandatory", "advisory"}
            assert all(rule[key].strip() for key in ("what", "why", "source", "fix"))


def test_one_pack_says_why_and_how_to_fix() -> None:
    answer = run("bounded_spend")

    assert answer.exit_code == 0
    assert "default-block (mandatory)" in answer.stdout
    assert "  why:    With ALLOW every path" in answer.stdout
    assert "private-bucket" not in answer.stdout


def test_the_table_names_every_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")

    listed = run().stdout

    assert all(rule.id in listed for pack in packs() for rule in pack.rules)


def test_a_pack_that_is_not_there_is_refused_with_the_ones_that_are() -> None:
    answer = run("bounded", "--json")

    assert answer.exit_code == 2
    assert "pack 'bounded': there is none; policies/ has bounded_spend" in json.loads(answer.stdout)["error"]


def test_the_document_is_what_the_rules_say() -> None:
    written = (PROJECT_ROOT / "docs" / "policies.md").read_text()

    assert written == document(packs()), "run: edgewise policies --markdown > docs/policies.md"


def test_the_verb_prints_the_document() -> None:
    assert run("--markdown").stdout == document(packs())
