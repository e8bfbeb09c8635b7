"""The stand-in for pulumi-aws: its configuration and its functions. The types are in `tables`."""

import json
import os
from collections.abc import Mapping

from edgewise.local.providers.check import Settings
from edgewise.local.providers.outputs import ACCOUNT
from edgewise.local.providers.provider import Package, RefusedError
from edgewise.local.providers.tables import TABLES
from edgewise.local.providers.wire import Json, Object


def settings(variables: Object) -> Settings:
    """Read `aws:region`, `aws:defaultTags` and `aws:ignoreTags`; other settings have nothing to act on here.

    Raises
    ------
    RefusedError
        When no region is configured.
    """
    region = variables.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not region:
        raise RefusedError("aws:region is not set; set it in the stack (`pulumi config set aws:region us-east-1`)")
    ignored = _nested(variables, "ignoreTags")
    return Settings(
        region=region,
        default_tags=_nested(variables, "defaultTags").get("tags") or {},
        ignored_tags=frozenset(ignored.get("keys") or ()),
        ignored_tag_prefixes=tuple(ignored.get("keyPrefixes") or ()),
    )


def _nested(variables: Mapping[str, Json], name: str) -> Object:
    """Read a nested setting: the engine sends it as JSON text."""
    found = variables.get(name)
    decoded = json.loads(found) if isinstance(found, str) and found else found
    return decoded if isinstance(decoded, dict) else {}


def _caller_identity(_settings: Settings) -> Object:
    return {
        "accountId": ACCOUNT,
        "arn": f"arn:aws:iam::{ACCOUNT}:user/local",
        "id": ACCOUNT,
        "userId": "AIDALOCALEDGEWISE",
    }


def _region(found: Settings) -> Object:
    return {
        "region": found.region,
        "name": found.region,
        "id": found.region,
        "description": found.region,
        "endpoint": f"ec2.{found.region}.amazonaws.com",
    }


def _partition(_settings: Settings) -> Object:
    return {
        "partition": "aws",
        "id": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    }


PACKAGE = Package(
    name="aws",
    table=TABLES["aws"],
    invokes={
        "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
        "aws:index/getRegion:getRegion": _region,
        "aws:index/getPartition:getPartition": _partition,
    },
    settings=settings,
)
