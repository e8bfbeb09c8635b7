"""IAM: roles and their inline policies (facts/resources.md, 4)."""

import json
from collections.abc import Iterator, Mapping

from edgewise.local.providers.behaviour import AutoName, Behaviour, Limit, Output, known
from edgewise.local.providers.schema import Failure
from edgewise.local.providers.wire import Json

POLICY_MAX_CHARACTERS = 10_240  # AWS: inline policies of a role, white space not counted


def is_json(name: str, inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Refuse a document that is no JSON object (T: verify.ValidIAMPolicyJSON)."""
    if not known(inputs, name):
        return
    try:
        parsed = json.loads(str.__str__(inputs[name]))
    except ValueError as error:
        yield Failure(path=name, reason=f"contains an invalid JSON policy: {error}")
        return
    if not isinstance(parsed, dict):
        yield Failure(path=name, reason="contains an invalid JSON policy: it is not an object")


def _trust(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    yield from is_json("assumeRolePolicy", inputs)


def _policy(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    yield from is_json("policy", inputs)


TABLE: Mapping[str, Behaviour] = {
    "aws:iam/role:Role": Behaviour(
        id="{name}",
        auto_name=AutoName(max_length=64),
        defaults={"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"},
        outputs={
            "arn": Output(make="arn:aws:iam::{account}:role{path}{name}"),
            "createDate": Output(make="{now}"),
            "uniqueId": Output(make="{role_id}"),
            "managedPolicyArns": Output(make=[]),
        },
        replaces=frozenset({"name", "path"}),
        documents=frozenset({"assumeRolePolicy"}),
        limits=(
            Limit(path="name", pattern=r"[\w+=,.@-]{1,64}", source="B: iam roleNameType"),
            Limit(path="path", pattern=r"/|/.*/", source="B: iam pathType"),
            Limit(path="maxSessionDuration", minimum=3600, maximum=43_200, source="B: iam roleMaxSessionDurationType"),
        ),
        rules=(_trust,),
        unordered=frozenset({"managedPolicyArns", "inlinePolicies"}),
    ),
    "aws:iam/rolePolicy:RolePolicy": Behaviour(
        id="{role}:{name}",
        auto_name=AutoName(max_length=128),
        replaces=frozenset({"name", "role"}),
        documents=frozenset({"policy"}),
        limits=(
            Limit(path="name", pattern=r"[\w+=,.@-]{1,128}", source="B: iam policyNameType"),
            Limit(path="policy", max_length=POLICY_MAX_CHARACTERS, source="AWS: IAM quotas", error="LimitExceeded"),
        ),
        rules=(_policy,),
    ),
}
