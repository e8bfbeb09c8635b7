"""The tables against the SDK: every name in them exists there, and every output there has its place in them."""

from __future__ import annotations

import json
import re

import pytest

from edgewise.local.providers import harvest
from edgewise.local.providers.schema import DATA, Schema
from edgewise.local.providers.tables import TABLES
from tests.unit.providers.samples import SAMPLES

TYPES = [(package, token) for package, table in TABLES.items() for token in table]
SCHEMAS = {package: Schema(package) for package in TABLES}


def resolves(schema: Schema, forms: dict[str, str], path: str) -> bool:
    """Tell whether a property path leads somewhere in the SDK's types."""
    name, _, rest = re.match(r"([^.\[]+)()(.*)", path).groups()  # type: ignore[union-attr]  # tables' own paths
    form = forms.get(name, "").rstrip("!")
    while form and rest.startswith("[]"):
        form, rest = (form[1:-1], rest[2:]) if form.startswith("[") else ("", "")
    if not form or not rest:
        return bool(form) and not rest
    inner = schema.object_at(form)
    return inner is not None and resolves(schema, dict(inner), rest.removeprefix("."))


def every_name(schema: Schema, forms: dict[str, str], seen: frozenset[str] = frozenset()) -> set[str]:
    names = set(forms)
    for form in forms.values():
        bare = form.rstrip("!").strip("[]")
        inner = schema.object_at(bare)
        if inner is not None and bare not in seen:
            names |= every_name(schema, dict(inner), seen | {bare})
    return names


@pytest.mark.parametrize("package", TABLES)
def test_harvest_is_fresh(package: str) -> None:
    """WHEN the installed SDK is harvested again THEN the file in the repository is the result."""
    assert json.loads((DATA / f"{package}.json").read_text()) == harvest.harvest(package)


@pytest.mark.parametrize(("package", "token"), TYPES)
def test_every_path_exists_in_the_sdk(package: str, token: str) -> None:
    behaviour, schema = TABLES[package][token], SCHEMAS[package]
    inputs = dict(schema.types[token].inputs)
    paths = [limit.path for limit in behaviour.limits] + list(behaviour.defaults)
    paths += [name for name in behaviour.replaces | behaviour.documents if name != "*"]
    paths += [name for output in behaviour.outputs.values() for name in output.renew_on if name != "*"]
    if behaviour.auto_name:
        paths.append(behaviour.auto_name.prop)
    assert [path for path in paths if not resolves(schema, inputs, path)] == []
    assert behaviour.unordered <= every_name(schema, inputs)


@pytest.mark.parametrize(("package", "token"), TYPES)
def test_every_output_is_computed_or_listed_as_unset(package: str, token: str) -> None:
    behaviour, types = TABLES[package][token], SCHEMAS[package].types[token]
    missing = set(types.outputs) - behaviour.outputs.keys() - behaviour.unset - {"tagsAll"}
    unknown = (behaviour.outputs.keys() | behaviour.unset) - set(types.outputs) - types.inputs.keys()
    assert (missing, unknown) == (set(), set())


@pytest.mark.parametrize(("package", "token"), TYPES)
def test_every_limit_names_its_source(package: str, token: str) -> None:
    assert all(limit.source for limit in TABLES[package][token].limits)


def test_every_type_has_a_sample() -> None:
    assert {token for _, token in TYPES} == SAMPLES.keys()
