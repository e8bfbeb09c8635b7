"""A stack's state written by hand, in the shapes that the engine exports: for parts that need no deployment."""

from __future__ import annotations

import hashlib
import json
import secrets
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

SIG = "4dabf18193072939515e22adb298388d"
SECRET = {SIG: "1b47061264138c4ac30d75fd1eb44270"}
ARCHIVE = {SIG: "0def7320c3a5731c473e5ecbe6d01bc7"}
ASSET = {SIG: "c44067f5952c0a294b673a41bacd8c17"}
ACCOUNT = "000000000000"
FUNCTION = "face-match"
NAME = f"edgewise-local-{FUNCTION}"
DOMAIN = "d111111abcdef8.cloudfront.net"
DISTRIBUTION_ARN = f"arn:aws:cloudfront::{ACCOUNT}:distribution/EDFDVBD6EXAMPLE"
LAMBDA_ARN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{NAME}:1"
GATE_ARN = f"arn:aws:cloudfront::{ACCOUNT}:function/{NAME}"
STORE_ARN = f"arn:aws:cloudfront::{ACCOUNT}:key-value-store/00000000-0000-4000-8000-000000000000"
WEB_ACL_ARN = f"arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/{NAME}/22222222-2222-4222-8222-222222222222"
BUCKET = "edgewise-local-models"
BUCKET_DOMAIN = f"{BUCKET}.s3.us-east-1.amazonaws.com"
TABLE = "edgewise-local-ledger"
HEADERS_POLICY_ID = "11111111-1111-4111-8111-111111111111"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
ALL_METHODS = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]


def secret(value: object) -> dict[str, str]:
    """Write a value as the engine exports a secret with --show-secrets."""
    return {**SECRET, "plaintext": json.dumps(value)}


def visible(metric: str) -> dict[str, Any]:
    """Return a web ACL's or a rule's visibility."""
    return {"cloudwatchMetricsEnabled": True, "metricName": metric, "sampledRequestsEnabled": False}


def resource(kind: str, name: str, inputs: dict[str, Any], outputs: dict[str, Any], *, identity: str) -> dict[str, Any]:
    """Write a resource as the engine exports it."""
    return {
        "urn": f"urn:pulumi:local::edgewise::{kind}::{name}",
        "custom": True,
        "id": identity,
        "type": kind,
        "inputs": {"__defaults": [], **inputs},
        "outputs": {**inputs, **outputs},
    }


