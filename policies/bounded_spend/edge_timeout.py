"""What one edge call can take at most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import InferenceEndpoint, endpoints
from policies.core.resource import UNKNOWN
from policies.core.rule import Config, Rule, Setting, Violation

# AWS Lambda API Reference, CreateFunction, Timeout: the default.
DEFAULT_S: Final = 3


def _check(endpoint: InferenceEndpoint, config: Config) -> Iterator[Violation]:
    seen = {function.known("qualifiedArn") for function in endpoint.functions}
    for behaviour in endpoint.running:
        for association in behaviour.settings.get("lambdaFunctionAssociations") or ():
            arn = association.get("lambdaArn")
            if arn is not UNKNOWN and arn not in seen:
                yield Violation(
                    endpoint.distribution,
                    f"the behaviour {behaviour.path} runs {arn}, which is no function of this program as it stands: "
                    "nobody can see its timeout",
                    "set lambda_arn=function.qualified_arn, of a lambda_.Function(publish=True) of this program",
                )
    for function in endpoint.functions:
        timeout = function.get("timeout", default=DEFAULT_S)
        if timeout > config["most_s"]:
            yield Violation(function, f"timeout is {timeout:.0f} s, more than {config['most_s']:.0f} s")


RULE: Final = Rule(
    id="edge-timeout",
    what="An inference endpoint runs functions of this program, at the version that it declares, with a short timeout.",
    why="Each lease may cost one timeout more than it was granted, and a hanging call is billed to its end. An older "
    "version, named by its ARN, keeps the timeout that it was published with.",
    source="docs/adr/0004-bound.md, the term M; Amazon CloudFront Developer Guide, Restrictions on Lambda@Edge",
    fix="set timeout to what a cold start takes, such as timeout=3; in this platform's stacks that is the function's "
    "timeout_s, unless customize.lambda.timeout overrides it",
    subjects=endpoints,
    check=_check,
    config={
        "most_s": Setting(
            {"type": "number", "minimum": 1, "maximum": 30}, 10, "The longest timeout in seconds; the platform's is 30."
        )
    },
)
