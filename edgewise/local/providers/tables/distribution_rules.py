"""What CloudFront refuses of a distribution, by its own names (B: cloudfront errors; facts/resources.md, 8)."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from edgewise.local.providers.behaviour import Refusal, Rule, at, one_of
from edgewise.local.providers.schema import Failure
from edgewise.local.providers.wire import UNKNOWN, Json

READ = frozenset({"GET", "HEAD"})
READ_AND_OPTIONS = READ | {"OPTIONS"}
ALL_SEVEN = READ_AND_OPTIONS | {"PUT", "POST", "PATCH", "DELETE"}
ALLOWED_SETS = (READ, READ_AND_OPTIONS, ALL_SEVEN)  # B: AllowedMethods
CACHED_SETS = (READ, READ_AND_OPTIONS)  # B: CachedMethods

LAMBDA_VERSION = r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[a-zA-Z0-9-_]+:\d+"
FUNCTION_ARN = r"arn:aws:cloudfront::[0-9]{12}:function/[a-zA-Z0-9-_]{1,64}"  # B: FunctionARN
GLOBAL_WEB_ACL = r"arn:aws:wafv2:us-east-1:\d{12}:global/webacl/[\w-]+/[0-9a-f-]{36}"
ACCESS_CONTROL_ID = r"E[A-Z0-9]{12,14}"
S3_HOST = r".+\.s3[.-](?!website)([a-z0-9-]+\.)?amazonaws\.com"
OTHER_ACCESS_CONTROL_HOST = r".+\.(lambda-url\.[a-z0-9-]+\.on\.aws|mediastore\..+|mediapackagev2\..+)"
US_EAST_1 = ":us-east-1:"


def _behaviours(inputs: Mapping[str, Json]) -> Iterator[tuple[str, Mapping[str, Json]]]:
    yield from at(inputs, "defaultCacheBehavior")
    yield from at(inputs, "orderedCacheBehaviors[]")


def wrong_methods(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Allow exactly three sets of methods: POST means all seven."""
    for name, sets in (("allowedMethods", ALLOWED_SETS), ("cachedMethods", CACHED_SETS)):
        for path, behaviour in _behaviours(inputs):
            methods = behaviour.get(name)
            if isinstance(methods, list) and UNKNOWN not in methods and frozenset(methods) not in sets:
                spelled = " | ".join(",".join(sorted(one)) for one in sets)
                reason = f"{','.join(methods)} is none of CloudFront's sets of methods: {spelled}"
                yield Failure(path=f"{path}.{name}", reason=reason)


