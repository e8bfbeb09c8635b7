"""What AWS measures by itself, from the counters of this machine: CloudFront, the firewall, Lambda, SQS, DynamoDB.

Names and dimensions are AWS's: CloudFront Developer Guide, "Types of metrics for CloudFront"; WAF Developer Guide, "AWS
WAF metrics and dimensions"; Lambda Developer Guide, "Types of metrics for Lambda functions". As in AWS a metric of
what did not happen is not there; only what a queue holds is told each minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from edgewise.local.home.metrics import Datum

if TYPE_CHECKING:
    from edgewise.local.stack.model import LocalStack

CLOUDFRONT: Final = "AWS/CloudFront"
WAF: Final = "AWS/WAFV2"
LAMBDA: Final = "AWS/Lambda"
DYNAMODB: Final = "AWS/DynamoDB"
QUEUES: Final = "AWS/SQS"
_GLOBAL: Final = {"Region": "Global"}
_EDGE_REGION: Final = "us-east-1"
# CloudWatch's names of what a distribution counts.
_OF_DISTRIBUTION: Final = {
    "Requests": ("requests",),
    "BytesUploaded": ("bytes_in", "blocked_bytes_in", "disabled_bytes_in"),
    "BytesDownloaded": ("bytes_out", "blocked_bytes_out", "disabled_bytes_out"),
}
_NO_ERRORS: Final = ("ok", "throttled")


@dataclass(kw_only=True, eq=False, slots=True)
class Meters:
    """Turns running counters into what was added in a minute.

    Attributes
    ----------
    stack : LocalStack
    totals : dict
        The counters as they were last seen; kept over a restart.
    """

    stack: LocalStack
    totals: dict[str, float] = field(default_factory=dict)

    def gateway(self, state: Mapping[str, Any], time_s: float) -> list[Datum]:
        """Return the metrics of a minute.

        Parameters
        ----------
        state : Mapping
            The gateway's ``GET /state``.
        time_s : float
            Unix seconds at which the minute began.
        """
        source = str(state.get("gateway", {}).get("pid", ""))
        found: list[Datum] = []
        for edge in self.stack.distributions:
            told = state.get("distributions", {}).get(edge.function, {})
            grown = {
                name: self._grown(f"{source}/{edge.function}/{name}", float(value))
                for name, value in _flat(told).items()
            }
            dimensions = {"DistributionId": edge.distribution_id, **_GLOBAL}
            found += _distribution(grown, dimensions, time_s)
            gates = {self.stack.gates[each.gate_arn].name for each in edge.behaviours if each.gate_arn}
            for gate in gates:
                found += _counts(
                    CLOUDFRONT,
                    {"FunctionName": gate, **_GLOBAL},
                    time_s,
                    {
                        "FunctionInvocations": grown.get("gate_calls", 0),
                        "FunctionExecutionErrors": grown.get("gate_errors", 0),
                    },
                )
            if acl := told.get("web_acl"):
                found += _firewall(grown, str(acl), time_s)
        for name, pool in state.get("functions", {}).items():
            found += self.function(f"{_EDGE_REGION}.{name}", pool, time_s, source=source)
        return found

    def function(self, name: str, pool: Mapping[str, Any], time_s: float, *, source: str) -> list[Datum]:
        """Return the metrics of a function in a minute, from its pool's counters."""
        outcomes = {key: self._grown(f"{source}/{name}/{key}", float(n)) for key, n in pool["outcomes"].items()}
        counted = {
            "Invocations": sum(outcomes.values()) - outcomes.get("throttled", 0),
            "Errors": sum(number for key, number in outcomes.items() if key not in _NO_ERRORS),
            "Throttles": outcomes.get("throttled", 0),
        }
        return _counts(LAMBDA, {"FunctionName": name}, time_s, counted)

    def _grown(self, key: str, value: float) -> float:
        """Return what a counter grew by; one that went down began anew."""
        before = self.totals.get(key, 0.0)
        self.totals[key] = value
        return value - before if value >= before else value

    def forget_all_but(self, sources: set[str]) -> None:
        """Forget the counters of processes that are gone."""
        self.totals = {key: value for key, value in self.totals.items() if key.split("/", 1)[0] in sources}


def iterator_age(function: str, age_ms: float, time_s: float) -> Datum:
    """Return how old the last record of a batch was when it was done."""
    return _datum(LAMBDA, "IteratorAge", {"FunctionName": function}, time_s, age_ms, unit="Milliseconds")


def queue_length(queue: str, visible: int, time_s: float) -> Datum:
    """Return how many messages of a queue can be received."""
    return _datum(QUEUES, "ApproximateNumberOfMessagesVisible", {"QueueName": queue}, time_s, visible, unit="Count")


def throttles(table: str, number: float, time_s: float) -> list[Datum]:
    """Return writes that a table is said to have throttled."""
    return _counts(DYNAMODB, {"TableName": table}, time_s, {"WriteThrottleEvents": number})


def _flat(told: Mapping[str, Any]) -> dict[str, float]:
    """Return the running numbers of a distribution, those by rule under a name of their own."""
    rules = told.get("waf_blocked_by_rule", {})
    numbers = {key: value for key, value in told.items() if isinstance(value, int) and not isinstance(value, bool)}
    return {**numbers, **{f"rule/{rule}": number for rule, number in rules.items()}}


def _distribution(grown: Mapping[str, float], dimensions: Mapping[str, str], time_s: float) -> list[Datum]:
    counted = {name: sum(grown.get(key, 0) for key in keys) for name, keys in _OF_DISTRIBUTION.items()}
    found = _counts(CLOUDFRONT, dimensions, time_s, counted)
    requests = int(counted["Requests"])
    if requests:
        for name, first in (("4xxErrorRate", "4"), ("5xxErrorRate", "5")):
            errors = int(sum(value for key, value in grown.items() if key.startswith(f"status_{first}")))
            values = [(100.0, errors), (0.0, requests - errors)]
            found.append(
                Datum(
                    namespace=CLOUDFRONT,
                    name=name,
                    dimensions=dimensions,
                    time_s=time_s,
                    values=[(value, number) for value, number in values if number > 0],
                    unit="Percent",
                )
            )
    return found


def _firewall(grown: Mapping[str, float], acl: str, time_s: float) -> list[Datum]:
    rules = {key.removeprefix("rule/"): number for key, number in grown.items() if key.startswith("rule/")}
    found = []
    for rule, number in {**rules, "ALL": grown.get("waf_blocked", 0)}.items():
        found += _counts(WAF, {"WebACL": acl, "Rule": rule}, time_s, {"BlockedRequests": number})
    return found


def _counts(namespace: str, dimensions: Mapping[str, str], time_s: float, counted: Mapping[str, float]) -> list[Datum]:
    return [
        _datum(namespace, name, dimensions, time_s, number, unit="Count") for name, number in counted.items() if number
    ]


def _datum(
    namespace: str, name: str, dimensions: Mapping[str, str], time_s: float, value: float, *, unit: str
) -> Datum:
    return Datum(
        namespace=namespace, name=name, dimensions=dimensions, time_s=time_s, values=[(float(value), 1)], unit=unit
    )
