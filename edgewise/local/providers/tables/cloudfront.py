"""CloudFront without the distribution: access control, policies, functions, stores (facts/resources.md, 3)."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from edgewise.local.providers.behaviour import (
    ANY_CHANGE,
    AutoName,
    Behaviour,
    Facts,
    Limit,
    Output,
    Refusal,
    at,
    known,
)
from edgewise.local.providers.schema import Failure
from edgewise.local.providers.wire import UNKNOWN, Json

NAME_64 = Limit(
    path="name", pattern=r"[a-zA-Z0-9\-_]{1,64}", source="B: cloudfront FunctionName", error="InvalidArgument"
)
COMMENT_128 = Limit(path="comment", max_length=128, source="B: cloudfront comment", error="InvalidArgument")
FUNCTION_MAX_BYTES = 10 * 1024  # A: CloudFront Functions quotas
KEY_MAX_BYTES, VALUE_MAX_BYTES = 512, 1024  # A: key value store quotas
CORS_METHODS = ("ALL", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
IN_KEY = "parametersInCacheKeyAndForwardedToOrigin"

ETAG = Output(make="{etag}", renew_on=ANY_CHANGE)
"""T: the SDKv2 types read it after an update; the plan shows the old one."""


def _runtime_for_store(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """aws-cdk#28571; and one store a function."""
    stores = inputs.get("keyValueStoreAssociations")
    if stores in (None, UNKNOWN, []):
        return
    if inputs["runtime"] not in (UNKNOWN, "cloudfront-js-2.0"):
        yield Failure(path="runtime", reason=f"{inputs['runtime']}: a key-value store needs cloudfront-js-2.0")
    if len(stores) > 1:
        yield Failure(path="keyValueStoreAssociations", reason=f"{len(stores)} stores, at most 1 is allowed")