def wrong_lambda(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Ask for a numbered version in us-east-1, and a body only on requests."""
    for path, behaviour in _behaviours(inputs):
        for where, one in at(behaviour, "lambdaFunctionAssociations[]", prefix=path):
            arn = one.get("lambdaArn")
            if arn != UNKNOWN and not re.fullmatch(LAMBDA_VERSION, arn):
                reason = (
                    "The function ARN must reference a specific function version. "
                    f"(The ARN must end with the version number.) ARN: {arn}"
                )
                yield Failure(path=f"{where}.lambdaArn", reason=reason)
            elif arn != UNKNOWN and US_EAST_1 not in arn:
                reason = f"The function must be in region 'us-east-1'. ARN: {arn}"
                yield Failure(path=f"{where}.lambdaArn", reason=reason)
            if one.get("includeBody") is True and str(one.get("eventType")).endswith("-response"):
                reason = f"true on {one['eventType']}; only request events carry a body"
                yield Failure(path=f"{where}.includeBody", reason=reason)
        yield from _twice(path, behaviour, "lambdaFunctionAssociations")


def wrong_function(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Refuse a function that goes not by its arn, two on one event, and one beside Lambda@Edge on a viewer event."""
    for path, behaviour in _behaviours(inputs):
        for where, arn in at(behaviour, "functionAssociations[].functionArn", prefix=path):
            if not re.fullmatch(FUNCTION_ARN, arn):
                yield Failure(path=where, reason=f"{arn} does not match {FUNCTION_ARN}")
        yield from _twice(path, behaviour, "functionAssociations")
        viewer_lambdas = [
            event for _, event in at(behaviour, "lambdaFunctionAssociations[].eventType") if event.startswith("viewer-")
        ]
        if viewer_lambdas and behaviour.get("functionAssociations"):
            reason = (
                f"Lambda@Edge on {viewer_lambdas[0]} and a CloudFront Function can't share a behaviour; "
                "put the Lambda on an origin event"
            )
            yield Failure(path=f"{path}.functionAssociations", reason=reason)


def _twice(path: str, behaviour: Mapping[str, Json], name: str) -> Iterator[Failure]:
    counted = Counter(event for _, event in at(behaviour, f"{name}[].eventType"))
    for event, count in counted.items():
        if count > 1:
            yield Failure(path=f"{path}.{name}", reason=f"{count} functions on {event}, an event takes one")


def wrong_web_acl(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Take a wafv2 ACL by its arn, of scope CLOUDFRONT only; an id is WAF Classic's."""
    for path, found in at(inputs, "webAclId"):
        if found and not re.fullmatch(GLOBAL_WEB_ACL, found):
            reason = f"{found!r} is not the arn of a web ACL of scope CLOUDFRONT; pass acl.arn, not acl.id"
            yield Failure(path=path, reason=reason)


def unknown_origin(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Look for every behaviour's target among the origins."""
    if not isinstance(inputs.get("origins"), list):
        return
    names = [origin.get("originId") for _, origin in at(inputs, "origins[]")]
    names += [group.get("originId") for _, group in at(inputs, "originGroups[]")]
    for path, behaviour in _behaviours(inputs):
        target = behaviour.get("targetOriginId")
        if UNKNOWN not in (target, *names) and target not in names:
            reason = f"{target!r} is no origin; the origins are {', '.join(sorted(names))}"
            yield Failure(path=f"{path}.targetOriginId", reason=reason)


def same_origin_twice(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Refuse one origin id twice."""
    for name, count in Counter(value for _, value in at(inputs, "origins[].originId")).items():
        if count > 1:
            yield Failure(path="origins", reason=f"{count} origins have the originId {name!r}; make it unique")


def same_path_twice(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Refuse one path pattern twice."""
    for pattern, count in Counter(value for _, value in at(inputs, "orderedCacheBehaviors[].pathPattern")).items():
        if count > 1:
            yield Failure(path="orderedCacheBehaviors", reason=f"{count} behaviours have the pathPattern {pattern!r}")


def wrong_access_control(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Take an origin access control by its id only."""
    for path, found in at(inputs, "origins[].originAccessControlId"):
        if found and not re.fullmatch(ACCESS_CONTROL_ID, found):
            yield Failure(path=path, reason=f"{found!r} is not the id of an origin access control; pass oac.id")


def two_access_ways(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Refuse an access control beside the older identity."""
    for path, origin in at(inputs, "origins[]"):
        if origin.get("originAccessControlId") and any(at(origin, "s3OriginConfig.originAccessIdentity")):
            reason = "an origin takes an access control or an origin access identity, not both"
            yield Failure(path=f"{path}.originAccessControlId", reason=reason)


def wrong_access_host(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Let an access control sign for a bucket's REST endpoint, not for its website or a host of one's own."""
    for path, origin in at(inputs, "origins[]"):
        host = origin.get("domainName")
        controlled = origin.get("originAccessControlId")
        if not controlled or host == UNKNOWN:
            continue
        if not re.fullmatch(S3_HOST, host) and not re.fullmatch(OTHER_ACCESS_CONTROL_HOST, host):
            reason = f"{host!r} takes no access control; pass the bucket's bucketRegionalDomainName"
            yield Failure(path=f"{path}.domainName", reason=reason)


def not_a_bucket(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Take an origin without customOriginConfig for a bucket."""
    for path, origin in at(inputs, "origins[]"):
        host = origin.get("domainName")
        bare = not any(origin.get(name) for name in ("customOriginConfig", "vpcOriginConfig", "originAccessControlId"))
        if bare and host != UNKNOWN and not re.fullmatch(S3_HOST, host):
            reason = f"The parameter Origin DomainName does not refer to a valid S3 bucket: {host}"
            yield Failure(path=f"{path}.domainName", reason=reason)


def wrong_certificate(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Ask for one certificate: one of ACM's in us-east-1, and no default one with aliases."""
    certificate = inputs.get("viewerCertificate")
    if not isinstance(certificate, Mapping):
        return
    sources = ("cloudfrontDefaultCertificate", "acmCertificateArn", "iamCertificateId")
    yield from one_of("viewerCertificate", certificate, sources)
    if inputs.get("aliases") not in (None, [], UNKNOWN) and certificate.get("cloudfrontDefaultCertificate") is True:
        yield Failure(path="aliases", reason="aliases need a certificate of their own, not CloudFront's default one")
    arn = certificate.get("acmCertificateArn")
    if arn not in (None, UNKNOWN) and US_EAST_1 not in arn:
        yield Failure(path="viewerCertificate.acmCertificateArn", reason=f"{arn} is not in us-east-1")
    if arn not in (None, UNKNOWN) and certificate.get("sslSupportMethod") is None:
        reason = "missing; a certificate of one's own needs sni-only, vip or static-ip"
        yield Failure(path="viewerCertificate.sslSupportMethod", reason=reason)


def cache_policy_or_values(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Ask for a cache policy, or the older forwardedValues with TTLs."""
    for path, behaviour in _behaviours(inputs):
        policy, values = behaviour.get("cachePolicyId"), behaviour.get("forwardedValues")
        if UNKNOWN not in (policy, values) and (policy is None) == (values is None):
            got = "none" if policy is None else "both"
            yield Failure(path=path, reason=f"give one of cachePolicyId and forwardedValues; got {got}")
        if policy is None and behaviour.get("originRequestPolicyId") is not None:
            yield Failure(path=f"{path}.originRequestPolicyId", reason="needs a cachePolicyId beside it")
        for name in ("minTtl", "defaultTtl", "maxTtl"):
            if policy is not None and behaviour.get(name) not in (None, 0, UNKNOWN):
                reason = f"{behaviour[name]} beside a cachePolicyId; the policy has the TTLs"
                yield Failure(path=f"{path}.{name}", reason=reason)


def root_with_slash(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Take the default root object as a name, not a path."""
    for path, found in at(inputs, "defaultRootObject"):
        if found.startswith("/"):
            yield Failure(path=path, reason=f"{found!r} must not start with a slash")


def geo_without_places(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Ask for a list of countries with whitelist and blacklist, and with those only."""
    for path, geo in at(inputs, "restrictions.geoRestriction"):
        kind, places = geo.get("restrictionType"), geo.get("locations")
        if kind not in ("none", UNKNOWN) and not places:
            yield Failure(path=f"{path}.locations", reason=f"missing; {kind} needs country codes")
        if kind == "none" and places not in (None, [], UNKNOWN):
            yield Failure(path=f"{path}.locations", reason="must be empty with restrictionType none")


RULES: tuple[Rule, ...] = ()
"""The provider itself checks nothing across properties here; AWS does."""

REFUSALS = (
    Refusal(error="InvalidArgument", rule=wrong_methods),
    Refusal(error="InvalidLambdaFunctionAssociation", rule=wrong_lambda),
    Refusal(error="InvalidFunctionAssociation", rule=wrong_function),
    Refusal(error="InvalidWebACLId", rule=wrong_web_acl),
    Refusal(error="NoSuchOrigin", rule=unknown_origin),
    Refusal(error="InvalidArgument", rule=same_origin_twice),
    Refusal(error="InvalidArgument", rule=same_path_twice),
    Refusal(error="InvalidOriginAccessControl", rule=wrong_access_control),
    Refusal(error="IllegalOriginAccessConfiguration", rule=two_access_ways),
    Refusal(error="InvalidDomainNameForOriginAccessControl", rule=wrong_access_host),
    Refusal(error="InvalidArgument", rule=not_a_bucket),
    Refusal(error="InvalidViewerCertificate", rule=wrong_certificate),
    Refusal(error="InvalidArgument", rule=cache_policy_or_values),
    Refusal(error="InvalidDefaultRootObject", rule=root_with_slash),
    Refusal(error="InvalidGeoRestrictionParameter", rule=geo_without_places),
)
