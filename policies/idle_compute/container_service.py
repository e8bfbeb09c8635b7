"""No container waits behind an inference function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.resource import Stack
from policies.core.rule import Rule
from policies.idle_compute._justified import FIX, SETTINGS, SOURCE, AlwaysOn, Beside, beside_inference, check

_TASKS: Final = "aws:ecs/service:Service"
_CLUSTER: Final = "aws:eks/cluster:Cluster"
_APP: Final = "aws:apprunner/service:Service"
_BATCH: Final = "aws:batch/computeEnvironment:ComputeEnvironment"


def _found(stack: Stack) -> Iterator[AlwaysOn]:
    for each in stack.of(_TASKS):
        tasks = each.get("desiredCount", default=0)
        if each.get("schedulingStrategy", default="REPLICA") == "DAEMON":
            tasks = 1  # one a machine, as long as there is one
        yield AlwaysOn(resource=each, what=f"{tasks:g} tasks", price_id="ecs.task.hour", count=tasks)
    for each in stack.of(_CLUSTER):
        yield AlwaysOn(resource=each, what="a Kubernetes control plane", price_id="eks.cluster.hour")
    for each in stack.of(_APP):
        yield AlwaysOn(resource=each, what="an App Runner service", price_id="apprunner.hour")
    for each in stack.of(_BATCH):
        vcpus = each.get("computeResources", "minVcpus", default=0)
        yield AlwaysOn(resource=each, what=f"{vcpus:g} vCPUs of Batch", price_id="batch.vcpu.hour", count=vcpus)


def _subjects(stack: Stack) -> Iterator[Beside]:
    return beside_inference(stack, _found(stack))


RULE: Final = Rule(
    id="container-service",
    what="No container runs, and no control plane of containers, when nobody asks, in a stack with an inference "
    "endpoint, unless a dated reason and the break-even justify it.",
    why="A task is billed every second that it waits, and a cluster's control plane whether it has nodes or not.",
    source=f"AWS Fargate and Amazon EKS pricing; {SOURCE}",
    fix=f"set desired_count=0 (min_vcpus=0) and let a schedule or a queue raise it; {FIX}",
    subjects=_subjects,
    check=check,
    config=SETTINGS,
)
