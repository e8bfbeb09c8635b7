"""Firewall and guards under the real engine: quiet the second time in every stack, and never too mighty."""

from __future__ import annotations

import pytest
import yaml

from tests.project import Project
from tests.unit.infra.documents import documents, too_wide

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"


@pytest.mark.parametrize("stack", ["dev", "staging", "prod"])
def test_a_second_preview_with_another_stacks_settings_is_empty(stack: str, deployed: Project) -> None:
    """The stand-ins change nothing of a stack that is not local, so local is given the others' settings."""
    settings = deployed.stack_file().read_text()
    own, other = yaml.safe_load(settings), yaml.safe_load(deployed.stack_file(stack).read_text())
    try:
        deployed.stack_file().write_text(yaml.safe_dump(own | {"config": own["config"] | other["config"]}))
        deployed.up()

        deployed.expect_no_changes()
    finally:
        deployed.stack_file().write_text(settings)
        deployed.up()


def test_no_policy_document_of_the_state_is_too_wide(deployed: Project) -> None:
    found = [
        (each["urn"].rpartition("::")[2], document)
        for each in deployed.resources()
        for _, document in documents(each.get("inputs", {}))
    ]

    assert {name: too_wide(document) for name, document in found if too_wide(document)} == {}
    guards = {name for name, _ in found if "-guard-" in name}
    assert len(guards) == 4, guards  # the guard's role and its schedule's, each with its policy


def test_the_distribution_stands_behind_its_web_acl(deployed: Project) -> None:
    (acl,) = [each for each in deployed.resources() if each["type"] == "aws:wafv2/webAcl:WebAcl"]
    (distribution,) = [each for each in deployed.resources() if each["type"] == DISTRIBUTION]

    assert distribution["inputs"]["webAclId"] == acl["outputs"]["arn"]
    assert acl["outputs"]["arn"].startswith("arn:aws:wafv2:us-east-1:000000000000:global/webacl/")
