"""A stack's functions as the bound sees them, read from its settings without the engine."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import yaml

from edgewise.cli.artefacts import ensure_models, stack_config
from edgewise.cli.console import say
from edgewise.cli.exits import CliError, ExitCode
from edgewise.paths import PROJECT_ROOT

if TYPE_CHECKING:
    from edgewise.cost.bound import Endpoint
    from infra.settings import Settings


def read_stack(stack: str) -> Settings:
    """Read and check a stack's settings.

    Raises
    ------
    CliError
        When there is no such stack, or its settings are refused.
    """
    from infra.settings import SettingsError, read_settings

    config = _project_defaults() | stack_config(stack)
    encoded = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}
    try:
        return read_settings(stack, encoded)
    except SettingsError as error:
        raise CliError(str(error), ExitCode.BAD_INPUT) from None


def endpoints(settings: Settings) -> dict[str, Endpoint]:
    """Describe every function; what its stack pins is built first where it is missing."""
    from infra.bound import describe
    from infra.models import pinned_models

    ensure_models(settings.stack, say=say)
    models = pinned_models(settings)
    return {
        name: describe(name, function, models[function.model].manifest, settings)
        for name, function in settings.functions.items()
    }


def endpoint(stack: str, function: str) -> Endpoint:
    """Describe one function of a stack.

    Raises
    ------
    CliError
        When the stack has no such function; it names those that it has.
    """
    described = endpoints(read_stack(stack))
    if function not in described:
        raise CliError(f"function {function!r}: stack {stack} has {', '.join(described)}", ExitCode.BAD_INPUT)
    return described[function]


def budgets_usd(settings: Settings) -> dict[str, Decimal]:
    """Return each function's budget."""
    return {name: Decimal(function.monthly_budget_usd) for name, function in settings.functions.items()}


def _project_defaults() -> dict[str, Any]:
    declared = yaml.safe_load((PROJECT_ROOT / "Pulumi.yaml").read_text())["config"]
    values = {key: each.get("value", each.get("default")) for key, each in declared.items()}
    return {key: value for key, value in values.items() if value is not None}