@dataclass(kw_only=True)
class HandmadeStack:
    """What varies; `state` writes the rest around it."""

    archive: Path
    gate_code: str
    handler: str = "handler.handler"
    runtime: str = "python3.13"
    memory_mb: int = 1769
    timeout_s: int = 3
    daily_quota: int = 1000
    lease_requests: int = 50
    model: bytes = b"not a model"
    model_file: Path | None = None
    keys: dict[str, str] = field(default_factory=lambda: {"k1": secrets.token_hex(32)})
    fetch_token: str = field(default_factory=lambda: secrets.token_hex(32))
    # More resources, each made by `resource`; a function of them may have an archive of its own.
    extra: list[dict[str, Any]] = field(default_factory=list)
    # A web ACL's inputs; it is the distribution's when there are some.
    web_acl: dict[str, Any] | None = None

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.model).hexdigest()

    def state(self) -> dict[str, Any]:
        return {"version": 3, "deployment": {"manifest": {}, "resources": list(self._resources())}}

    def _resources(self) -> list[dict[str, Any]]:
        stack = {
            "urn": "urn:pulumi:local::edgewise::pulumi:pulumi:Stack::edgewise-local",
            "type": "pulumi:pulumi:Stack",
        }
        component = {
            "urn": "urn:pulumi:local::edgewise::edgewise:infra:LambdaEdgeEndpoint::face-match",
            "type": "edgewise:infra:LambdaEdgeEndpoint",
            "custom": False,
        }
        provider = resource("pulumi:providers:aws", "default_7_51_1", {}, {}, identity="p")
        role = resource("aws:iam/role:Role", "role", {"name": NAME}, {}, identity=NAME)
        return [stack, component, provider, role, *self._compute(), *self._edge(), *self._data(), *self.extra]

    def _compute(self) -> list[dict[str, Any]]:
        digest = hashlib.sha256(self.archive.read_bytes()).hexdigest()
        inputs = {
            "architectures": ["x86_64"],
            "code": {**ARCHIVE, "hash": digest, "path": str(self.archive)},
            "handler": self.handler,
            "memorySize": self.memory_mb,
            "name": NAME,
            "packageType": "Zip",
            "publish": True,
            "region": "us-east-1",
            "reservedConcurrentExecutions": -1,
            "role": f"arn:aws:iam::{ACCOUNT}:role/{NAME}",
            "runtime": self.runtime,
            "skipDestroy": True,
            "tagsAll": {},
            "timeout": self.timeout_s,
        }
        outputs = {"arn": LAMBDA_ARN.rpartition(":")[0], "version": "1", "qualifiedArn": LAMBDA_ARN}
        return [resource("aws:lambda/function:Function", NAME, inputs, outputs, identity=NAME)]

    def _edge(self) -> list[dict[str, Any]]:
        gate = {
            "code": self.gate_code,
            "keyValueStoreAssociations": [STORE_ARN],
            "name": NAME,
            "publish": True,
            "runtime": "cloudfront-js-2.0",
        }
        entries = {f"key:{kid}": key for kid, key in self.keys.items()}
        entries |= {f"fetch:{kid}": self.fetch_token for kid in self.keys} | {"closed_until": "0"}
        headers = {
            "name": NAME,
            "securityHeadersConfig": {
                "contentTypeOptions": {"override": True},
                "strictTransportSecurity": {"accessControlMaxAgeSec": 31536000, "override": True},
            },
            "removeHeadersConfig": {"items": [{"header": "X-Powered-By"}]},
        }
        return [
            resource(
                "aws:cloudfront/keyValueStore:KeyValueStore", "store", {"name": NAME}, {"arn": STORE_ARN}, identity=NAME
            ),
            *(
                resource(
                    "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey",
                    f"store-{key}",
                    {"key": key, "keyValueStoreArn": STORE_ARN, "value": secret(value)},
                    {},
                    identity=f"{STORE_ARN},{key}",
                )
                for key, value in entries.items()
            ),
            resource("aws:cloudfront/function:Function", "gate", gate, {"arn": GATE_ARN}, identity=NAME),
            resource(
                "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
                "headers",
                headers,
                {},
                identity=HEADERS_POLICY_ID,
            ),
            resource(
                "aws:cloudfront/originAccessControl:OriginAccessControl",
                "access-control",
                {
                    "name": NAME,
                    "originAccessControlOriginType": "s3",
                    "signingBehavior": "always",
                    "signingProtocol": "sigv4",
                },
                {},
                identity="E2QWRUHAPOMQZL",
            ),
            *self._web_acl(),
            resource(
                "aws:cloudfront/distribution:Distribution",
                "distribution",
                self._distribution(),
                {"arn": DISTRIBUTION_ARN, "domainName": DOMAIN},
                identity="EDFDVBD6EXAMPLE",
            ),
        ]

    def _web_acl(self) -> list[dict[str, Any]]:
        if self.web_acl is None:
            return []
        inputs = {"name": NAME, "region": "us-east-1", "scope": "CLOUDFRONT", "visibilityConfig": visible(NAME)}
        outputs = {"arn": WEB_ACL_ARN, "capacity": 50, "lockToken": "x"}
        return [resource("aws:wafv2/webAcl:WebAcl", "acl", {**inputs, **self.web_acl}, outputs, identity="acl")]

    def _distribution(self) -> dict[str, Any]:
        gate = [{"eventType": "viewer-request", "functionArn": GATE_ARN}]
        reads = {
            "allowedMethods": ["GET", "HEAD"],
            "cachedMethods": ["GET", "HEAD"],
            "targetOriginId": "models",
            "viewerProtocolPolicy": "https-only",
            "functionAssociations": gate,
            "compress": False,
        }
        inference = {
            **reads,
            "allowedMethods": ALL_METHODS,
            "pathPattern": f"/v1/{FUNCTION}/*",
            "cachePolicyId": CACHING_DISABLED,
            "responseHeadersPolicyId": HEADERS_POLICY_ID,
            "lambdaFunctionAssociations": [
                {"eventType": "origin-request", "includeBody": True, "lambdaArn": LAMBDA_ARN}
            ],
        }
        acl = {"webAclId": WEB_ACL_ARN} if self.web_acl is not None else {}
        return {
            **acl,
            "comment": "edgewise face-match",
            "defaultCacheBehavior": {**reads, "cachePolicyId": CACHING_DISABLED},
            "enabled": True,
            "httpVersion": "http2and3",
            "isIpv6Enabled": True,
            "orderedCacheBehaviors": [
                inference,
                {**reads, "pathPattern": "/models/*", "cachePolicyId": CACHING_OPTIMIZED},
            ],
            "origins": [
                {
                    "connectionAttempts": 3,
                    "connectionTimeout": 10,
                    "domainName": BUCKET_DOMAIN,
                    "originAccessControlId": "E2QWRUHAPOMQZL",
                    "originId": "models",
                }
            ],
            "priceClass": "PriceClass_All",
            "restrictions": {"geoRestriction": {"restrictionType": "none"}},
            "retainOnDelete": False,
            "staging": False,
            "tags": {"function": FUNCTION},
            "tagsAll": {"function": FUNCTION},
            "viewerCertificate": {"cloudfrontDefaultCertificate": True},
            "waitForDeployment": True,
        }

    def _data(self) -> list[dict[str, Any]]:
        policy = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "cloudfront.amazonaws.com"},
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{BUCKET}/*",
                "Condition": {"StringEquals": {"AWS:SourceArn": DISTRIBUTION_ARN}},
            },
        }
        limits = {
            "pk": {"S": f"limits#{FUNCTION}"},
            "daily_quota": {"N": str(self.daily_quota)},
            "ms_per_request": {"N": "1000"},
            "cold_grants_daily": {"N": str(self.daily_quota)},
            "renewals_daily": {"N": str(self.daily_quota)},
            "lease_least": {"N": str(self.lease_requests)},
            "lease_requests": {"N": str(self.lease_requests)},
            "lease_seconds": {"N": "600"},
            "model_digest": {"S": f"sha256:{self.digest}"},
        }
        source = {
            "pk": {"S": f"source#{FUNCTION}"},
            "model_url": {"S": f"https://{DOMAIN}/models/{self.digest}.onnx"},
            "fetch_token": {"S": f"{next(iter(self.keys))}.{self.fetch_token}"},
        }
        model = self.model_file or self.archive.with_name("model.onnx")
        model.write_bytes(self.model)
        table = {
            "attributes": [{"name": "pk", "type": "S"}],
            "billingMode": "PAY_PER_REQUEST",
            "hashKey": "pk",
            "name": TABLE,
            "region": "us-east-1",
        }
        object_inputs = {
            "bucket": BUCKET,
            "cacheControl": "public, max-age=31536000, immutable",
            "contentType": "application/octet-stream",
            "key": f"models/{self.digest}.onnx",
            "source": {**ASSET, "hash": self.digest, "path": str(model)},
        }
        item = {"hashKey": "pk", "tableName": TABLE}
        limits_inputs, source_inputs = item | {"item": json.dumps(limits)}, item | {"item": secret(json.dumps(source))}
        return [
            resource(
                "aws:s3/bucket:Bucket",
                "models",
                {"bucket": BUCKET, "forceDestroy": False},
                {"bucketRegionalDomainName": BUCKET_DOMAIN, "requestPayer": "BucketOwner"},
                identity=BUCKET,
            ),
            resource(
                "aws:s3/bucketPolicy:BucketPolicy",
                "policy",
                {"bucket": BUCKET, "policy": json.dumps(policy)},
                {},
                identity=BUCKET,
            ),
            resource("aws:s3/bucketObjectv2:BucketObjectv2", "model", object_inputs, {}, identity="model"),
            resource("aws:dynamodb/table:Table", "ledger", table, {"streamEnabled": False}, identity=TABLE),
            resource("aws:dynamodb/tableItem:TableItem", "limits", limits_inputs, {}, identity=f"{TABLE}|limits"),
            resource("aws:dynamodb/tableItem:TableItem", "source", source_inputs, {}, identity=f"{TABLE}|source"),
        ]


def zip_of(path: Path, files: dict[str, str]) -> Path:
    """Write a zip of text files."""
    with zipfile.ZipFile(path, "w") as bundle:
        for name, text in files.items():
            bundle.writestr(name, text)
    return path


def resource_named(state: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the one resource of a type."""
    found: dict[str, Any]
    (found,) = (entry for entry in state["deployment"]["resources"] if entry["type"] == kind)
    return found
