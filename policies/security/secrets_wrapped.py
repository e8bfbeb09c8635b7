"""No secret where everybody can read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.core.endpoint import LAMBDA, STORE_KEY, TABLE_ITEM
from policies.core.resource import UNKNOWN, Resource, Stack
from policies.core.rule import Config, Rule, Violation

PARAMETER: Final = "aws:ssm/parameter:Parameter"
TASKS: Final = "aws:ecs/taskDefinition:TaskDefinition"
WORKERS: Final = ("cloudflare:index/workersScript:WorkersScript", "cloudflare:index/workerVersion:WorkerVersion")
KV: Final = "cloudflare:index/workersKv:WorkersKv"
# Drawn by chance, but they stand in plain in every state: of RandomBytes the id is the value itself, of the others the
# result is no secret to Pulumi (pulumi-random, provider/resources.go).
PLAIN_DRAWS: Final = (
    "random:index/randomBytes:RandomBytes",
    "random:index/randomId:RandomId",
    "random:index/randomString:RandomString",
    "random:index/randomUuid:RandomUuid",
)
_SECRET_NAME: Final = re.compile(
    r"(secret|password|passwd|(private|signing|master|api|access)[-_]?key|token|credential)(?!.*"
    r"(_arn|_id|_name|_url|_path|_ttl|_seconds|_s|arn|name)$)",
    re.IGNORECASE,
)
_STORED: Final = {STORE_KEY: "value", TABLE_ITEM: "item", KV: "value", PARAMETER: "value"}


def _subjects(stack: Stack) -> Iterator[Resource]:
    yield from stack.of(LAMBDA, PARAMETER, TASKS, *WORKERS, STORE_KEY, TABLE_ITEM, KV)


def _check(resource: Resource, _: Config) -> Iterator[Violation]:
    for where, name in _plain_names(resource):
        if _is_secret(name):
            yield Violation(resource, f"{where} {name} holds a secret by its name, where anybody who may look reads it")
    if resource.type == PARAMETER and resource.get("type") != "SecureString" and _is_secret(_called(resource)):
        yield Violation(
            resource, f"type is {resource.get('type')}, not SecureString", "set type='SecureString' on the parameter"
        )
    drawn = [each for each in resource.links.get(_STORED.get(resource.type, ""), ()) if each.type in PLAIN_DRAWS]
    if drawn:
        yield Violation(
            resource,
            f"{_STORED[resource.type]} comes from {drawn[0].label}, whose value stands in plain in the state",
            "draw it with random.RandomPassword, and wrap what is made of it in pulumi.Output.secret(…)",
        )


def _is_secret(name: str) -> bool:
    return bool(_SECRET_NAME.search(name))


def _called(resource: Resource) -> str:
    return str(resource.known("name", default=resource.name))


def _plain_names(resource: Resource) -> Iterator[tuple[str, str]]:
    """Return the places of a resource whose values its cloud shows to all who may look, by name."""
    if resource.type == LAMBDA:
        yield from (("environment variable", each) for each in resource.known("environment", "variables", default={}))
    elif resource.type in WORKERS:
        for binding in resource.known("bindings", default=()):
            if _field(binding, "type") in ("plain_text", "json"):
                yield "binding", str(_field(binding, "name"))
    elif resource.type == TASKS:
        containers: Any = _containers(resource)
        for container in containers:
            yield from (("environment", str(_field(each, "name"))) for each in _field(container, "environment") or ())


def _containers(resource: Resource) -> list[Any]:
    text = resource.known("containerDefinitions", default="[]")
    try:
        found = json.loads(text)
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def _field(value: Any, key: str) -> Any:
    return value.get(key) if value is not UNKNOWN and isinstance(value, Mapping) else None


RULE: Final = Rule(
    id="secrets-wrapped",
    what="No secret stands in a plain environment variable, binding or parameter, and none is drawn unwrapped.",
    why="Whoever may read a function's settings reads its environment, whoever reads a state file what is not wrapped: "
    " with the signing key anybody signs requests that you pay for.",
    source="AWS Lambda Developer Guide, Securing environment variables; Cloudflare, Workers: Secrets. The SDK hands a "
    "pack all values without telling which are wrapped, so a key typed into the program is not seen here",
    fix="take it out of there: read it from SSM (SecureString) or Secrets Manager at run time, or bind "
    "it as secret_text",
    subjects=_subjects,
    check=_check,
)
