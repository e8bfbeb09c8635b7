"""Check: names, regions, tags and defaults put into the inputs, and what the provider refuses before any call."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from edgewise.local.providers.behaviour import AutoName, Behaviour, Limit
from edgewise.local.providers.blobs import noted
from edgewise.local.providers.naming import Naming, automatic_name
from edgewise.local.providers.schema import Failure, Schema
from edgewise.local.providers.wire import UNKNOWN, Json, Object, Secret, has_unknown, hidden, is_blob

DEFAULTS = "__defaults"

# The provider's default tags count.
TAG_LIMIT = Limit(path="tagsAll", max_length=50, source="AWS: 50 tags a resource")
TAG_KEY_MAX_LENGTH = 128  # AWS: tag naming limits
TAG_VALUE_MAX_LENGTH = 256  # the same


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The provider's own configuration.

    Parameters
    ----------
    region
        Region of every regional resource without its own; "" where the package has no regions.
    default_tags
        Put on every taggable resource, under its own tags.
    ignored_tags, ignored_tag_prefixes
        Taken out of `tagsAll` (`ignoreTags`).
    """

    region: str = ""
    default_tags: Mapping[str, str] = field(default_factory=dict)
    ignored_tags: frozenset[str] = frozenset()
    ignored_tag_prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What Check answers: complete inputs, and every failure found."""

    inputs: Object
    failures: tuple[Failure, ...]


def check(
    token: str,
    behaviour: Behaviour,
    schema: Schema,
    *,
    news: Mapping[str, Json],
    olds: Mapping[str, Json],
    naming: Naming,
    settings: Settings,
) -> Checked:
    """Complete a resource's inputs and refuse what the provider would refuse.

    Parameters
    ----------
    token
        The type, as `aws:s3/bucket:Bucket`.
    news, olds
        The program's inputs, and the checked inputs of the state ({} for a new resource).
    naming
        What automatic names are made from.
    """
    inputs = {name: value for name, value in news.items() if value is not None and name != DEFAULTS}
    for name in behaviour.documents & inputs.keys():
        inputs[name] = _as_text(inputs[name])
    failures = [*schema.failures(token, inputs), *_prefix_failures(behaviour.auto_name, inputs)]
    if failures:
        return Checked(inputs=inputs, failures=tuple(failures))
    types = schema.types[token]
    defaulted = _nested_defaults(schema, types.inputs, inputs, behaviour.defaults, path="")
    if behaviour.auto_name is not None and not _given(inputs, behaviour.auto_name):
        defaulted[DEFAULTS].append(behaviour.auto_name.prop)
        made = automatic_name(behaviour.auto_name, naming, inputs=defaulted, olds=olds)
        if isinstance(made, Failure):
            return Checked(inputs=inputs, failures=(made,))
        defaulted[behaviour.auto_name.prop] = made
    defaulted[DEFAULTS].sort()
    if types.regional:
        defaulted.setdefault("region", settings.region)
    if types.taggable:
        defaulted["tagsAll"] = _all_tags(inputs.get("tags"), settings)
    failures.extend(_broken_rules(behaviour, defaulted))
    return Checked(inputs=noted(defaulted), failures=tuple(failures))


def _prefix_failures(auto_name: AutoName | None, inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Refuse `namePrefix` and its kind: the name would come from AWS's clock, which nothing here imitates."""
    prefix = f"{auto_name.prop}Prefix" if auto_name else ""
    if prefix in inputs:
        yield Failure(
            path=prefix, reason="the stand-in does not imitate name prefixes; give the name, or leave both out"
        )


def _given(inputs: Mapping[str, Json], auto_name: AutoName) -> bool:
    return auto_name.prop in inputs


def _as_text(document: Json) -> Json:
    if isinstance(document, Secret):
        return Secret(_as_text(document.value))
    if isinstance(document, Mapping | list) and not is_blob(document):
        return UNKNOWN if has_unknown(document) else json.dumps(document)
    return document


def _nested_defaults(
    schema: Schema, forms: Mapping[str, str], found: Mapping[str, Json], defaults: Mapping[str, Json], *, path: str
) -> Object:
    """Return an object with the defaults at its path, and so for every object in it; each lists its own."""
    complete: Object = {}
    for name, value in found.items():
        where = f"{path}.{name}" if path else name
        complete[name] = _completed(schema, forms.get(name, "any").rstrip("!"), value, defaults, path=where)
    own = {}
    for spelled, value in defaults.items():
        parent, _, name = spelled.rpartition(".")
        if parent == path and name not in complete:
            own[name] = value
    return {**complete, **own, DEFAULTS: sorted(own)}


def _completed(schema: Schema, form: str, value: Json, defaults: Mapping[str, Json], *, path: str) -> Json:
    if isinstance(value, Secret):
        return Secret(_completed(schema, form, value.value, defaults, path=path))
    if form.startswith("[") and isinstance(value, list):
        return [_completed(schema, form[1:-1], item, defaults, path=f"{path}[]") for item in value]
    forms = schema.object_at(form)
    if forms is not None and isinstance(value, Mapping):
        return _nested_defaults(schema, forms, value, defaults, path=path)
    return value


def _all_tags(tags: Json, settings: Settings) -> Json:
    """Merge as P: tags.go does; unknown if any tag is."""
    if isinstance(tags, Secret):
        return Secret(_all_tags(tags.value, settings))
    if tags == UNKNOWN or has_unknown(tags):
        return UNKNOWN
    merged = {**settings.default_tags, **(tags or {})}
    return {
        key: value
        for key, value in merged.items()
        if key not in settings.ignored_tags and not key.startswith(settings.ignored_tag_prefixes or ("\0",))
    }


def _broken_rules(behaviour: Behaviour, inputs: Mapping[str, Json]) -> Iterator[Failure]:
    seen = hidden(inputs)
    for limit in (TAG_LIMIT, *behaviour.limits):
        if limit.error is None:
            yield from limit.failures(seen)
    yield from _broken_tags(seen.get("tags"))
    for rule in behaviour.rules:
        yield from rule(seen)


def _broken_tags(tags: Json) -> Iterator[Failure]:
    if not isinstance(tags, Mapping):
        return
    for key, value in tags.items():
        if not 1 <= len(key) <= TAG_KEY_MAX_LENGTH:
            yield Failure(
                path=f"tags.{key}", reason=f"the key has {len(key)} characters, allowed are 1 to {TAG_KEY_MAX_LENGTH}"
            )
        if key.lower().startswith("aws:"):
            yield Failure(path=f"tags.{key}", reason="keys that start with aws: are AWS's own; choose another key")
        if isinstance(value, str) and len(value) > TAG_VALUE_MAX_LENGTH:
            yield Failure(
                path=f"tags.{key}",
                reason=f"the value has {len(value)} characters, at most {TAG_VALUE_MAX_LENGTH} are allowed",
            )
