from __future__ import annotations

from typing import Any

import pytest

from policies.core.resource import UNKNOWN
from tests.unit.policies.build import Parts
from tests.unit.policies.platform_limits.ask import (
    CANT_TELL,
    COMPLIANT,
    NOT_APPLICABLE,
    VIOLATION,
    Case,
    ask,
    name_of,
)

RULES = ("worker-module", "worker-rollout", "worker-bindings", "zone-rate-rule")
MODULE = "import x from './x';\nexport default { fetch() {} };"


def one(kind: str, **props: Any) -> Parts:
    return Parts().put("it", f"cloudflare:index/{kind[0].lower()}{kind[1:]}:{kind}", **props)


def script(**props: Any) -> Parts:
    return one("WorkersScript", **props)


def deployment(*shares: Any) -> Parts:
    return one("WorkersDeployment", versions=[{"versionId": UNKNOWN, "percentage": each} for each in shares])


def limited(period: Any) -> dict[str, Any]:
    return {"name": "LIMIT", "type": "ratelimit", "simple": {"limit": 5.0, "period": period}}


def ruleset(phase: Any = "http_ratelimit", **rate: Any) -> Parts:
    settings = {"characteristics": ["cf.colo.id", "ip.src"], "requestsPerPeriod": 5.0, **rate}
    return one("Ruleset", phase=phase, rules=[{"ref": "flood", "ratelimit": settings}])


CASES = [
    Case("worker-module", VIOLATION, script(content=MODULE), "main_module is missing"),
    Case("worker-module", VIOLATION, script(content="export { a };"), "main_module is missing"),
    Case("worker-module", VIOLATION, script(contentFile="a.wasm", mainModule="a.js"), "WebAssembly"),
    Case("worker-module", VIOLATION, script(contentType="application/wasm"), "WebAssembly"),
    Case("worker-module", COMPLIANT, script(content=MODULE, mainModule="worker.js")),
    Case("worker-module", COMPLIANT, script(content="addEventListener('fetch', f); // no export default")),
    Case("worker-module", COMPLIANT, script(content=UNKNOWN)),
    Case("worker-module", CANT_TELL, script(content=MODULE, mainModule=UNKNOWN), "mainModule"),
    Case("worker-rollout", VIOLATION, deployment(50.0, 49.0), "2 versions get 99 %, not 100"),
    Case("worker-rollout", VIOLATION, deployment(100.0, 0.0), "a version gets 0 %, allowed are 0.01 to 100"),
    Case("worker-rollout", VIOLATION, deployment(), "0 versions get 0 %"),
    Case("worker-rollout", COMPLIANT, deployment(99.99, 0.01)),
    Case("worker-rollout", COMPLIANT, deployment(33.3, 33.3, 33.4)),
    Case("worker-rollout", CANT_TELL, deployment(UNKNOWN), "versions percentage"),
    Case("worker-bindings", VIOLATION, script(bindings=[limited(30.0)]), "period is 30 s, not 10 or 60"),
    Case("worker-bindings", VIOLATION, one("WorkerVersion", bindings=[{"name": "A"}] * 2), "2 bindings are called A"),
    Case("worker-bindings", COMPLIANT, script(bindings=[limited(60.0), {"name": "A", "type": "plain_text"}])),
    Case("worker-bindings", CANT_TELL, script(bindings=[limited(UNKNOWN)]), "bindings period"),
    Case("worker-bindings", CANT_TELL, script(bindings=UNKNOWN), "bindings"),
    Case("worker-bindings", NOT_APPLICABLE, script(content="")),
    Case("zone-rate-rule", VIOLATION, ruleset(characteristics=["ip.src"]), "are ip.src, no cf.colo.id"),
    Case("zone-rate-rule", VIOLATION, ruleset(characteristics=[]), "are none, no cf.colo.id"),
    Case("zone-rate-rule", VIOLATION, ruleset("http*ratelimit"), "not http_ratelimit"),
    Case("zone-rate-rule", VIOLATION, ruleset(requestsPerPeriod=0.0), "requests_per_period is 0, at least 1"),
    Case("zone-rate-rule", COMPLIANT, ruleset()),
    Case("zone-rate-rule", CANT_TELL, ruleset(UNKNOWN), "phase"),
    Case("zone-rate-rule", NOT_APPLICABLE, ruleset("http_request_firewall_custom", characteristics=[])),
]


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_rule_answers(case: Case) -> None:
    ask(case)


@pytest.mark.parametrize("rule", RULES)
def test_a_program_without_workers_is_none_of_its_business(rule: str) -> None:
    ask(Case(rule, NOT_APPLICABLE, Parts().put("topic", "aws:sns/topic:Topic")))
