"""What a start is told, out of a stack and out of what ran before."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from edgewise.local.stack.model import LocalEdgeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgewise.local.functions import runtime
    from edgewise.local.functions.cpu import CpuGroups
    from edgewise.local.stack.model import LocalStack

_RESOURCE_KEYS: Final = ("urn", "type", "id", "custom", "delete", "inputs", "outputs")


def domains_of(stack: LocalStack) -> dict[str, str]:
    """Return each distribution's domain name and the function that it serves."""
    domains = {edge.domain_name: edge.function for edge in stack.distributions}
    if len(set(domains.values())) != len(domains):
        raise LocalEdgeError(f"two distributions serve one function: {sorted(domains.values())}")
    return domains


def ports_of(before: Mapping[str, object]) -> dict[str, int]:
    """Return the ports of an earlier run, to take again."""
    endpoints = before.get("endpoints")
    urls = {f"function {name}": text for name, text in endpoints.items()} if isinstance(endpoints, dict) else {}
    urls |= {name: before.get(f"{name}_url") for name in ("cloud", "admin", "home")}
    return {name: port for name, text in urls.items() if text and (port := urlsplit(str(text)).port)}


def notes_of(edge_runtime: runtime.EdgeRuntime, cpu: CpuGroups | None) -> list[str]:
    """Return what this machine can't imitate."""
    notes = []
    if not edge_runtime.very_zip:
        notes.append("no Python 3.13 works on this machine: what runs is not the very zip that AWS would get")
    if cpu is None:
        notes.append("control groups can't be written here: environments run at full speed, not at Lambda's share")
    return notes


def has_home(stack: LocalStack) -> bool:
    """Tell whether a stack has anything for the home Region's process."""
    home = stack.home
    return bool(stack.home_functions or home.event_sources or home.schedules or home.alarms or home.topics)


def digest_of(state: Mapping[str, object], edge_runtime: runtime.EdgeRuntime, tuned: Mapping[str, object]) -> str:
    """Return a digest of all that makes a local edge what it is; times and order of the state don't count."""
    deployment = state["deployment"]
    assert isinstance(deployment, dict)
    # The engine keeps resources in the order in which they were last registered, which is a matter of chance.
    in_order = sorted(deployment["resources"], key=lambda resource: str(resource["urn"]))
    resources = [{key: resource.get(key) for key in _RESOURCE_KEYS} for resource in in_order]
    launches = {arn: launch.to_json() for arn, launch in edge_runtime.launches.items()}
    content = json.dumps([resources, launches, tuned], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()
