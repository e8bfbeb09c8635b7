"""What the local edge knows of a stack: the parts of its state that it imitates, as plain values."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from edgewise.local.stack.homemodel import Home

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edgewise.local.stack.aclmodel import WebAcl

DEFAULT_MAX_ENVIRONMENTS: Final = 4  # a function; a machine has few processors
# AWS Lambda Developer Guide, "Error handling for asynchronous invocation": the defaults.
ASYNC_RETRIES: Final = 2
ASYNC_AGE_S: Final = 21_600
FUNCTION_PATTERN: Final = re.compile(r"/?v1/([^/*?]+)/\*")


class LocalEdgeError(Exception):
    """The local edge cannot do what was asked; the text says why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CachePolicy:
    """A cache policy's times to live, in seconds, and whether ``Accept-Encoding`` is in the key."""

    name: str
    min_ttl_s: int
    default_ttl_s: int
    max_ttl_s: int
    encodings_in_key: bool

    @property
    def caches(self) -> bool:
        """Whether anything is kept at all."""
        return self.max_ttl_s > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class OriginRequestPolicy:
    """Which of the viewer's headers, cookies and query strings reach the origin and its function."""

    name: str
    viewer_headers: bool = False
    host_header: bool = False
    query_strings: bool = False
    cookies: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyHeader:
    """One header that a response headers policy sets."""

    name: str
    value: str
    override: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ResponseHeadersPolicy:
    """Headers that CloudFront adds to, and takes from, every response of a behaviour."""

    sets: tuple[PolicyHeader, ...] = ()
    removes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Behaviour:
    """One cache behaviour; the default one has the pattern ``*``."""

    path_pattern: str
    allowed_methods: frozenset[str]
    origin_id: str
    cache_policy: CachePolicy
    origin_request_policy: OriginRequestPolicy
    response_headers_policy: ResponseHeadersPolicy
    gate_arn: str | None = None
    lambda_arn: str | None = None
    include_body: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """A private bucket behind a distribution."""

    origin_id: str
    domain_name: str
    origin_path: str
    signed: bool
    custom_headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """A CloudFront distribution: `behaviours` in the order in which they are tried, the default last.

    `config` is what the program wrote, for CloudFront's own API.
    """

    name: str
    distribution_id: str
    arn: str
    domain_name: str
    enabled: bool
    behaviours: tuple[Behaviour, ...]
    origins: Mapping[str, Origin]
    tags: Mapping[str, str]
    web_acl_arn: str | None = None
    config: Mapping[str, object] = field(default_factory=dict, repr=False)

    @property
    def function(self) -> str:
        """The function that the distribution serves: the name in ``/v1/<function>/*``, else its own name."""
        for behaviour in self.behaviours:
            match = FUNCTION_PATTERN.fullmatch(behaviour.path_pattern)
            if match and behaviour.lambda_arn:
                return match[1]
        return self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class LambdaFunction:
    """A Lambda function: the zip and what AWS would run it with.

    One that a distribution is associated with is a published version. A home function has `environment`
    variables, `reserved_concurrency` (None: none), and retries of asynchronous calls; unpublished, its
    version is ``$LATEST``.
    """

    name: str
    version: str
    qualified_arn: str
    archive: Path
    archive_hash: str
    handler: str
    runtime: str
    memory_mb: int
    timeout_s: int
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    reserved_concurrency: int | None = None
    async_retries: int = ASYNC_RETRIES
    async_age_s: int = ASYNC_AGE_S

    @property
    def arn(self) -> str:
        """The ARN without a version."""
        return self.qualified_arn.rpartition(":")[0]

    @property
    def region(self) -> str:
        """The Region that the function is declared in."""
        return self.qualified_arn.split(":")[3]


@dataclass(frozen=True, kw_only=True, slots=True)
class GateFunction:
    """A CloudFront Function and the key-value store that it may read."""

    name: str
    arn: str
    code: str = field(repr=False)
    store_arn: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyValueStore:
    """A CloudFront key-value store as the stack wrote it; its values are secrets."""

    name: str
    arn: str
    values: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A DynamoDB table; the definition is in DynamoDB's own ``CreateTable`` form.

    `stream_arn` is what the state says; a local stream has an ARN of its own.
    """

    name: str
    definition: Mapping[str, object]
    arn: str = ""
    stream_arn: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TableItem:
    """An item that Pulumi owns, in DynamoDB JSON; it may hold secrets."""

    table: str
    hash_key: str
    range_key: str | None
    item: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadGrant:
    """A distribution may read the keys that fit a pattern (``*`` and ``?``)."""

    distribution_arn: str
    key_pattern: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """An S3 bucket and what its policy lets distributions read."""

    name: str
    domain_name: str
    grants: tuple[ReadGrant, ...]

    def readable(self, distribution_arn: str, key: str) -> bool:
        """Tell whether a distribution may read an object."""
        return any(
            grant.distribution_arn == distribution_arn and fnmatchcase(key, grant.key_pattern) for grant in self.grants
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class BucketObject:
    """An object: `path` names its content on disk, else `content` is it."""

    bucket: str
    key: str
    path: Path | None
    content: bytes = field(repr=False)
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalStack:
    """All that the local edge imitates of one stack.

    `functions` are those that a distribution is associated with, by qualified ARN; `home_functions` all
    others, by ARN without a version. `set_aside` counts the resources, by type, that are known and change
    nothing of what a request sees.
    """

    stack: str
    distributions: tuple[Distribution, ...]
    functions: Mapping[str, LambdaFunction]
    gates: Mapping[str, GateFunction]
    stores: Mapping[str, KeyValueStore]
    tables: tuple[Table, ...]
    items: tuple[TableItem, ...]
    buckets: Mapping[str, Bucket]
    objects: tuple[BucketObject, ...]
    set_aside: Mapping[str, int]
    home_functions: Mapping[str, LambdaFunction] = field(default_factory=dict)
    home: Home = field(default_factory=Home)
    web_acls: Mapping[str, WebAcl] = field(default_factory=dict)
