"""The lenient stand-in: the shipped one without its refusals, and a plain answer for all that it does not imitate."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from unittest.mock import patch

from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]  # protobuf ships no types
from pulumi import _types
from pulumi.runtime.proto import provider_pb2

from edgewise.local.providers import aws_package
from edgewise.local.providers import serve as serving
from edgewise.local.providers.check import Settings
from edgewise.local.providers.naming import logical_name
from edgewise.local.providers.outputs import ACCOUNT, Identity, Making, created, echoed
from edgewise.local.providers.provider import Package, Provider
from edgewise.local.providers.wire import UNKNOWN, Object, decode, encode

REGION: Final = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Names of a type's inputs, and of its further outputs that are text."""

    inputs: frozenset[str]
    outputs: tuple[str, ...]


@cache
def shape(token: str) -> Shape:
    """Read a type's shape from the SDK, as `aws:ec2/instance:Instance`."""
    _, place, name = token.split(":")
    service = place.partition("/")[0]
    module = importlib.import_module(f"pulumi_aws.{'lambda_' if service == 'lambda' else service}")
    cls = getattr(module, name)
    home = importlib.import_module(cls.__module__)
    arguments: type = getattr(home, f"{name}InitArgs", None) or getattr(home, f"{name}Args")
    inputs = frozenset(_types.input_type_py_to_pulumi_names(arguments).values())
    found: dict[str, Any] = _types.resource_types(cls)
    names = _types.resource_py_to_pulumi_names(cls)
    texts = {names.get(key, key) for key, kind in found.items() if kind is str}
    return Shape(inputs=inputs, outputs=tuple(sorted(texts - inputs - {"id", "urn"})))


class LenientProvider(Provider):
    """Takes whatever a program says; nothing is made anywhere."""

    def check(self, request: provider_pb2.CheckRequest) -> provider_pb2.CheckResponse:
        """Complete the inputs; refuse nothing."""
        if self._imitates(request.urn):
            return provider_pb2.CheckResponse(inputs=super().check(request).inputs)
        inputs = {key: value for key, value in decode(request.news).items() if value is not None}
        known = shape(_type(request.urn)).inputs
        if "name" in known:
            inputs.setdefault("name", f"{logical_name(request.urn)}-{request.randomSeed.hex()[:7]}")
        if "region" in known:
            inputs.setdefault("region", REGION)
        return provider_pb2.CheckResponse(inputs=encode(inputs))

    def diff(self, request: provider_pb2.DiffRequest) -> provider_pb2.DiffResponse:
        """Compare as the shipped one does."""
        if self._imitates(request.urn):
            return super().diff(request)
        same = decode(request.old_inputs) == decode(request.news)
        none, some = provider_pb2.DiffResponse.DIFF_NONE, provider_pb2.DiffResponse.DIFF_SOME
        return provider_pb2.DiffResponse(changes=none if same else some)

    def create(self, request: provider_pb2.CreateRequest) -> provider_pb2.CreateResponse:
        """Make up id and outputs."""
        inputs = decode(request.properties)
        if self._imitates(request.urn):
            making = Making(inputs=inputs, identity=Identity(urn=request.urn, seed=b"lenient"))
            _, behaviour = self._behaviour(request.urn)
            try:
                resource_id, outputs = created(behaviour, making, preview=request.preview)
            except (KeyError, TypeError, AttributeError, ValueError):
                # The tables count on inputs that the shipped Check would have refused; their outputs are then plain.
                resource_id, outputs = _plain(request.urn, inputs, preview=request.preview)
        else:
            resource_id, outputs = _plain(request.urn, inputs, preview=request.preview)
        return provider_pb2.CreateResponse(id=resource_id, properties=encode(outputs))

    def update(self, request: provider_pb2.UpdateRequest) -> provider_pb2.UpdateResponse:
        """Keep the outputs, take the inputs."""
        return provider_pb2.UpdateResponse(properties=encode({**decode(request.olds), **echoed(decode(request.news))}))

    def delete(self, _request: provider_pb2.DeleteRequest) -> Empty:
        """Forget."""
        return Empty()

    def _imitates(self, urn: str) -> bool:
        return _type(urn) in self._package.table


def _plain(urn: str, inputs: Object, *, preview: bool) -> tuple[str, Object]:
    token, name = _type(urn), logical_name(urn)
    service = token.split(":")[1].partition("/")[0]

    def text(output: str) -> str:
        return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}" if "arn" in output.lower() else f"{name}-{output}"

    made = {output: UNKNOWN if preview else text(output) for output in shape(token).outputs}
    return ("" if preview else name), {**made, **echoed(inputs)}


def _type(urn: str) -> str:
    return urn.split("::")[2].rpartition("$")[2]


def _zones(_settings: Settings) -> Object:
    zones = [f"{REGION}{letter}" for letter in "abc"]
    return {"id": REGION, "names": zones, "zoneIds": ["use1-az1", "use1-az2", "use1-az4"], "groupNames": [REGION]}


def _image(_settings: Settings) -> Object:
    return {"id": "ami-00000000000000000", "imageId": "ami-00000000000000000", "architecture": "arm64"}


def serve_lenient() -> None:
    """Serve until the engine ends the process."""
    shipped = aws_package.PACKAGE
    invokes = {
        **shipped.invokes,
        "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
        "aws:ec2/getAmi:getAmi": _image,
    }
    package = Package(name=shipped.name, table=shipped.table, invokes=invokes, settings=shipped.settings)
    with patch.object(serving, "Provider", LenientProvider):
        serving.serve(package)
