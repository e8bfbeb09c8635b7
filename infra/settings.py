"""The stack's settings, read once, checked whole, before the first resource is declared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator

from inference.contract import DIGEST, KEY_ID
from infra import limits
from infra.function_settings import Domain, Frozen, FunctionName, FunctionSettings, Name, Number
from infra.refusals import KeyNames, refusals

NAMESPACE: Final = "edgewise"

Email = Annotated[
    str, StringConstraints(strict=True, pattern=r"^[^@\s]+@[a-zA-Z0-9.-]+\.[a-zA-Z]+$", max_length=limits.EMAIL_LENGTH)
]


class SettingsError(ValueError):
    """Every refused key of the stack's settings, one line each."""


class Settings(Frozen):
    """All of a stack's settings."""

    stack: Annotated[
        str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9-]*$", max_length=limits.STACK_NAME_LENGTH)
    ]
    region: Literal["us-east-1"]
    cost_centre: Annotated[
        str,
        StringConstraints(strict=True, min_length=1, max_length=limits.TAG_VALUE_LENGTH, pattern=r"^[\w .:/=+@-]+$"),
    ]
    alert_emails: Annotated[tuple[Email, ...], Field(min_length=1)]
    log_retention_days: Number = 14
    key_ids: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)] = ("k1",)
    models: Mapping[Name, str]
    functions: Annotated[Mapping[FunctionName, FunctionSettings], Field(min_length=1)]

    @field_validator("log_retention_days", mode="after")
    @classmethod
    def _retention_exists(cls, days: int) -> int:
        if days not in limits.LOG_RETENTION_DAYS:
            allowed = ", ".join(map(str, sorted(limits.LOG_RETENTION_DAYS)))
            raise ValueError(f"{days} is no retention that CloudWatch Logs offers; choose one of {allowed}")
        return days

    @field_validator("key_ids", mode="after")
    @classmethod
    def _key_ids_are_names(cls, key_ids: tuple[str, ...]) -> tuple[str, ...]:
        for kid in key_ids:
            if not KEY_ID.fullmatch(kid):
                raise ValueError(f"{kid!r} is no key id; use one to eight of a-z and 0-9, like k1")
        if len(set(key_ids)) != len(key_ids):
            raise ValueError(f"{', '.join(key_ids)} names a key twice; name each key once")
        return key_ids

    @field_validator("alert_emails", mode="after")
    @classmethod
    def _no_address_twice(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        if len({address.lower() for address in addresses}) != len(addresses):
            raise ValueError(f"{', '.join(addresses)} names an address twice; name each address once")
        return addresses

    @field_validator("models", mode="after")
    @classmethod
    def _models_are_pinned(cls, models: Mapping[str, str]) -> Mapping[str, str]:
        for name, digest in models.items():
            if not DIGEST.fullmatch(digest):
                raise ValueError(f"{name} is pinned to {digest!r}; a digest is sha256: and 64 hexadecimal digits")
        return models

    @model_validator(mode="after")
    def _models_are_known(self) -> Self:
        for name, function in self.functions.items():
            if function.model not in self.models:
                known = ", ".join(sorted(self.models)) or "none"
                raise ValueError(
                    f"{NAMESPACE}:functions.{name}.model: {function.model!r} is not pinned in {NAMESPACE}:models "
                    f"(pinned: {known}); add its digest there"
                )
        return self

    @property
    def protects_data(self) -> bool:
        """Whether what holds data is kept when the program or the stack forgets it."""
        return self.stack in {"staging", "prod"}

    def tags(self, function: str | None = None) -> dict[str, str]:
        """Cost allocation tags: environment, cost centre and, where there is one, the function."""
        tags = {"edgewise:environment": self.stack, "edgewise:cost-centre": self.cost_centre}
        return tags | {"edgewise:function": function} if function else tags


_KEYS: Final = {
    f"{NAMESPACE}:functions": "functions",
    f"{NAMESPACE}:models": "models",
    f"{NAMESPACE}:costCentre": "cost_centre",
    f"{NAMESPACE}:alertEmails": "alert_emails",
    f"{NAMESPACE}:logRetentionDays": "log_retention_days",
    f"{NAMESPACE}:keyIds": "key_ids",
    "aws:region": "region",
}
_NAMES: Final = KeyNames(
    by_field={field: key for key, field in _KEYS.items()},
    model_at={
        (): Settings,
        ("functions", "*"): FunctionSettings,
        ("functions", "*", "domain"): Domain,
    },
)


def read_settings(stack: str, config: Mapping[str, str]) -> Settings:
    """Check a stack's whole configuration.

    Parameters
    ----------
    stack : str
        The stack's name.
    config : mapping
        Every key of the stack's configuration with its namespace; values as the engine hands them over, as text.

    Raises
    ------
    SettingsError
        Names every bad key with its value, the limit and the limit's source.
    """
    own = sorted(key for key in _KEYS if key.startswith(f"{NAMESPACE}:"))
    problems = [
        f"{key}: unknown key with value {value!r}; known keys: {', '.join(own)}"
        for key, value in config.items()
        if key.startswith(f"{NAMESPACE}:") and key not in _KEYS
    ]
    fields = {field: _decode(config[key]) for key, field in _KEYS.items() if key in config}
    try:
        settings = Settings.model_validate({"stack": stack, **fields})
    except ValidationError as error:
        problems += refusals(error, _NAMES)
    if problems:
        raise SettingsError("\n  ".join([f"stack {stack} is refused, nothing was declared:", *problems]))
    return settings


def _decode(value: str) -> Any:
    """Read a value as the data it is; text that is no JSON stays text."""
    try:
        return json.loads(value)
    except ValueError:
        return value
