"""Diff: which inputs changed, and whether that replaces the resource."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from edgewise.local.providers.behaviour import ANY_CHANGE, Behaviour
from edgewise.local.providers.wire import Json, Secret, is_blob, is_hidden_key, same

Kind = Literal["add", "delete", "update"]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What an update would change.

    Parameters
    ----------
    changed
        Top-level inputs that differ.
    replaces
        Those of them that replace the resource.
    details
        Full property paths, down to where old and new part ways.
    delete_first
        The old resource must go before the new one comes, because both bear the same name.
    """

    changed: frozenset[str]
    replaces: frozenset[str]
    details: Mapping[str, Kind]
    delete_first: bool


def difference(
    behaviour: Behaviour, *, olds: Mapping[str, Json], news: Mapping[str, Json], ignored: frozenset[str] = frozenset()
) -> Difference:
    """Compare checked inputs: the state's with the program's.

    Parameters
    ----------
    olds, news
        Checked inputs.
    ignored
        `ignoreChanges`: top-level properties that are not compared. (Nested paths the engine resets itself.)
    """
    changed = frozenset(
        name
        for name in olds.keys() | news.keys()
        if not is_hidden_key(name)
        and name not in ignored
        and not same(
            {name: olds.get(name)},
            {name: news.get(name)},
            unordered=behaviour.unordered,
            document=name in behaviour.documents,
        )
    )
    replaces = changed if behaviour.replaces == ANY_CHANGE else changed & behaviour.replaces
    details: dict[str, Kind] = {}
    for name in sorted(changed):
        details.update(_details(name, olds.get(name), news.get(name), behaviour.unordered))
    return Difference(
        changed=changed,
        replaces=replaces,
        details=details,
        delete_first=bool(replaces) and _keeps_its_name(behaviour, olds, news),
    )


def _keeps_its_name(behaviour: Behaviour, olds: Mapping[str, Json], news: Mapping[str, Json]) -> bool:
    """Tell whether the program gave the name and did not change it (the bridge's nameRequiresDeleteBeforeReplace)."""
    if behaviour.auto_name is None:
        return False
    prop = behaviour.auto_name.prop
    automatic = prop in news.get("__defaults", ())
    return prop in news and not automatic and same(olds.get(prop), news.get(prop))


def _details(path: str, old: Json, new: Json, unordered: frozenset[str]) -> Iterator[tuple[str, Kind]]:
    old = old.value if isinstance(old, Secret) else old
    new = new.value if isinstance(new, Secret) else new
    if old is None or new is None:
        yield path, "add" if old is None else "delete"
    elif is_blob(old) or is_blob(new):
        yield path, "update"
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted(old.keys() | new.keys()):
            if not is_hidden_key(key) and not same({key: old.get(key)}, {key: new.get(key)}, unordered=unordered):
                yield from _details(path + _step(key), old.get(key), new.get(key), unordered)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before = old[index] if index < len(old) else None
            after = new[index] if index < len(new) else None
            if not same(before, after, unordered=unordered):
                yield from _details(f"{path}[{index}]", before, after, unordered)
    else:
        yield path, "update"


def _step(key: str) -> str:
    """Write one step of a property path; a key that is not a plain word is quoted."""
    return f".{key}" if key.replace("_", "").isalnum() else f'["{key}"]'
