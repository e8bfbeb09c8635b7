"""A fork's own rule and own pack, as docs/forking.md shows them, and Pulumi's own ways to change a pack."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from edgewise.paths import PROJECT_ROOT
from policies.core.pack import POLICIES
from tests.policies.harness import CAPTURE, Program, program

FORKING = PROJECT_ROOT / "docs" / "forking.md"
TWO_TOPICS = """\
import pulumi_aws as aws

aws.sns.Topic("owned", tags={"owner": "a-team"})
aws.sns.Topic("nobodys")
"""
HOUSE_RULE = '''\
"""Topics are called by what they tell."""

from policies.core.rule import Rule, Violation

RULE = Rule(
    id="topic-name",
    what="A topic's name has more than seven letters.",
    why="Short names are taken.",
    source="a test",
    fix="call it by what it tells",
    subjects=lambda stack: stack.of("aws:sns/topic:Topic"),
    check=lambda topic, _: [Violation(topic, f"{len(topic.name)} letters")] if len(topic.name) < 7 else [],
    level="advisory",
)
'''

# A pack that knows nothing of this project's rules: no Python package, so it runs by itself.
PLAIN_PACK = """\
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy


def validate(args, report):
    if args.resource_type == "aws:sns/topic:Topic":
        report("a topic")


rule = ResourceValidationPolicy("no-topics", "There are no topics.", validate)
PolicyPack("plain", [rule], EnforcementLevel.ADVISORY)
"""


def shown_rule() -> str:
    (code,) = re.findall(r"```python\n(.*?)```", FORKING.read_text(), re.DOTALL)
    return str(code)


@pytest.fixture
def fork(tmp_path: Path) -> Program:
    """Give a project with the packs in it, and more."""
    root = tmp_path / "fork"
    root.mkdir()
    small = program(root, TWO_TOPICS)
    packs = root / "policies"
    shutil.copytree(POLICIES, packs, ignore=shutil.ignore_patterns("__pycache__"))
    (packs / "security" / "topic_owner.py").write_text(shown_rule())
    house = packs / "house"
    house.mkdir()
    for name in ("PulumiPolicy.yaml", "__main__.py"):
        shutil.copyfile(packs / "bounded_spend" / name, house / name)
    (house / "__init__.py").write_text('"""What our house asks."""\n')
    (house / "topic_name.py").write_text(HOUSE_RULE)
    plain = packs / "plain"
    plain.mkdir()
    shutil.copyfile(packs / "bounded_spend" / "PulumiPolicy.yaml", plain / "PulumiPolicy.yaml")
    (plain / "__main__.py").write_text(PLAIN_PACK)
    return small


def test_a_rule_is_a_file_and_a_pack_is_a_folder(fork: Program) -> None:
    run = fork.preview(None)

    assert run.exit_code != 0, run.output
    assert {(each.pack, each.rule, each.name, each.level) for each in run.reports} == {
        ("edgewise", "topic-owner", "nobodys", "mandatory"),
        ("edgewise", "topic-name", "owned", "advisory"),
        ("plain", "no-topics", "owned", "advisory"),
        ("plain", "no-topics", "nobodys", "advisory"),
    }
    assert "fix:   set tags={'owner': 'team-…'}" in run.output


def test_a_level_is_changed_by_pulumis_own_file(fork: Program) -> None:
    run = fork.preview([fork.root / "policies" / "security"], config={"topic-owner": "advisory"})

    assert run.exit_code == 0, run.output
    assert {(each.rule, each.level) for each in run.reports} == {("topic-owner", "advisory")}


def test_a_remedy_is_off_until_it_is_asked_for(tmp_path: Path) -> None:
    text = (
        "from tests.policies import raw\n\nraw.endpoint('house', topic={'tags': {'edgewise:environment': 'cases'}})\n"
    )
    packs = [POLICIES / "security", CAPTURE]

    refused = program(tmp_path / "off", text).preview(packs)
    mended = program(tmp_path / "on", text).preview(packs, config={"tags-remedy": "remediate"})

    assert refused.exit_code != 0
    assert {(each.rule, each.name) for each in refused.reports} == {("tags", "house-topic")}
    assert mended.exit_code == 0, mended.output
    (topic,) = mended.stack.of("aws:sns/topic:Topic")
    assert topic.get("tags") == {"edgewise:environment": "cases", "edgewise:cost-centre": "unassigned"}
