"""A stack's functions as the bound sees them, read from its settings without the engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import yaml

from edgewise.cli.artefacts import ensure_models
from edgewise.cli.console import say
from edgewise.cli.exits import CliError, ExitCode
from edgewise.paths import PROJECT_ROOT

if TYPE_CHECKING:
    from edgewise.cost.bound import Endpoint
    from infra.settings import Settings

STACKS = PROJECT_ROOT / "stacks"


def read_stack(stack: str) -> Settings:
    """Read and check a stack's settings.

    Raises
    ------
    CliError
        When there is no such stack, or its settings are refused.
    """
    from infra.settings import SettingsError, read_settings

    path = STACKS / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = sorted(found.name.split(".")[1] for found in STACKS.glob("Pulumi.*.yaml"))
        raise CliError(f"stack {stack!r}: there is none; stacks/ has {', '.join(known)}", ExitCode.BAD_INPUT)
    config: Mapping[str, Any] = _project_defaults() | (yaml.safe_load(path.read_text()).get("config") or {})
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


def budgets_usd(settings: Settings) -> dict[str, Decimal]:
    """Return each function's budget."""
    return {name: Decimal(function.monthly_budget_usd) for name, function in settings.functions.items()}


def _project_defaults() -> dict[str, Any]:
    declared = yaml.safe_load((PROJECT_ROOT / "Pulumi.yaml").read_text())["config"]
    values = {key: each.get("value", each.get("default")) for key, each in declared.items()}
    return {key: value for key, value in values.items() if value is not None}
