"""CloudFront's distribution (facts/resources.md, 3 and the chain of one POST endpoint)."""

from collections.abc import Iterator, Mapping

from edgewise.local.providers.behaviour import ANY_CHANGE, Behaviour, Facts, Limit, Output
from edgewise.local.providers.tables.distribution_rules import REFUSALS, RULES
from edgewise.local.providers.wire import Json

BEHAVIOURS = ("defaultCacheBehavior", "orderedCacheBehaviors[]")
VIEWER_EVENTS = ("viewer-request", "viewer-response")
LAMBDA_EVENTS = (*VIEWER_EVENTS, "origin-request", "origin-response")
ERROR_CODES = (400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504)
TLS_VERSIONS = (
    "SSLv3",
    "TLSv1",
    "TLSv1_2016",
    "TLSv1.1_2016",
    "TLSv1.2_2018",
    "TLSv1.2_2019",
    "TLSv1.2_2021",
    "TLSv1.2_2025",
    "TLSv1.3_2025",
)
MAX_BEHAVIOURS = 75  # A: quotas, cache behaviours a distribution (besides the default one)


def _status(facts: Facts) -> str:
    return "Deployed" if facts.get("waitForDeployment") else "InProgress"


def _logging_v1(facts: Facts) -> bool:
    return facts.get("loggingConfig") is not None


def _limits() -> Iterator[Limit]:
    yield Limit(path="comment", max_length=128, source="T: schema")
    yield Limit(path="httpVersion", one_of=("http1.1", "http2", "http3", "http2and3"), source="T: schema")
    yield Limit(path="priceClass", one_of=("PriceClass_100", "PriceClass_200", "PriceClass_All"), source="T: schema")
    yield Limit(path="origins", min_length=1, source="T: schema")
    yield Limit(path="origins[].connectionAttempts", minimum=1, maximum=3, source="T: schema")
    yield Limit(path="origins[].connectionTimeout", minimum=1, maximum=10, source="T: schema")
    yield Limit(
        path="origins[].customOriginConfig.originProtocolPolicy",
        one_of=("http-only", "https-only", "match-viewer"),
        source="T: schema",
    )
    yield Limit(
        path="origins[].customOriginConfig.originSslProtocols[]",
        one_of=("SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2"),
        source="T: schema",
    )
    yield Limit(
        path="customErrorResponses[].errorCode",
        one_of=ERROR_CODES,
        source="A: custom error responses",
        error="InvalidErrorCode",
    )
    yield Limit(
        path="restrictions.geoRestriction.restrictionType",
        one_of=("none", "whitelist", "blacklist"),
        source="T: schema",
    )
    yield Limit(
        path="viewerCertificate.minimumProtocolVersion", one_of=TLS_VERSIONS, source="B: MinimumProtocolVersion"
    )
    yield Limit(path="viewerCertificate.sslSupportMethod", one_of=("sni-only", "vip", "static-ip"), source="T: schema")
    yield Limit(
        path="orderedCacheBehaviors", max_length=MAX_BEHAVIOURS, source="A: quotas", error="TooManyCacheBehaviors"
    )
    yield Limit(
        path="orderedCacheBehaviors[].pathPattern", min_length=1, max_length=255, source="A", error="InvalidArgument"
    )
    for behaviour in BEHAVIOURS:
        yield Limit(
            path=f"{behaviour}.viewerProtocolPolicy",
            one_of=("allow-all", "https-only", "redirect-to-https"),
            source="T: schema",
        )
        yield Limit(path=f"{behaviour}.lambdaFunctionAssociations", max_length=4, source="T: schema")
        yield Limit(path=f"{behaviour}.functionAssociations", max_length=2, source="T: schema")
        yield Limit(
            path=f"{behaviour}.lambdaFunctionAssociations[].eventType", one_of=LAMBDA_EVENTS, source="T: schema"
        )
        yield Limit(path=f"{behaviour}.functionAssociations[].eventType", one_of=VIEWER_EVENTS, source="T: schema")


def _defaults() -> Mapping[str, Json]:
    whole: dict[str, Json] = {
        "httpVersion": "http2",
        "isIpv6Enabled": False,
        "priceClass": "PriceClass_All",
        "retainOnDelete": False,
        "staging": False,
        "waitForDeployment": True,
        "origins[].connectionAttempts": 3,
        "origins[].connectionTimeout": 10,
        "origins[].customOriginConfig.originKeepaliveTimeout": 5,
        "origins[].customOriginConfig.originReadTimeout": 30,
        "viewerCertificate.minimumProtocolVersion": "TLSv1",
    }
    for behaviour in BEHAVIOURS:
        whole[f"{behaviour}.compress"] = False
        whole[f"{behaviour}.minTtl"] = 0
        whole[f"{behaviour}.lambdaFunctionAssociations[].includeBody"] = False
    return whole


TABLE: Mapping[str, Behaviour] = {
    "aws:cloudfront/distribution:Distribution": Behaviour(
        id="{cloudfront_id}",
        defaults=_defaults(),
        outputs={
            "arn": Output(make="arn:aws:cloudfront::{account}:distribution/{cloudfront_id}"),
            "domainName": Output(make="{cloudfront_host}.cloudfront.net"),
            "hostedZoneId": Output(make="Z2FDTNDATAQYW2"),  # AWS's one zone for every distribution
            "callerReference": Output(make="terraform-{uuid}"),
            "etag": Output(make="{etag}", renew_on=ANY_CHANGE),
            "lastModifiedTime": Output(make="{now}", renew_on=ANY_CHANGE),
            "status": Output(make=_status, renew_on=ANY_CHANGE),
            "inProgressValidationBatches": Output(make=0),
            "loggingV1Enabled": Output(make=_logging_v1, renew_on=frozenset({"loggingConfig"})),
            "trustedKeyGroups": Output(make=[{"enabled": False}]),
            "trustedSigners": Output(make=[{"enabled": False}]),
        },
        unordered=frozenset(
            {
                "aliases",
                "origins",
                "originGroups",
                "customErrorResponses",
                "allowedMethods",
                "cachedMethods",
                "functionAssociations",
                "lambdaFunctionAssociations",
                "customHeaders",
                "locations",
                "originSslProtocols",
                "statusCodes",
            }
        ),
        limits=tuple(_limits()),
        rules=RULES,
        refusals=REFUSALS,
    ),
}
