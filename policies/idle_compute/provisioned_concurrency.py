"""No Lambda environment is kept warm for money."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import LAMBDA
from policies.core.resource import Resource, Stack
from policies.core.rule import Rule
from policies.idle_compute._justified import FIX, SETTINGS, SOURCE, AlwaysOn, Beside, beside_inference, check

_CONFIG: Final = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
_PRICE: Final = "lambda.provisioned"


def _found(stack: Stack) -> Iterator[AlwaysOn]:
    named = {each.known("name"): each for each in stack.of(LAMBDA)}
    for config in stack.of(_CONFIG):
        count = config.get("provisionedConcurrentExecutions", default=1)
        linked = next(iter(config.linked("functionName", ":Function")), None)
        function = linked or named.get(config.known("functionName"))
        what = f"{count:g} provisioned environments"
        yield AlwaysOn(resource=config, what=what, price_id=_PRICE, count=count, tagged=function)
    for function in stack.of(LAMBDA):
        yield AlwaysOn(resource=function, what="instances of its own", price_id=_PRICE, count=_instances(function))


def _instances(function: Resource) -> int:
    return 1 if function.props.get("capacityProviderConfig") else 0


def _subjects(stack: Stack) -> Iterator[Beside]:
    return beside_inference(stack, _found(stack))


RULE: Final = Rule(
    id="provisioned-concurrency",
    what="No function of a stack with an inference endpoint has provisioned concurrency or instances of its own, "
    "unless a dated reason and the break-even justify it.",
    why="Each provisioned environment is billed every second, and Lambda@Edge refuses it altogether.",
    source=f"AWS Lambda pricing, Provisioned Concurrency; {SOURCE}",
    fix=FIX,
    subjects=_subjects,
    check=check,
    config=SETTINGS,
)
