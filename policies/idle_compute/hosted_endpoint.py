"""No hosted model waits behind an inference function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.core.resource import UNKNOWN, Stack
from policies.core.rule import Rule
from policies.idle_compute._justified import FIX, SETTINGS, SOURCE, AlwaysOn, Beside, beside_inference, check

_CONFIGURATION: Final = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
_NOTEBOOK: Final = "aws:sagemaker/notebookInstance:NotebookInstance"
_THROUGHPUT: Final = "aws:bedrock/provisionedModelThroughput:ProvisionedModelThroughput"


def _found(stack: Stack) -> Iterator[AlwaysOn]:
    for each in stack.of(_CONFIGURATION):
        for key in ("productionVariants", "shadowProductionVariants"):
            for variant in each.get(key, default=()):
                yield _variant(each, each.sure(variant, key))
    for each in stack.of(_NOTEBOOK):
        kind = each.get("instanceType")
        yield AlwaysOn(resource=each, what=f"a notebook on {kind}", price_id=f"sagemaker.{kind}")
    for each in stack.of(_THROUGHPUT):
        units = each.get("modelUnits", default=1)
        yield AlwaysOn(resource=each, what=f"{units:g} model units", price_id="bedrock.model_unit", count=units)


def _variant(configuration: Any, variant: Any) -> AlwaysOn:
    kind, count = variant.get("instanceType"), variant.get("initialInstanceCount", 1)
    if serverless := variant.get("serverlessConfig"):
        kept_warm = 0 if serverless is UNKNOWN else serverless.get("provisionedConcurrency", 0)
        kind, count = "serverless provisioned concurrency", kept_warm
    configuration.sure(kind, "productionVariants instanceType")
    count = configuration.sure(count, "productionVariants initialInstanceCount")
    price_id = f"sagemaker.{kind}"
    return AlwaysOn(resource=configuration, what=f"{count:g} x {kind}", price_id=price_id, count=count)


def _subjects(stack: Stack) -> Iterator[Beside]:
    return beside_inference(stack, _found(stack))


RULE: Final = Rule(
    id="hosted-endpoint",
    what="No hosted model of SageMaker or Bedrock is billed by the hour in a stack with an inference endpoint, unless "
    "a dated reason and the break-even justify it.",
    why="It answers the same request a second time, for a price by the hour that no quota of the endpoint bounds.",
    source=f"Amazon SageMaker AI Developer Guide, Model deployment options; {SOURCE}",
    fix=f"use serverless_config without provisioned_concurrency, or on-demand tokens; {FIX}",
    subjects=_subjects,
    check=check,
    config=SETTINGS,
)
