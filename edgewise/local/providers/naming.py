"""Automatic names: the logical name and some characters from the engine's random seed."""

import hashlib
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from edgewise.local.providers.behaviour import AutoName
from edgewise.local.providers.schema import Failure
from edgewise.local.providers.wire import Json, revealed

HEX_LENGTH = 7  # P: autonaming.go
Mode = Literal["propose", "enforce", "disable"]
LETTERS_LENGTH = 8  # P: resource_overrides.go, glue


@dataclass(frozen=True, kw_only=True)
class Naming:
    """What an automatic name is made from.

    Parameters
    ----------
    urn
        The resource's URN; its last part is the logical name.
    random_seed
        The engine's seed: the same for the preview and the update of one plan.
    mode
        The stack's `pulumi:autonaming` setting: the provider may propose, must take `proposed`, or must not name.
    proposed
        The name that the setting proposes, or "".
    """

    urn: str
    random_seed: bytes
    mode: Mode = "propose"
    proposed: str = ""


def logical_name(urn: str) -> str:
    """Return the name that the program gave the resource: a URN's last part, which may hold anything."""
    return urn.split("::", maxsplit=3)[3]


def automatic_name(
    auto_name: AutoName, naming: Naming, *, inputs: Mapping[str, Json], olds: Mapping[str, Json]
) -> Json | Failure:
    """Return the old automatic name, or make one.

    Parameters
    ----------
    inputs
        The new inputs; flags such as `fifoQueue` add an ending.
    olds
        The checked inputs of the state: an automatic name in them is kept for ever.
    """
    kept = olds.get(auto_name.prop)
    if kept is not None and auto_name.prop in olds.get("__defaults", ()):
        return kept
    if naming.mode == "disable":
        reason = "automatic names are switched off by pulumi:autonaming; give the resource a name"
        return Failure(path=auto_name.prop, reason=reason)
    ending = _ending(auto_name, inputs)
    name = naming.proposed + ending if naming.proposed else _made(auto_name, naming, ending)
    if len(name) > auto_name.max_length:
        reason = (
            f"the automatic name {name!r} has {len(name)} characters, at most {auto_name.max_length} are allowed; "
            "shorten the logical name or give a name"
        )
        return Failure(path=auto_name.prop, reason=reason)
    return name.lower() if auto_name.lower else name


def _made(auto_name: AutoName, naming: Naming, ending: str) -> str:
    drawn = hashlib.sha256(naming.urn.encode() + b"\0" + naming.random_seed)
    if auto_name.form == "logical":
        return logical_name(naming.urn) + ending
    if auto_name.form == "letters":
        letters = "".join(string.ascii_lowercase[byte % 26] for byte in drawn.digest()[:LETTERS_LENGTH])
        return f"{logical_name(naming.urn).lower()}_{letters}{ending}"
    return f"{logical_name(naming.urn)}-{drawn.hexdigest()[:HEX_LENGTH]}{ending}"


def _ending(auto_name: AutoName, inputs: Mapping[str, Json]) -> str:
    if auto_name.suffix is None:
        return ""
    flag, ending = auto_name.suffix
    return ending if revealed(inputs.get(flag)) is True else ""
