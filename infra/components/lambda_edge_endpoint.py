"""One function behind its own CloudFront distribution: gate, model cache and inference at the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
from pulumi_aws import cloudfront, cloudwatch, iam, lambda_

from inference.contract import model_path
from inference.telemetry import EDGE_REGIONS
from infra import limits
from infra.bundle import EdgeZip
from infra.components.component import Component, Customize
from infra.components.edge_role import EDGE_TRUST, edge_permissions

CHILDREN: Final = (
    "log-group",
    "role",
    "permissions",
    "lambda",
    "store",
    "store-entry",
    "gate",
    "headers",
    "access-control",
    "distribution",
)

# Managed cache policies: Amazon CloudFront Developer Guide, "Use managed cache policies".
CACHING_DISABLED: Final = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHING_OPTIMIZED: Final = "658327ea-f89d-4fab-a63d-7e88639e58f6"

# CloudFront accepts exactly three sets of methods; POST comes with all seven, so the gate refuses the rest.
READ_METHODS: Final = ["GET", "HEAD"]
ALL_METHODS: Final = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]

MINIMUM_TLS: Final = "TLSv1.2_2021"
HSTS_SECONDS: Final = 31_536_000
CLOSED_UNTIL: Final = "closed_until"
ORIGIN: Final = "models"


@dataclass(frozen=True, kw_only=True, slots=True)
class Certificate:
    """A host name of the owner's and the certificate in us-east-1 that covers it."""

    domain: str
    arn: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LambdaEdgeEndpointArgs:
    """Inputs.

    Attributes
    ----------
    function : str
        The function's name in the path.
    physical_name : str
        ``edgewise-<stack>-<function>``: fixed, since log groups are made before the function that logs there.
    edge_zip : EdgeZip
    gate_code : str
    gate_entries : mapping of str to Input of str
        What the gate must know at run time; secret.
    memory_mb, timeout_s : int
    table_arn : Input of str
        The ledger's table.
    log_retention_days : int
    model_digest : str
    origin_domain : Input of str
        The model bucket's regional domain name.
    certificate : Certificate or None
        Without one AWS serves its default certificate and fixes the lowest TLS version itself.
    price_class : str
        The edges that may serve.
    web_acl_arn : Input of str
    declared : mapping of str to str
        Tags of the distribution alone: facts of the bound that no resource proves.
    tags : mapping of str to str
    customize : mapping
        See `Component`.
    """

    function: str
    physical_name: str
    edge_zip: EdgeZip
    gate_code: str
    gate_entries: Mapping[str, pulumi.Input[str]]
    memory_mb: int
    timeout_s: int
    table_arn: pulumi.Input[str]
    log_retention_days: int
    model_digest: str
    origin_domain: pulumi.Input[str]
    certificate: Certificate | None
    price_class: str
    web_acl_arn: pulumi.Input[str]
    declared: Mapping[str, str]
    tags: Mapping[str, str]
    customize: Customize = field(default_factory=dict)


