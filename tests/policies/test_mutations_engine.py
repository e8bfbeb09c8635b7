"""The same through the engine: a copy of the project weakens eight guards of `prod`, and the preview is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from edgewise import engine
from edgewise.cli.artefacts import ensure_models
from tests.policies.harness import Program, Run
from tests.project import copy_project

# What the fork's program does to its own resources before it declares them.
WEAKEN: Final = """\
import pulumi


def weaken(args):
    props = dict(args.props)
    match args.type_:
        case "aws:wafv2/webAcl:WebAcl":
            for rule in props["rules"]:
                if rule["statement"].get("rate_based_statement", {}).get("aggregate_key_type") == "CONSTANT":
                    rule["action"] = {"count": {}}
        case "aws:cloudwatch/logGroup:LogGroup":
            props["retention_in_days"] = 0
        case "aws:cloudwatch/metricAlarm:MetricAlarm":
            props["alarm_actions"] = []
        case "aws:dynamodb/table:Table":
            props["stream_enabled"] = False
        case "aws:lambda/function:Function":
            props["timeout"] = 30
        case "aws:budgets/budget:Budget":
            props["notifications"] = []
        case "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock":
            props["block_public_policy"] = False
        case "aws:cloudfront/distribution:Distribution":
            props["viewer_certificate"] = {**props["viewer_certificate"], "minimum_protocol_version": "TLSv1"}
    return pulumi.ResourceTransformationResult(props, args.opts)


pulumi.runtime.register_stack_transformation(weaken)
"""
RED: Final = {
    "rate-rule-blocks": "aws:wafv2/webAcl:WebAcl",
    "log-retention": "aws:cloudwatch/logGroup:LogGroup",
    "alarms-ring": "aws:cloudwatch/metricAlarm:MetricAlarm",
    "ledger-stream": "aws:dynamodb/table:Table",
    "edge-timeout": "aws:lambda/function:Function",
    "budget-notifies": "aws:budgets/budget:Budget",
    "private-bucket": "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "viewer-tls": "aws:cloudfront/distribution:Distribution",
}


@pytest.fixture(scope="module")
def weakened(tmp_path_factory: pytest.TempPathFactory) -> Run:
    copy = copy_project(tmp_path_factory.mktemp("weakened"))
    ensure_models("prod", say=print, root=copy.root)
    program = Path(copy.root, "infra", "__main__.py")
    text = program.read_text()
    first = "from __future__ import annotations\n"
    assert first in text
    program.write_text(text.replace(first, first + WEAKEN, 1))
    return Program(root=copy.root, lenient=False, stack_name="prod", modules=copy.root).preview(
        engine.policy_packs(copy.root)
    )


def test_the_preview_ends_in_an_error(weakened: Run) -> None:
    assert weakened.exit_code != 0


@pytest.mark.parametrize("rule", RED)
def test_each_guard_is_missed_by_its_rule(weakened: Run, rule: str) -> None:
    types = {each.urn.split("::")[2].rpartition("$")[2] for each in weakened.reports if each.rule == rule}

    assert RED[rule] in types, weakened.output
