"""One distribution, and nobody else who calls an inference function."""

from __future__ import annotations

import pulumi_aws as aws

from tests.policies import raw
from tests.policies.cases._at_edge import distribution, edge_alone


def bad_function_url_1(name: str) -> None:
    made = edge_alone(name)
    aws.lambda_.FunctionUrl(f"{name}-url", function_name=made["function"].name, authorization_type="NONE")


def bad_function_url_2(name: str) -> None:
    """Named in plain text."""
    edge_alone(name)
    aws.lambda_.FunctionUrl(f"{name}-url", function_name=name, authorization_type="AWS_IAM")


def bad_function_url_3(name: str) -> None:
    """An API may call it."""
    made = edge_alone(name)
    aws.lambda_.Permission(
        f"{name}-permission",
        action="lambda:InvokeFunction",
        function=made["function"].arn,
        principal="apigateway.amazonaws.com",
    )


def good_function_url_1(name: str) -> None:
    edge_alone(name)


def good_function_url_2(name: str) -> None:
    """CloudFront's own permission, and the URL of another function."""
    made = edge_alone(name)
    aws.lambda_.Permission(
        f"{name}-permission",
        action="lambda:GetFunction",
        function=made["function"].arn,
        principal="edgelambda.amazonaws.com",
    )
    other = aws.lambda_.Function(
        f"{name}-other", role=made["role"].arn, runtime="python3.13", handler="handler.handler", code=raw.code()
    )
    aws.lambda_.FunctionUrl(f"{name}-url", function_name=other.name, authorization_type="AWS_IAM")


def bad_one_distribution_1(name: str) -> None:
    distribution(f"{name}-second", edge_alone(name))


def bad_one_distribution_2(name: str) -> None:
    """A staging distribution runs it too."""
    made = edge_alone(name, ["distribution"])
    distribution(name, made, continuous_deployment_policy_id="00000000-0000-0000-0000-000000000000")


def good_one_distribution_1(name: str) -> None:
    edge_alone(name)


def good_one_distribution_2(name: str) -> None:
    """A second distribution of something else."""
    distribution(f"{name}-site", edge_alone(name), ordered_cache_behaviors=[])