class LambdaEdgeEndpoint(Component):
    """Outputs: `distribution`, `function`, `gate`, `store`, `url`, `model_url`."""

    def __init__(self, name: str, args: LambdaEdgeEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(
            "edgewise:infra:LambdaEdgeEndpoint", name, children=CHILDREN, customize=args.customize, opts=opts
        )
        self._args = args
        self.function = self._inference()
        self.store = self._gate_store()
        self.gate = self._gate()
        self.distribution = self._distribution()
        host = args.certificate.domain if args.certificate else self.distribution.domain_name
        self.url = pulumi.Output.concat("https://", host, f"/v1/{args.function}/")
        self.model_url = pulumi.Output.concat("https://", self.distribution.domain_name, model_path(args.model_digest))
        self.register_outputs({"url": self.url})

    def _inference(self) -> lambda_.Function:
        args = self._args
        role = self.child(iam.Role, "role", name=args.physical_name, assume_role_policy=EDGE_TRUST, tags=args.tags)
        permissions = self.child(
            iam.RolePolicy,
            "permissions",
            role=role.name,
            policy=edge_permissions(args.physical_name, args.function, args.table_arn),
        )
        # A group that the first call makes would never expire, so each Region's is made before the function.
        logs = [self._log_group(region) for region in EDGE_REGIONS]
        return self.child(
            lambda_.Function,
            "lambda",
            region=limits.HOME_REGION,
            name=args.physical_name,
            role=role.arn,
            runtime=args.edge_zip.runtime,
            handler=args.edge_zip.handler,
            code=pulumi.FileArchive(str(args.edge_zip.path)),
            architectures=["x86_64"],
            memory_size=args.memory_mb,
            timeout=args.timeout_s,
            publish=True,
            # AWS keeps replicas for hours after the last distribution let go, and a delete fails until then
            # (pulumi-aws#1045): the runbook docs/runbooks/destroy.md removes the function afterwards.
            skip_destroy=True,
            tags=args.tags,
            opts=pulumi.ResourceOptions(depends_on=[permissions, *logs]),
        )

    def _log_group(self, region: str) -> cloudwatch.LogGroup:
        return self.child(
            cloudwatch.LogGroup,
            "log-group",
            suffix=region,
            region=region,
            name=f"/aws/lambda/{limits.HOME_REGION}.{self._args.physical_name}",
            retention_in_days=self._args.log_retention_days,
            tags=self._args.tags,
        )

    def _gate_store(self) -> cloudfront.KeyValueStore:
        args = self._args
        store = self.child(cloudfront.KeyValueStore, "store", name=args.physical_name)
        for key, value in args.gate_entries.items():
            self._store_entry(store, key, pulumi.Output.secret(value))
        # Written at run time from now on: what the program put there must not open a closed gate again.
        self._store_entry(store, CLOSED_UNTIL, "0", pulumi.ResourceOptions(ignore_changes=["value"]))
        return store

    def _store_entry(
        self,
        store: cloudfront.KeyValueStore,
        key: str,
        value: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        self.child(
            cloudfront.KeyvaluestoreKey,
            "store-entry",
            suffix=key.replace(":", "-").replace("_", "-"),
            key_value_store_arn=store.arn,
            key=key,
            value=value,
            opts=opts,
        )

    def _gate(self) -> cloudfront.Function:
        args = self._args
        return self.child(
            cloudfront.Function,
            "gate",
            name=args.physical_name,
            runtime="cloudfront-js-2.0",
            code=args.gate_code,
            publish=True,
            key_value_store_associations=[self.store.arn],
        )

    def _distribution(self) -> cloudfront.Distribution:
        args = self._args
        access = self.child(
            cloudfront.OriginAccessControl,
            "access-control",
            name=args.physical_name,
            description=f"{args.physical_name} reads its models",
            origin_access_control_origin_type="s3",
            signing_behavior="always",
            signing_protocol="sigv4",
        )
        headers = self._response_headers()
        return self.child(
            cloudfront.Distribution,
            "distribution",
            enabled=True,
            comment=f"Edgewise {args.physical_name}",
            http_version="http2and3",
            is_ipv6_enabled=True,
            price_class=args.price_class,
            web_acl_id=args.web_acl_arn,
            aliases=[args.certificate.domain] if args.certificate else [],
            origins=[
                {
                    "origin_id": ORIGIN,
                    "domain_name": args.origin_domain,
                    "origin_access_control_id": access.id,
                }
            ],
            # Whatever matches no path below. The firewall blocks it; behind that the gate answers 404, and no Lambda.
            default_cache_behavior=self._behaviour(CACHING_DISABLED, headers),
            ordered_cache_behaviors=[
                self._behaviour(CACHING_DISABLED, headers)
                | {
                    "path_pattern": f"/v1/{args.function}/*",
                    "allowed_methods": ALL_METHODS,
                    "lambda_function_associations": [
                        {
                            "event_type": "origin-request",
                            "lambda_arn": self.function.qualified_arn,
                            "include_body": True,
                        }
                    ],
                },
                self._behaviour(CACHING_OPTIMIZED, headers) | {"path_pattern": "/models/*"},
            ],
            restrictions={"geo_restriction": {"restriction_type": "none"}},
            viewer_certificate=_viewer_certificate(args.certificate),
            tags={**args.tags, **args.declared},
        )

    def _behaviour(self, cache_policy: str, headers: cloudfront.ResponseHeadersPolicy) -> dict[str, Any]:
        """Return a behaviour that only the gate's visitors pass and that reaches no Lambda.

        Without an origin request policy CloudFront forwards no header that the function does not need; it takes
        ``Authorization`` away in any case.
        """
        return {
            "target_origin_id": ORIGIN,
            # A redirect would turn a POST into a GET in many clients.
            "viewer_protocol_policy": "https-only",
            "allowed_methods": READ_METHODS,
            "cached_methods": READ_METHODS,
            "compress": False,
            "cache_policy_id": cache_policy,
            "response_headers_policy_id": headers.id,
            "function_associations": [{"event_type": "viewer-request", "function_arn": self.gate.arn}],
        }

    def _response_headers(self) -> cloudfront.ResponseHeadersPolicy:
        return self.child(
            cloudfront.ResponseHeadersPolicy,
            "headers",
            name=f"{self._args.physical_name}-headers",
            security_headers_config={
                "strict_transport_security": {
                    "access_control_max_age_sec": HSTS_SECONDS,
                    "include_subdomains": False,
                    "override": True,
                },
                "content_type_options": {"override": True},
            },
        )


def _viewer_certificate(certificate: Certificate | None) -> dict[str, Any]:
    if certificate is None:
        # AWS fixes TLSv1 for its default certificate and reads any other value back as a diff.
        return {"cloudfront_default_certificate": True}
    return {
        "acm_certificate_arn": certificate.arn,
        "ssl_support_method": "sni-only",
        "minimum_protocol_version": MINIMUM_TLS,
    }
