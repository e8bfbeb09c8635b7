"""What one function of the settings becomes: keys, firewall, gate, zip, endpoint and limits."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from edgewise.cost.bound.declared import distribution_tags
from infra.bound import assumed, passing
from infra.bundle import EdgeConfig, EdgeZip, edge_zip, gate_code
from infra.components.edge_role import EDGE
from infra.components.key_ring import KeyRing, KeyRingArgs
from infra.components.lambda_edge_endpoint import Certificate, LambdaEdgeEndpoint, LambdaEdgeEndpointArgs
from infra.components.ledger import FunctionLimits, Ledger, ModelSource
from infra.components.model_store import ModelStore
from infra.components.web_acl import WebAcl, WebAclArgs
from infra.edge_python import EdgePython
from infra.function_settings import FunctionSettings
from infra.limits import HOME_REGION
from infra.models import PinnedModel
from infra.names import physical_name
from infra.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class DeployedFunction:
    """A function's resources and what its owner needs to know of them."""

    name: str
    firewall: WebAcl
    endpoint: LambdaEdgeEndpoint
    keys: KeyRing
    model: PinnedModel
    edge_zip: EdgeZip

    def describe(self) -> dict[str, pulumi.Input[object]]:
        """Return the stack output of this function; nothing in it is secret."""
        return {
            "url": self.endpoint.url,
            "domain_name": self.endpoint.distribution.domain_name,
            "distribution_id": self.endpoint.distribution.id,
            "store_arn": self.endpoint.store.arn,
            "model_digest": self.model.manifest.digest,
            "request_bytes": self.model.manifest.request_bytes,
            "kid": self.keys.newest,
            "zip_sha256": self.edge_zip.sha256,
            "runtime": self.edge_zip.runtime,
        }


def deploy_function(
    name: str,
    function: FunctionSettings,
    *,
    settings: Settings,
    model: PinnedModel,
    store: ModelStore,
    ledger: Ledger,
    python: EdgePython,
) -> DeployedFunction:
    """Declare one function's resources.

    Raises
    ------
    BundleError, LayerError
        When the zip or the gate can't be built.
    CustomizeError
        When the settings override a child or a property that does not exist.
    """
    full_name = physical_name(settings.stack, name)
    ledger_name = physical_name(settings.stack, "ledger")
    built = edge_zip(EdgeConfig(function=name, table=ledger_name, region=HOME_REGION, edge=EDGE), python)
    keys = KeyRing(f"{full_name}-keys", KeyRingArgs(key_ids=settings.key_ids))
    firewall = WebAcl(
        f"{full_name}-firewall",
        WebAclArgs(
            physical_name=full_name,
            passing=passing(name, function, model.manifest, settings),
            tags=settings.tags(name),
        ),
    )
    endpoint = LambdaEdgeEndpoint(
        full_name,
        LambdaEdgeEndpointArgs(
            function=name,
            physical_name=full_name,
            edge_zip=built,
            gate_code=gate_code(name, model.manifest.request_bytes),
            gate_entries=keys.gate_entries(),
            memory_mb=function.memory_mb,
            timeout_s=function.timeout_s,
            table_arn=ledger.table.arn,
            log_retention_days=settings.log_retention_days,
            model_digest=model.manifest.digest,
            origin_domain=store.bucket.bucket_regional_domain_name,
            certificate=_certificate(function),
            price_class=function.price_class,
            web_acl_arn=firewall.acl.arn,
            declared=distribution_tags(function.plan, assumed(function)),
            tags=settings.tags(name),
            customize=function.customize,
        ),
    )
    ledger.limit(
        name,
        FunctionLimits(
            daily_quota=function.daily_quota,
            monthly_quota=function.monthly_quota,
            ms_per_request=function.ms_per_request,
            cold_grants_daily=function.cold_grants,
            renewals_daily=function.renewals,
            lease_least=function.lease_least,
            lease_requests=function.lease_requests,
            lease_seconds=function.lease_seconds,
            model_digest=model.manifest.digest,
        ),
    )
    ledger.source(name, ModelSource(model_url=endpoint.model_url, fetch_token=keys.lease_token))
    return DeployedFunction(name=name, firewall=firewall, endpoint=endpoint, keys=keys, model=model, edge_zip=built)


def _certificate(function: FunctionSettings) -> Certificate | None:
    if function.domain is None:
        return None
    return Certificate(domain=function.domain.name, arn=function.domain.certificate_arn)
