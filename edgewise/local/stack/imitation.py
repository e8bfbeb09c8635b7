"""How the local edge treats the inputs of a resource type: imitated, without effect, or refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from edgewise.local.stack.model import LocalEdgeError


@dataclass(frozen=True, kw_only=True, slots=True)
class Imitation:
    """How the local edge treats the inputs of one type.

    `reads` are imitated; `no_effect` change nothing that a request can see; `only` are imitated at the
    given values alone.
    """

    reads: frozenset[str] = frozenset()
    no_effect: frozenset[str] = frozenset()
    only: Mapping[str, tuple[object, ...]] = field(default_factory=dict)

    def check(self, where: str, properties: Mapping[str, object]) -> None:
        """Refuse what is not imitated.

        Raises
        ------
        LocalEdgeError
            Naming the resource, the property and its value.
        """
        for name, value in properties.items():
            if name in self.reads or name in self.no_effect or is_unset(value):
                continue
            if name not in self.only:
                raise LocalEdgeError(f"{where}: {name} is not imitated by the local edge. {REMEDY}")
            if value not in self.only[name]:
                allowed = " or ".join(repr(choice) for choice in self.only[name])
                raise LocalEdgeError(f"{where}: {name} is {value!r}, the local edge imitates only {allowed}. {REMEDY}")


REMEDY: Final = "See docs/local-edge.md; leave it out of the stack 'local', or add it to the local edge."

COMMON: Final = frozenset({"tags", "tagsAll", "region", "name", "comment", "description", "timeouts"})


def is_unset(value: object) -> bool:
    """Tell whether a property says nothing: absent, empty, or a zero default of the provider."""
    return value is None or value in ("", [], {})
