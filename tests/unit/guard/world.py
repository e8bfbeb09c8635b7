"""The guard's clouds in memory: a table, CloudWatch in thirteen Regions, a distribution; store and SNS are settle's."""

from __future__ import annotations

import copy
from typing import Any

from inference.dynamodb import ConditionFailedError
from inference.guard.cloudwatch import MetricsError
from inference.guard.counts import Names
from inference.guard.handler import Guard
from inference.guard.hands import Hands
from inference.guard.memory import Gate
from inference.telemetry import EDGE_REGIONS
from tests.unit.settle.world import FUNCTION, NOON_S, STORE, TOPIC, Cloud, Stream, limits, refusal

TABLE = "edgewise-test-ledger"
DISTRIBUTION = "E2EXAMPLE"
NAMES = Names(web_acl="edgewise-test-fm", gate="edgewise-test-fm-gate", edge_function="edgewise-test-fm")
ALLOWANCES: dict[Gate, int] = {"ledger": 100, "firewall": 10_000, "gate": 1_000}


class GuardCloud(Cloud):
    """What outlives a run."""

    def __init__(self) -> None:
        super().__init__()
        self.items: dict[str, dict[str, Any]] = {}
        self.sums: dict[tuple[str, str], float] = {}
        self.away: set[str] = set()
        self.asked: list[dict[str, Any]] = []
        self.enabled = True
        self.config_etag = 1
        self.updates = 0
        self.metrics = {region: Metrics(self, region) for region in EDGE_REGIONS}

    @property
    def cloudfront(self) -> GuardCloud:
        return self

    def call(self, operation: str, payload: dict[str, Any], *, ends_s: float) -> dict[str, Any]:
        assert payload["TableName"] == TABLE and ends_s > 0
        if operation == "UpdateItem":
            return self.faults.call(operation, lambda: self._update(payload))  # type: ignore[no-any-return]  # whatever the call gives
        assert payload["ConsistentRead"]
        item = copy.deepcopy(self.items.get(payload["Key"]["pk"]["S"]))
        return self.faults.call(operation, lambda: {"Item": item} if item else {})  # type: ignore[no-any-return]  # whatever the call gives

    def _update(self, asked: dict[str, Any]) -> dict[str, Any]:
        pk, values = asked["Key"]["pk"]["S"], asked["ExpressionAttributeValues"]
        revision = self.items.get(pk, {}).get("revision")
        if revision != values.get(":seen"):
            raise ConditionFailedError({})
        names = asked["ExpressionAttributeNames"].values()
        self.items[pk] = {"pk": {"S": pk}, **{name: copy.deepcopy(values[f":{name}"]) for name in names}}
        return {}

    def get_distribution_config(self, *, Id: str) -> dict[str, Any]:  # noqa: N803  # AWS's names
        assert Id == DISTRIBUTION
        answer = {"ETag": f"E{self.config_etag}", "DistributionConfig": {"Enabled": self.enabled, "Comment": "kept"}}
        return self.faults.call("GetDistributionConfig", lambda: answer)  # type: ignore[no-any-return]  # whatever the call gives

    def update_distribution(self, *, Id: str, IfMatch: str, DistributionConfig: dict[str, Any]) -> None:  # noqa: N803  # AWS's names
        def update() -> None:
            if IfMatch != f"E{self.config_etag}":
                raise refusal("PreconditionFailed", "UpdateDistribution")
            assert DistributionConfig["Comment"] == "kept"
            self.enabled = DistributionConfig["Enabled"]
            self.config_etag += 1
            self.updates += 1

        self.faults.call("UpdateDistribution", update)


class Metrics:
    """CloudWatch of one Region, in pages of one metric."""

    def __init__(self, cloud: GuardCloud, region: str) -> None:
        self.cloud, self.region = cloud, region

    def get_metric_data(self, **asked: Any) -> dict[str, Any]:
        self.cloud.asked.append({"region": self.region, **asked})
        if self.region in self.cloud.away:
            raise MetricsError("GetMetricData: status 500")
        queries, at = asked["MetricDataQueries"], int(asked.get("NextToken", 0))
        value = self.cloud.sums.get((self.region, queries[at]["Id"]))
        result = {"Id": queries[at]["Id"], "StatusCode": "Complete", "Values": [value] if value else []}
        more = {"NextToken": str(at + 1)} if at + 1 < len(queries) else {}
        return {"MetricDataResults": [result], **more}

    def close(self) -> None:
        self.cloud.asked.append({"region": self.region, "NextToken": "closed"})


def guard(cloud: GuardCloud, *, now_s: float = NOON_S, allowances: dict[Gate, int] | None = None) -> Guard:
    """Return a fresh environment's guard."""
    return Guard(
        function=FUNCTION,
        table=TABLE,
        names=NAMES,
        allowances=ALLOWANCES if allowances is None else allowances,
        hands=lambda: Hands(
            function=FUNCTION, stack="test", store_arn=STORE, distribution=DISTRIBUTION, topic=TOPIC, clients=cloud
        ),
        ledger=cloud,
        metrics=cloud.metrics,
        say=lambda _: None,
        wall_s=lambda: now_s,
    )


def passed(cloud: GuardCloud, *, granted: int, used: int) -> None:
    """Put a counter there that granted so much this month, and was told of so much."""
    stream = Stream()
    stream.limits = limits(daily_quota=100_000, monthly_quota=1_000_000)
    stream.take(granted)
    assert stream.item
    cloud.items[f"counter#{FUNCTION}#cloudfront"] = stream.item | {"used": {"N": str(used)}}
