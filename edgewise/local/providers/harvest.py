"""Harvest the property names and types of the imitated resources from Pulumi's own SDK packages.

The result, `data/<package>.json`, is what the stand-in providers know of names, types and required inputs. It is read
from the SDK instead of written by hand, so that it is complete, and kept in a file because importing `pulumi_aws`
takes longer than a provider may take to start. Run it again when the SDK's pin changes:

    python -m edgewise.local.providers.harvest
"""

import importlib
import inspect
import json
import re
import typing
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pulumi
from pulumi import _types

from edgewise.local.providers.tables import TABLES

DATA = Path(__file__).parent / "data"
SCALARS: dict[type, str] = {str: "str", int: "int", float: "float", bool: "bool"}
REFERENCE = re.compile(r"@([\w.]+)")
ASSETS: dict[type, str] = {pulumi.Asset: "asset", pulumi.Archive: "archive"}


class Harvest:
    """Types of one package; nested object types are collected by name as they are met."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, str]] = {}

    def type_name(self, annotation: object) -> str:
        """Write an SDK annotation in the form of the data file: `str`, `[str]`, `{str}`, `@Object`."""
        bare = _strip(annotation)
        if isinstance(bare, type) and bare in SCALARS:
            return SCALARS[bare]
        if bare is Any:
            return "any"
        if isinstance(bare, type) and bare in ASSETS:
            return ASSETS[bare]
        if typing.get_origin(bare) is Sequence:
            return f"[{self.type_name(typing.get_args(bare)[0])}]"
        if typing.get_origin(bare) is Mapping:
            return f"{{{self.type_name(typing.get_args(bare)[1])}}}"
        if isinstance(bare, type) and _types.is_input_type(bare):
            return self._object(bare)
        raise TypeError(f"harvest: no form for the annotation {annotation!r}; teach Harvest.type_name")

    def properties(self, cls: type) -> dict[str, str]:
        """Properties of an input class; a `!` behind the type marks a required one."""
        required = {
            name
            for name, parameter in inspect.signature(cls).parameters.items()
            if parameter.default is inspect.Parameter.empty
        }
        names = _types.input_type_py_to_pulumi_names(cls)
        types = _types.input_type_types(cls)
        return {
            names[name]: self.type_name(types[names[name]]) + ("!" if name in required else "")
            for name in sorted(names)
        }

    def _object(self, cls: type) -> str:
        service = cls.__module__.split(".")[1].rstrip("_")  # lambda and cloudfront both have a Function
        name = f"{service}.{cls.__name__.removesuffix('Args')}"
        if name not in self.objects:
            self.objects[name] = {}  # first, so that a type that contains itself ends
            self.objects[name] = self.properties(cls)
        return f"@{name}"


def _renamed(names: Mapping[str, str], found: re.Match[str]) -> str:
    return f"@{names[found[1]]}"


def _merge_equal(objects: dict[str, dict[str, str]], resources: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Write equal object types once, under the shortest name: a web ACL nests the same statements hundreds of times."""
    while True:
        first: dict[str, str] = {}
        for name in sorted(objects, key=lambda name: (len(name), name)):
            first.setdefault(json.dumps(objects[name], sort_keys=True), name)
        renamed = {name: first[json.dumps(body, sort_keys=True)] for name, body in objects.items()}
        if all(old == new for old, new in renamed.items()):
            return objects
        rename = partial(_renamed, renamed)
        kept = {name: body for name, body in objects.items() if renamed[name] == name}
        for properties in [*kept.values(), *(resource["inputs"] for resource in resources.values())]:
            for name, spelled in properties.items():
                properties[name] = REFERENCE.sub(rename, spelled)
        objects = kept


def _strip(annotation: object) -> object:
    """Take away Input, Optional, Output and the enum that the SDK lists beside its base type."""
    if typing.get_origin(annotation) is not typing.Union:
        return annotation
    return _strip(typing.get_args(annotation)[0])


def _names(cls: type) -> list[str]:
    return sorted(set(_types.resource_py_to_pulumi_names(cls).values()) - {"id", "urn"})


def harvest(package: str) -> dict[str, Any]:
    """Read all types that `tables` imitates for one package.

    Parameters
    ----------
    package
        `aws` or `random`; the SDK package `pulumi_<package>` must be installed.

    Returns
    -------
    dict
        `version`, `objects` (nested types) and `resources` (by type token: inputs, outputs).
    """
    found = Harvest()
    resources: dict[str, Any] = {}
    for token in sorted(TABLES[package]):
        module, class_name = token.split(":")[1].split("/")[0], token.split(":")[2]
        cls = _resource_class(f"pulumi_{package}", module, class_name)
        inputs = found.properties(_arguments_class(cls))
        resources[token] = {
            "inputs": inputs,
            "outputs": [name for name in _names(cls) if name not in inputs],
        }
    return {
        "version": version(f"pulumi-{package}"),
        "objects": dict(sorted(_merge_equal(found.objects, resources).items())),
        "resources": resources,
    }


def _arguments_class(cls: type) -> type:
    """Find `<Resource>Args`, which is `<Resource>InitArgs` where a nested type took that name."""
    names = vars(importlib.import_module(cls.__module__))
    found = names.get(f"{cls.__name__}InitArgs") or names[f"{cls.__name__}Args"]
    if not isinstance(found, type):
        raise TypeError(f"harvest: the arguments of {cls.__name__} are not a class")
    return found


def _resource_class(package: str, module: str, class_name: str) -> type:
    if module == "index":
        found = getattr(importlib.import_module(package), class_name)
    else:
        spelled = f"{module}_" if module == "lambda" else module  # `lambda` is a keyword in Python
        found = getattr(importlib.import_module(f"{package}.{spelled}"), class_name)
    if not isinstance(found, type):
        raise TypeError(f"{package}: {class_name} is not a class")
    return found


def write(package: str) -> None:
    """Write `data/<package>.json`, one type a line so that a new SDK shows as a readable diff."""
    data = harvest(package)
    lines = [f'{{"version": {json.dumps(data["version"])},', '"objects": {']
    lines.append(",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in data["objects"].items()))
    lines.append('},\n"resources": {')
    lines.append(",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in data["resources"].items()))
    lines.append("}}")
    (DATA / f"{package}.json").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    for name in TABLES:
        write(name)
