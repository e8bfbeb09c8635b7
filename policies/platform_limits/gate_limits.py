"""A CloudFront Function fits CloudFront: its size, its store, its runtime."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import GATE
from policies.core.resource import UNKNOWN, Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._limits import GATE_CODE_BYTES, STORE_RUNTIME, STORES_A_GATE


def _subjects(stack: Stack) -> Iterator[Resource]:
    return stack.of(GATE)


def _check(gate: Resource, _: Config) -> Iterator[Violation]:
    # Code that is made from an output is not known at the first preview; it is measured at the next.
    code = gate.known("code")
    size = len(code.encode()) if isinstance(code, str) else 0
    if size > GATE_CODE_BYTES:
        yield Violation(gate, f"code has {size} bytes, at most {GATE_CODE_BYTES} are allowed", "take comments out")
    stores = gate.props.get("keyValueStoreAssociations") or ()
    if stores is UNKNOWN:
        stores = gate.linked("keyValueStoreAssociations")
    if len(stores) > STORES_A_GATE:
        yield Violation(gate, f"{len(stores)} key_value_store_associations, at most {STORES_A_GATE} is allowed")
    if stores and gate.get("runtime") != STORE_RUNTIME:
        yield Violation(gate, f"runtime is {gate.get('runtime')}, a key-value store needs {STORE_RUNTIME}")


RULE: Final = Rule(
    id="gate-limits",
    what=f"A CloudFront Function has at most {GATE_CODE_BYTES} bytes of code and {STORES_A_GATE} key-value store, that "
    f"one with {STORE_RUNTIME}.",
    why="CloudFront refuses the function; where it is the gate, the endpoint then stands without one or not at all.",
    source="Amazon CloudFront Developer Guide, Quotas, CloudFront Functions and key value stores; aws-cdk#28571",
    fix=f"set runtime='{STORE_RUNTIME}' and keep everything that the gate reads in one store",
    subjects=_subjects,
    check=_check,
)
