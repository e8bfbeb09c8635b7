"""Workers and zone rules.

The Cloudflare SDK is no dependency of this project, and no stand-in answers for its provider. The engine does not mind:
a component of the same type with the same properties reaches a policy like the resource itself.
"""

from __future__ import annotations

from typing import Any

import pulumi

MODULE = "export default { async fetch(request) { return new Response('ok'); } };"
SERVICE_WORKER = "addEventListener('fetch', (event) => event.respondWith(new Response('ok')));"


def _declare(kind: str, name: str, /, **props: Any) -> None:
    component = pulumi.ComponentResource(f"cloudflare:index/{kind[0].lower()}{kind[1:]}:{kind}", name, props)
    # What the engine shows of a component is its outputs.
    component.register_outputs(props)


def _script(name: str, **props: Any) -> None:
    _declare("WorkersScript", f"{name}-script", accountId="0" * 32, scriptName=name, **props)


def bad_worker_module_1(name: str) -> None:
    _script(name, content=MODULE)


def bad_worker_module_2(name: str) -> None:
    _script(name, contentFile="engine.wasm", contentType="application/wasm")


def good_worker_module_1(name: str) -> None:
    _script(name, content=MODULE, mainModule="worker.js")


def good_worker_module_2(name: str) -> None:
    _script(name, content=SERVICE_WORKER)


def _deployment(name: str, *shares: float) -> None:
    versions = [
        {"versionId": f"00000000-0000-0000-0000-00000000000{index}", "percentage": each}
        for index, each in enumerate(shares)
    ]
    _declare("WorkersDeployment", f"{name}-deployment", scriptName=name, strategy="percentage", versions=versions)


def bad_worker_rollout_1(name: str) -> None:
    _deployment(name, 90, 5)


def bad_worker_rollout_2(name: str) -> None:
    _deployment(name, 100, 0)


def good_worker_rollout_1(name: str) -> None:
    _deployment(name, 100)


def good_worker_rollout_2(name: str) -> None:
    _deployment(name, 99.9, 0.1)


def _limited(name: str, period: int) -> dict[str, Any]:
    return {"name": name, "type": "ratelimit", "namespaceId": "1", "simple": {"limit": 100, "period": period}}


def bad_worker_bindings_1(name: str) -> None:
    _script(name, content=SERVICE_WORKER, bindings=[_limited("LIMIT", 30)])


def bad_worker_bindings_2(name: str) -> None:
    twice = {"name": "MODELS", "type": "r2_bucket", "bucketName": "models"}
    _declare("WorkerVersion", f"{name}-version", workerId=name, bindings=[twice, twice])


def good_worker_bindings_1(name: str) -> None:
    _script(name, content=SERVICE_WORKER, bindings=[_limited("LIMIT", 60)])


def good_worker_bindings_2(name: str) -> None:
    bindings = [_limited("FAST", 10), {"name": "MODELS", "type": "r2_bucket", "bucketName": "models"}]
    _declare("WorkerVersion", f"{name}-version", workerId=name, bindings=bindings)


def _ruleset(name: str, *characteristics: str, phase: str = "http_ratelimit", requests: int = 10) -> None:
    rate = {"characteristics": list(characteristics), "period": 60, "requestsPerPeriod": requests}
    rule = {"ref": "flood", "action": "block", "expression": "true", "ratelimit": rate}
    _declare("Ruleset", f"{name}-rules", kind="zone", zoneId="0" * 32, name=name, phase=phase, rules=[rule])


def bad_zone_rate_rule_1(name: str) -> None:
    _ruleset(name, "ip.src")


def bad_zone_rate_rule_2(name: str) -> None:
    """As the SDK's documentation prints it."""
    _ruleset(name, "cf.colo.id", "ip.src", phase="http*ratelimit")


def good_zone_rate_rule_1(name: str) -> None:
    _ruleset(name, "cf.colo.id", "ip.src")


def good_zone_rate_rule_2(name: str) -> None:
    _ruleset(name, "cf.colo.id", requests=1)