def _no_key_without_ttl(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """With caching off (max TTL 0) nothing may be in the cache key."""
    if inputs.get("maxTtl") != 0:
        return
    for part, behavior in (("headers", "header"), ("cookies", "cookie"), ("queryStrings", "queryString")):
        for path, value in at(inputs, f"{IN_KEY}.{part}Config.{behavior}Behavior"):
            if value != "none":
                yield Failure(path=path, reason=f"{value!r} with maxTtl 0; it must be none when caching is off")
    for flag in ("enableAcceptEncodingGzip", "enableAcceptEncodingBrotli"):
        for path, value in at(inputs, f"{IN_KEY}.{flag}"):
            if value is True:
                yield Failure(path=path, reason="true with maxTtl 0; it must be false when caching is off")


def _ttls_in_order(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    names = [name for name in ("minTtl", "defaultTtl", "maxTtl") if known(inputs, name)]
    for smaller, larger in pairwise(names):
        if inputs[smaller] > inputs[larger]:
            yield Failure(path=smaller, reason=f"{inputs[smaller]} is above {larger}, {inputs[larger]}")


def _size(facts: Facts) -> int:
    return len(facts["key"].encode()) + len(facts["value"].encode())


def _policy(**more: Json) -> Behaviour:
    """Describe a policy: nothing replaces it (L), its id is a UUID."""
    kind = more.pop("kind")
    return Behaviour(
        id="{uuid}",
        auto_name=AutoName(max_length=128),
        outputs={"arn": Output(make=f"arn:aws:cloudfront::{{account}}:{kind}/{{uuid}}"), "etag": ETAG},
        unordered=frozenset({"items"}),
        **more,
    )


TABLE: Mapping[str, Behaviour] = {
    "aws:cloudfront/originAccessControl:OriginAccessControl": Behaviour(
        id="{cloudfront_id}",
        auto_name=AutoName(),
        defaults={"description": "Managed by Pulumi"},  # S
        outputs={
            "arn": Output(make="arn:aws:cloudfront::{account}:origin-access-control/{cloudfront_id}"),
            "etag": ETAG,
        },
        limits=(
            Limit(path="name", min_length=1, max_length=64, source="B: OriginAccessControlConfig"),
            Limit(
                path="originAccessControlOriginType",
                one_of=("s3", "lambda", "mediastore", "mediapackagev2"),
                source="B: OriginAccessControlOriginTypes",
            ),
            Limit(path="signingBehavior", one_of=("always", "never", "no-override"), source="T: schema"),
            Limit(path="signingProtocol", one_of=("sigv4",), source="B"),
        ),
    ),
    "aws:cloudfront/cachePolicy:CachePolicy": _policy(
        kind="cache-policy",
        defaults={"minTtl": 0, "defaultTtl": 86400, "maxTtl": 31536000},
        limits=(
            COMMENT_128,
            Limit(path=f"{IN_KEY}.headersConfig.headerBehavior", one_of=("none", "whitelist"), source="B"),
            *(
                Limit(path=f"{IN_KEY}.{path}", one_of=("none", "whitelist", "all", "allExcept"), source="B")
                for path in ("cookiesConfig.cookieBehavior", "queryStringsConfig.queryStringBehavior")
            ),
        ),
        refusals=(
            Refusal(error="InvalidArgument", rule=_no_key_without_ttl),
            Refusal(error="InvalidArgument", rule=_ttls_in_order),
        ),
    ),
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": _policy(
        kind="origin-request-policy",
        limits=(
            COMMENT_128,
            Limit(
                path="headersConfig.headerBehavior",
                one_of=("none", "whitelist", "allViewer", "allViewerAndWhitelistCloudFront", "allExcept"),
                source="B",
            ),
            *(
                Limit(path=path, one_of=("none", "whitelist", "all", "allExcept"), source="B")
                for path in ("cookiesConfig.cookieBehavior", "queryStringsConfig.queryStringBehavior")
            ),
        ),
    ),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": _policy(
        kind="response-headers-policy",
        limits=(
            COMMENT_128,
            Limit(path="corsConfig.accessControlAllowMethods.items[]", one_of=CORS_METHODS, source="B"),
            Limit(path="securityHeadersConfig.frameOptions.frameOption", one_of=("DENY", "SAMEORIGIN"), source="B"),
            Limit(path="serverTimingHeadersConfig.samplingRate", minimum=0, maximum=100, source="B"),
        ),
    ),
    "aws:cloudfront/function:Function": Behaviour(
        id="{name}",
        auto_name=AutoName(),
        defaults={"publish": True},
        outputs={
            "arn": Output(make="arn:aws:cloudfront::{account}:function/{name}"),
            "etag": ETAG,
            "liveStageEtag": ETAG,
            "status": Output(make="UNASSOCIATED"),
        },
        replaces=frozenset({"name"}),
        unordered=frozenset({"keyValueStoreAssociations"}),
        limits=(
            Limit(path="runtime", one_of=("cloudfront-js-1.0", "cloudfront-js-2.0"), source="B: FunctionRuntime"),
            NAME_64,
            COMMENT_128,
            Limit(
                path="code",
                max_bytes=FUNCTION_MAX_BYTES,
                source="A: CloudFront Functions quotas, 10 KB",
                error="FunctionSizeLimitExceeded",
            ),
        ),
        refusals=(Refusal(error="InvalidArgument", rule=_runtime_for_store),),
    ),
    "aws:cloudfront/keyValueStore:KeyValueStore": Behaviour(
        id="{name}",  # not the API's own id: T: cloudfront/key_value_store.go
        auto_name=AutoName(),
        outputs={
            "arn": Output(make="arn:aws:cloudfront::{account}:key-value-store/{uuid}"),
            # A Plugin-Framework type: computed values without a plan modifier are unknown in every update's preview.
            "etag": Output(make="{etag}", renew_on=ANY_CHANGE, planned=True),
            "lastModifiedTime": Output(make="{now}", renew_on=ANY_CHANGE, planned=True),
        },
        replaces=frozenset({"name"}),
        limits=(NAME_64, COMMENT_128),
    ),
    "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey": Behaviour(
        id="{keyValueStoreArn},{key}",
        outputs={"totalSizeInBytes": Output(make=_size, renew_on=ANY_CHANGE, planned=True)},
        replaces=frozenset({"key", "keyValueStoreArn"}),
        limits=(
            Limit(
                path="keyValueStoreArn",
                pattern=r"arn:aws:cloudfront::\d{12}:key-value-store/[0-9a-fA-F-]{36}",
                source="B: cloudfront-keyvaluestore KvsARN",
                error="ValidationException",
            ),
            Limit(path="key", min_length=1, max_bytes=KEY_MAX_BYTES, source="A: quotas", error="ValidationException"),
            Limit(path="value", max_bytes=VALUE_MAX_BYTES, source="A: quotas", error="ValidationException"),
        ),
    ),
    "aws:cloudfront/monitoringSubscription:MonitoringSubscription": Behaviour(
        id="{distributionId}",  # T: cloudfront/monitoring_subscription.go
        replaces=frozenset({"distributionId"}),
        limits=(
            Limit(
                path="monitoringSubscription.realtimeMetricsSubscriptionConfig.realtimeMetricsSubscriptionStatus",
                one_of=("Enabled", "Disabled"),
                source="B: RealtimeMetricsSubscriptionStatus",
            ),
        ),
    ),
}
