"""Makes resources, without some and with changed arguments."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

import pulumi


class Making:
    """Makes resources under one prefix, without some and with changed arguments."""

    def __init__(self, name: str, without: Collection[str], changes: Mapping[str, Mapping[str, Any]]) -> None:
        self.name = name
        self.made: dict[str, Any] = {}
        self.groups: list[pulumi.Resource] = []
        self._without = without
        self._changes = changes
        self._asked: set[str] = set()

    def make(self, short: str, kind: Callable[..., Any], *, suffix: str = "", **args: Any) -> Any:
        """Make one resource; None where it is left out."""
        self._asked.add(short)
        if short in self._without:
            return None
        given = {**args, **self._changes.get(short, {})}
        known = {key: value for key, value in given.items() if value is not None}
        name = "-".join(each for each in (self.name, short.replace("_", "-"), suffix) if each)
        made = self.made[short] = kind(name, **known)
        if short == "log_group":
            self.groups.append(made)
        return made

    def finish(self) -> dict[str, Any]:
        """Refuse names of resources that are not there."""
        unknown = {*self._without, *self._changes} - self._asked
        if unknown:
            raise ValueError(f"raw.endpoint: no resource is called {sorted(unknown)}; {sorted(self._asked)} are")
        return self.made


def tags(making: Making) -> dict[str, str]:
    """Return the tags of everything that takes some."""
    return {
        "edgewise:environment": "cases",
        "edgewise:function": making.name,
        "edgewise:cost-centre": "edge-platform",
    }


def arn(resource: Any) -> Any:
    """Return a resource's ARN, or None where there is no resource."""
    return None if resource is None else resource.arn


def trust(*services: str) -> str:
    """Return a trust policy."""
    statement = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(*statements: tuple[str | list[str], Any, Mapping[str, Any]]) -> pulumi.Output[str]:
    """Return a policy of actions, resources and conditions; those without a resource are left out."""
    made = [
        {"Sid": f"S{index}", "Effect": "Allow", "Action": action, "Resource": resource}
        | ({"Condition": condition} if condition else {})
        for index, (action, resource, condition) in enumerate(statements)
        if resource is not None
    ]
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": made})


def code() -> pulumi.AssetArchive:
    """Return a function's code."""
    return pulumi.AssetArchive({"handler.py": pulumi.StringAsset("def handler(event, context): ...")})


def given(**values: Any) -> dict[str, Any]:
    """Return the values that are there."""
    return {key: value for key, value in values.items() if value is not None}
