"""An inference endpoint as a policy sees it: a distribution that hands requests with a body to an edge function.

All of it is found by following what flows into what, from raw resources; nothing here knows a component. What can't be
followed is not there: a policy does not believe what it can't see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from policies.core.resource import Behaviour, Resource, Stack, UnknownValueError, behaviours

DISTRIBUTION: Final = "aws:cloudfront/distribution:Distribution"
GATE: Final = "aws:cloudfront/function:Function"
STORE: Final = "aws:cloudfront/keyValueStore:KeyValueStore"
STORE_KEY: Final = "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey"
WEB_ACL: Final = "aws:wafv2/webAcl:WebAcl"
LAMBDA: Final = "aws:lambda/function:Function"
MAPPING: Final = "aws:lambda/eventSourceMapping:EventSourceMapping"
ROLE: Final = "aws:iam/role:Role"
ROLE_POLICY: Final = "aws:iam/rolePolicy:RolePolicy"
TABLE: Final = "aws:dynamodb/table:Table"
TABLE_ITEM: Final = "aws:dynamodb/tableItem:TableItem"
BUDGET: Final = "aws:budgets/budget:Budget"
ALARM: Final = "aws:cloudwatch/metricAlarm:MetricAlarm"
LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
TOPIC: Final = "aws:sns/topic:Topic"
SUBSCRIPTION: Final = "aws:sns/topicSubscription:TopicSubscription"
QUEUE: Final = "aws:sqs/queue:Queue"
SCHEDULE: Final = "aws:scheduler/schedule:Schedule"
BUCKET: Final = "aws:s3/bucket:Bucket"

_INFERENCE_PATH: Final = re.compile(r"^/?v1/([a-z0-9-]+)/\*$")
_LIMITS_KEY: Final = "limits#"
_TABLE_ARN: Final = re.compile(r':table/([^"/]+)"')
_MODEL_PATH: Final = re.compile(r"^/?models/")


def endpoints(stack: Stack) -> tuple[InferenceEndpoint, ...]:
    """Return the stack's inference endpoints, found once.

    A behaviour belongs to inference when an edge function runs for it and the request can carry a body: a site whose
    edge function rewrites GET requests does not.

    Raises
    ------
    UnknownValueError
        When a distribution's behaviours are not known.
    """
    found = stack.memory.get("endpoints")
    if found is None:
        found = stack.memory["endpoints"] = tuple(_find(stack))
    return tuple(found)


def _find(stack: Stack) -> Iterator[InferenceEndpoint]:
    for distribution in stack.of(DISTRIBUTION):
        running = tuple(each for each in behaviours(distribution) if runs_inference(each))
        if running:
            yield InferenceEndpoint(stack, distribution, running)


def runs_inference(behaviour: Behaviour) -> bool:
    """Tell whether an edge function gets requests with a body by this behaviour."""
    associations = behaviour.settings.get("lambdaFunctionAssociations") or ()
    if not associations:
        return False
    methods = behaviour.settings.get("allowedMethods") or ()
    return "POST" in methods or any(each.get("includeBody") is True for each in associations)


@dataclass(frozen=True, eq=False, slots=True)
class InferenceEndpoint:
    """One distribution and what stands around it.

    Attributes
    ----------
    stack : Stack
    distribution : Resource
    running : tuple of Behaviour
        The behaviours that run a function on requests with a body.
    """

    stack: Stack
    distribution: Resource
    running: tuple[Behaviour, ...]

    @property
    def name(self) -> str | None:
        """The function's name in the path, where one is named."""
        names = {match[1] for each in self.running if (match := _INFERENCE_PATH.match(each.path))}
        return names.pop() if len(names) == 1 else None

    @property
    def functions(self) -> tuple[Resource, ...]:
        """The Lambda functions that run at the edge; more than one when behaviours run different ones."""
        return self._of_behaviours(LAMBDA)

    @property
    def gates(self) -> tuple[Resource, ...]:
        """The CloudFront Functions on its behaviours."""
        return self._of_behaviours(GATE)

    @property
    def stores(self) -> tuple[Resource, ...]:
        """The key-value stores of its gates."""
        return _once(store for gate in self.gates for store in gate.linked("keyValueStoreAssociations"))

    @property
    def web_acl(self) -> Resource | None:
        """The web ACL of this program that is associated with it."""
        return next(iter(self.distribution.linked("webAclId", ":WebAcl")), None)

    @property
    def roles(self) -> tuple[Resource, ...]:
        """The roles of its functions."""
        return _once(role for function in self.functions for role in function.linked("role"))

    @property
    def tables(self) -> tuple[Resource, ...]:
        """The tables that its functions may write: one of them is the ledger."""
        policies = [each for role in self.roles for each in _named(self.stack, role, ROLE_POLICY, "role")]
        written = [table for policy in policies for table in _granted(self.stack, policy)]
        return _once(table for policy in policies for table in (*policy.linked("policy", ":Table"), *written))

    @property
    def items(self) -> tuple[Resource, ...]:
        """The items that the program puts into these tables."""
        return _once(item for table in self.tables for item in _named(self.stack, table, TABLE_ITEM, "tableName"))

    @property
    def limits(self) -> Resource | None:
        """The limits item of this very function in one of its tables."""
        if self.name is None:
            return None
        return next((item for item in self.items if _key_of(item) == f"{_LIMITS_KEY}{self.name}"), None)

    @property
    def mappings(self) -> tuple[Resource, ...]:
        """What reads the ledger's stream."""
        return _once(
            mapping for table in self.tables for mapping in self.stack.users(table, MAPPING, key="eventSourceArn")
        )

    @property
    def settlers(self) -> tuple[Resource, ...]:
        """The functions on the ledger's stream."""
        return _once(each for mapping in self.mappings for each in mapping.linked("functionName", ":Function"))

    @property
    def guards(self) -> tuple[Resource, ...]:
        """The scheduled functions that are told of this distribution."""
        told = self.stack.users(self.distribution, LAMBDA, key="environment")
        return tuple(each for each in told if self.schedules_of(each))

    def schedules_of(self, function: Resource) -> list[Resource]:
        """Return the schedules that run a function."""
        return self.stack.users(function, SCHEDULE, key="target")

    @property
    def tags(self) -> dict[str, Any]:
        """The distribution's tags."""
        return dict(self.distribution.get("tags", default={}))

    def _of_behaviours(self, kind: str) -> tuple[Resource, ...]:
        keys = ("orderedCacheBehaviors", "defaultCacheBehavior")
        return _once(each for key in keys for each in self.distribution.links.get(key, ()) if each.type == kind)


