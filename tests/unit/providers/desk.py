"""The engine's side of a provider, with Python values instead of messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi.runtime.proto import provider_pb2

from edgewise.local.providers import aws_package, random_package
from edgewise.local.providers.provider import Provider
from edgewise.local.providers.wire import decode, encode

PACKAGES = {"aws": aws_package.PACKAGE, "random": random_package.PACKAGE}
SEED = b"one seed"


def urn(token: str, name: str = "thing", stack: str = "local") -> str:
    return f"urn:pulumi:{stack}::edgewise::edgewise:infra:Component${token}::{name}"


@dataclass(frozen=True, kw_only=True)
class Diff:
    changes: bool
    diffs: list[str]
    replaces: list[str]
    details: dict[str, str]
    delete_first: bool


class Desk:
    """One configured provider."""

    def __init__(self, package: str = "aws", **settings: Any) -> None:
        self.provider = Provider(PACKAGES[package])
        variables = {"region": "us-east-1", **settings} if package == "aws" else settings
        self.provider.configure(provider_pb2.ConfigureRequest(args=encode(variables)))

    def check(
        self,
        token: str,
        news: Mapping[str, Any],
        olds: Mapping[str, Any] | None = None,
        *,
        name: str = "thing",
        seed: bytes = SEED,
        autonaming: provider_pb2.CheckRequest.AutonamingOptions | None = None,
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Return checked inputs, and reasons by property."""
        answer = self.provider.check(
            provider_pb2.CheckRequest(
                urn=urn(token, name),
                news=encode(news),
                olds=encode(olds or {}),
                randomSeed=seed,
                autonaming=autonaming,
            )
        )
        return decode(answer.inputs), {failure.property: failure.reason for failure in answer.failures}

    def inputs(self, token: str, news: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Return checked inputs of a resource that must pass."""
        found, failures = self.check(token, news, **more)
        assert failures == {}
        return found

    def diff(self, token: str, olds: Mapping[str, Any], news: Mapping[str, Any], ignore: tuple[str, ...] = ()) -> Diff:
        answer = self.provider.diff(
            provider_pb2.DiffRequest(
                urn=urn(token), id="id", old_inputs=encode(olds), news=encode(news), ignoreChanges=ignore
            )
        )
        return Diff(
            changes=answer.changes == provider_pb2.DiffResponse.DIFF_SOME,
            diffs=list(answer.diffs),
            replaces=list(answer.replaces),
            details={
                path: provider_pb2.PropertyDiff.Kind.Name(found.kind) for path, found in answer.detailedDiff.items()
            },
            delete_first=answer.deleteBeforeReplace,
        )

    def create(
        self,
        token: str,
        inputs: Mapping[str, Any],
        *,
        preview: bool = False,
        name: str = "thing",
        stack: str = "local",
    ) -> tuple[str, dict[str, Any]]:
        answer = self.provider.create(
            provider_pb2.CreateRequest(urn=urn(token, name, stack), properties=encode(inputs), preview=preview)
        )
        return answer.id, decode(answer.properties)

    def make(self, token: str, news: Mapping[str, Any], **more: Any) -> tuple[str, dict[str, Any]]:
        """Check and create."""
        return self.create(token, self.inputs(token, news), **more)

    def update(
        self,
        token: str,
        *,
        olds: Mapping[str, Any],
        old_inputs: Mapping[str, Any],
        news: Mapping[str, Any],
        preview: bool = False,
        stack: str = "local",
    ) -> dict[str, Any]:
        answer = self.provider.update(
            provider_pb2.UpdateRequest(
                urn=urn(token, stack=stack),
                id="id",
                olds=encode(olds),
                old_inputs=encode(old_inputs),
                news=encode(news),
                preview=preview,
            )
        )
        return decode(answer.properties)

    def delete(self, token: str, outputs: Mapping[str, Any], *, stack: str = "local") -> None:
        self.provider.delete(
            provider_pb2.DeleteRequest(urn=urn(token, stack=stack), id="id", properties=encode(outputs))
        )

    def invoke(self, token: str) -> dict[str, Any]:
        answer = self.provider.invoke(provider_pb2.InvokeRequest(tok=token))
        return decode(getattr(answer, "return"))


def put(found: Any, path: str, value: Any) -> Any:
    """Return a copy with the value at a path, as `origins[0].domainName`; None takes the property away."""
    step, _, rest = path.partition(".")
    name, index = re.fullmatch(r"(\w+)(?:\[(\d+)\])?", step).groups()  # type: ignore[union-attr]  # tests' own paths
    copy = dict(found)
    if index is None:
        inner = put(copy.get(name, {}), rest, value) if rest else value
    else:
        items = list(copy[name])
        items[int(index)] = put(items[int(index)], rest, value) if rest else value
        inner = items
    copy[name] = inner
    return {key: item for key, item in copy.items() if item is not None}
