"""The written list: which resource types and properties the local edge imitates.

Whatever is not on it is refused by name: a property that changes behaviour in the cloud and is silently
ignored here would make a test lie. `docs/local-edge.md` is the same list in prose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from edgewise.local.stack.imitated_acl import WEB_ACL
from edgewise.local.stack.imitated_home import HOME
from edgewise.local.stack.imitation import COMMON, REMEDY, Imitation
from edgewise.local.stack.model import LocalEdgeError

IMITATED: Final[Mapping[str, Imitation]] = {
    "aws:cloudfront/distribution:Distribution": Imitation(
        reads=frozenset({"defaultCacheBehavior", "orderedCacheBehaviors", "origins", "enabled", "tags"}) | {"webAclId"},
        # TLS, IPv6 and the choice of edge locations end before the gateway begins.
        no_effect=COMMON
        | {"httpVersion", "isIpv6Enabled", "priceClass", "viewerCertificate", "waitForDeployment"}
        | {"retainOnDelete"},
        only={
            "restrictions": ({"geoRestriction": {"restrictionType": "none"}},),
            "staging": (False,),
        },
    ),
    "aws:cloudfront/function:Function": Imitation(
        reads=frozenset({"name", "code", "keyValueStoreAssociations"}),
        no_effect=COMMON,
        only={"runtime": ("cloudfront-js-2.0",), "publish": (True,)},
    ),
    "aws:cloudfront/keyValueStore:KeyValueStore": Imitation(reads=frozenset({"name"}), no_effect=COMMON),
    "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey": Imitation(
        reads=frozenset({"key", "value", "keyValueStoreArn"}), no_effect=COMMON
    ),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": Imitation(
        reads=frozenset({"customHeadersConfig", "securityHeadersConfig", "removeHeadersConfig"}),
        no_effect=COMMON,
    ),
    "aws:cloudfront/originAccessControl:OriginAccessControl": Imitation(
        no_effect=COMMON,
        only={
            "originAccessControlOriginType": ("s3",),
            "signingBehavior": ("always",),
            "signingProtocol": ("sigv4",),
        },
    ),
    "aws:s3/bucket:Bucket": Imitation(
        reads=frozenset({"bucket"}),
        no_effect=COMMON | {"forceDestroy"},
        only={"requestPayer": ("BucketOwner",), "objectLockEnabled": (False,)},
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Imitation(reads=frozenset({"bucket", "policy"}), no_effect=COMMON),
    "aws:s3/bucketObjectv2:BucketObjectv2": Imitation(
        reads=frozenset({"bucket", "key", "source", "content", "contentBase64", "contentType"})
        | {"cacheControl", "contentEncoding", "contentDisposition", "contentLanguage", "metadata"},
        no_effect=COMMON | {"sourceHash", "etag", "forceDestroy", "checksumAlgorithm", "bucketKeyEnabled"},
        only={
            "acl": ("private",),
            "storageClass": ("STANDARD",),
            "serverSideEncryption": ("AES256",),
        },
    ),
    "aws:lambda/function:Function": Imitation(
        reads=frozenset({"name", "code", "handler", "runtime", "memorySize", "timeout"}),
        # The role is not evaluated; logs go to the run folder, not to CloudWatch.
        no_effect=COMMON
        | {"role", "loggingConfig", "sourceCodeHash", "codeSha256", "skipDestroy", "useResourceTimeoutForPropagation"},
        only={
            "publish": (True,),
            "packageType": ("Zip",),
            "architectures": (["x86_64"],),
            "reservedConcurrentExecutions": (-1,),
            "ephemeralStorage": ({"size": 512},),
            "tracingConfig": ({"mode": "PassThrough"},),
            "replaceSecurityGroupsOnDestroy": (False,),
        },
    ),
    "aws:dynamodb/table:Table": Imitation(
        reads=frozenset({"name", "attributes", "hashKey", "rangeKey", "streamEnabled", "streamViewType"}),
        no_effect=COMMON
        | {"deletionProtectionEnabled", "pointInTimeRecovery", "serverSideEncryption", "ttl"}
        | {"onDemandThroughput", "warmThroughput"},
        only={"billingMode": ("PAY_PER_REQUEST",), "tableClass": ("STANDARD",)},
    ),
    "aws:dynamodb/tableItem:TableItem": Imitation(
        reads=frozenset({"tableName", "hashKey", "rangeKey", "item"}), no_effect=COMMON
    ),
    **WEB_ACL,
    **HOME,
}

# Known, and without effect on what a request sees: no identity is evaluated on one machine, nothing
# expires while a test runs, and the values of random resources arrive in the resources that use them.
SET_ASIDE: Final = frozenset(
    {
        "pulumi:pulumi:Stack",
        "aws:athena/namedQuery:NamedQuery",
        "aws:athena/workgroup:Workgroup",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:glue/catalogDatabase:CatalogDatabase",
        "aws:glue/catalogTable:CatalogTable",
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:lambda/permission:Permission",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
        "aws:sns/topicPolicy:TopicPolicy",
        "random:index/randomBytes:RandomBytes",
        "random:index/randomPassword:RandomPassword",
    }
)

_CACHE_BEHAVIOUR = Imitation(
    reads=frozenset({"pathPattern", "allowedMethods", "targetOriginId", "cachePolicyId", "originRequestPolicyId"})
    | {"responseHeadersPolicyId", "functionAssociations", "lambdaFunctionAssociations"},
    # The gateway listens on loopback without TLS and stands for the viewer's HTTPS connection.
    no_effect=frozenset({"viewerProtocolPolicy", "cachedMethods"}),
    only={
        "compress": (False,),
        "smoothStreaming": (False,),
        # Provider defaults; with a cache policy they must not be anything else.
        "minTtl": (0,),
        "defaultTtl": (0,),
        "maxTtl": (0,),
    },
)

BLOCKS: Final[Mapping[str, Imitation]] = {
    "cache behaviour": _CACHE_BEHAVIOUR,
    "origin": Imitation(
        reads=frozenset({"originId", "domainName", "originPath", "originAccessControlId", "customHeaders"}),
        no_effect=frozenset({"connectionAttempts", "connectionTimeout", "responseCompletionTimeout"}),
    ),
    "function association": Imitation(reads=frozenset({"functionArn"}), only={"eventType": ("viewer-request",)}),
    "lambda association": Imitation(
        reads=frozenset({"lambdaArn", "includeBody"}), only={"eventType": ("origin-request",)}
    ),
}


def refuse_type(resource_type: str, name: str) -> None:
    """Refuse a resource of a type that is neither imitated nor known to have no effect.

    Raises
    ------
    LocalEdgeError
        Always, for an unknown type.
    """
    raise LocalEdgeError(f"{resource_type} {name!r} is not imitated by the local edge. {REMEDY}")
