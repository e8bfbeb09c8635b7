"""A captured stack as plain documents, for tests that weaken one thing of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from policies.core.resource import Stack
from tests.policies import snapshots

Document = dict[str, Any]


class Documents:
    """A stack's resources, to be changed in place."""

    def __init__(self, captured: str) -> None:
        self.all: list[Document] = json.loads(captured)

    def of(self, kind: str, name: str = "") -> list[Document]:
        """Return the documents whose type and name end so."""
        return [each for each in self.all if each["type"].endswith(kind) and each["name"].endswith(name)]

    def one(self, kind: str, name: str = "") -> Document:
        """Return the one document whose type and name end so."""
        (found,) = self.of(kind, name)
        return found

    def props(self, kind: str, name: str = "") -> Document:
        """Return the one document's properties."""
        found: Document = self.one(kind, name)["props"]
        return found

    def remove(self, kind: str, name: str = "") -> Document:
        """Take one resource away, and all that it was linked to."""
        gone = self.one(kind, name)
        self.all.remove(gone)
        return gone

    def unlink(self, kind: str, name: str, key: str, source: str = "") -> None:
        """Let a property no longer come from a resource whose name ends so."""
        links = self.one(kind, name)["links"]
        links[key] = [urn for urn in links.get(key, ()) if not urn.endswith(source)]

    def add(self, kind: str, name: str, props: Mapping[str, Any], **links: Document | Sequence[Document]) -> Document:
        """Add a resource; links are by property."""
        made: Document = {
            "urn": f"urn:pulumi:prod::edgewise::{kind}::{name}",
            "type": kind,
            "name": name,
            "props": dict(props),
            "parent": None,
            "links": {
                key: [each["urn"] for each in ([found] if isinstance(found, dict) else found)]
                for key, found in links.items()
            },
        }
        self.all.append(made)
        return made

    def copy(self, document: Document, name: str) -> Document:
        """Add a copy of a resource under another name."""
        text = json.dumps(document).replace(document["urn"], f"{document['urn']}-{name}")
        made: Document = json.loads(text)
        made["name"] = name
        self.all.append(made)
        return made

    def item(self, changes: Mapping[str, Any]) -> None:
        """Change the limits item's attributes; None takes one away."""
        props = self.props(":TableItem", "limits-face-match")
        item = {**json.loads(props["item"]), **changes}
        props["item"] = json.dumps({key: value for key, value in item.items() if value is not None})

    def stack(self) -> Stack:
        """Return the stack as policies see it."""
        return snapshots.load(json.dumps(self.all))
