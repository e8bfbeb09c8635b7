"""Read a stack's Lambda functions, and tell those of the edge from those of the home Region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from edgewise.local.stack.assets import archive_path
from edgewise.local.stack.imitated import IMITATED
from edgewise.local.stack.imitated_home import HOME_FUNCTION
from edgewise.local.stack.model import ASYNC_AGE_S, ASYNC_RETRIES, Distribution, LambdaFunction

if TYPE_CHECKING:
    from pathlib import Path

    from edgewise.local.stack.resource import Resource

FUNCTION: Final = "aws:lambda/function:Function"
_INVOKE_CONFIG: Final = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
_UNRESERVED: Final = -1


def read(
    by_type: Mapping[str, Sequence[Resource]], *, distributions: Sequence[Distribution], project: Path
) -> tuple[dict[str, LambdaFunction], dict[str, LambdaFunction]]:
    """Read all functions.

    Returns
    -------
    tuple
        The edge's, by qualified ARN: those that a distribution is associated with. The home Region's, by
        ARN without a version.

    Raises
    ------
    LocalEdgeError
        For a property that is not imitated: an edge function takes no variables and no reservation.
    """
    associated = {behaviour.lambda_arn for edge in distributions for behaviour in edge.behaviours}
    configs = {name: config for config in by_type.get(_INVOKE_CONFIG, []) for name in _names(config)}
    edge: dict[str, LambdaFunction] = {}
    home: dict[str, LambdaFunction] = {}
    for resource in by_type.get(FUNCTION, []):
        qualified_arn = resource.text("qualifiedArn")
        if qualified_arn in associated:
            IMITATED[FUNCTION].check(resource.where, resource.inputs)
            edge[qualified_arn] = _function(resource, None, project)
        else:
            HOME_FUNCTION.check(resource.where, resource.inputs)
            function = _function(resource, configs.get(resource.text("name")), project)
            home[function.arn] = function
    return edge, home


def _names(config: Resource) -> tuple[str, str]:
    """Return the ways to name the function of an invoke configuration: its name as it stands, or out of an ARN."""
    text = config.text("functionName")
    return text, text.split(":function:", 1)[-1].split(":", 1)[0]


def _function(resource: Resource, config: Resource | None, project: Path) -> LambdaFunction:
    archive, archive_hash = archive_path(resource.inputs.get("code"), where=f"{resource.where} code", project=project)
    variables = resource.mapping("environment").get("variables") or {}
    assert isinstance(variables, Mapping)
    reserved = resource.number("reservedConcurrentExecutions", _UNRESERVED)
    return LambdaFunction(
        name=resource.text("name"),
        version=resource.text("version"),
        qualified_arn=resource.text("qualifiedArn"),
        archive=archive,
        archive_hash=archive_hash,
        handler=resource.text("handler"),
        runtime=resource.text("runtime"),
        memory_mb=resource.number("memorySize"),
        timeout_s=resource.number("timeout"),
        environment={str(name): str(value) for name, value in variables.items()},
        reserved_concurrency=None if reserved == _UNRESERVED else reserved,
        async_retries=config.number("maximumRetryAttempts", ASYNC_RETRIES) if config else ASYNC_RETRIES,
        async_age_s=config.number("maximumEventAgeInSeconds", ASYNC_AGE_S) if config else ASYNC_AGE_S,
    )