def is_model_path(path: str) -> bool:
    """Tell whether a path pattern is the model cache's."""
    return bool(_MODEL_PATH.match(path))


def limits_of(item: Resource) -> dict[str, Any]:
    """Return a limits item's numbers and texts, without DynamoDB's type letters.

    Raises
    ------
    UnknownValueError
    """
    found: dict[str, Any] = {}
    for key, value in item.document("item").items():
        if isinstance(value, dict) and len(value) == 1:
            ((kind, content),) = value.items()
            found[key] = int(content) if kind == "N" and str(content).lstrip("-").isdecimal() else content
    return found


def _named(stack: Stack, resource: Resource, kind: str, key: str) -> list[Resource]:
    """Return what a resource went into, or what names it in plain text."""
    plain = stack.having(kind, key, resource.known("name"))
    return list(_once((*stack.users(resource, kind, key=key), *plain)))


def _granted(stack: Stack, policy: Resource) -> Iterator[Resource]:
    """Yield the tables that a policy names by an ARN in plain text."""
    text = policy.known("policy")
    for name in _TABLE_ARN.findall(text) if isinstance(text, str) else ():
        yield from stack.having(TABLE, "name", name)


def _key_of(item: Resource) -> str | None:
    try:
        return str(limits_of(item).get("pk"))
    except UnknownValueError:
        return None


def _once(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    return tuple({id(each): each for each in resources}.values())
