"""Bring an empty moto to what the stack says and what the journals remember."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from werkzeug.test import Client

from edgewise.local.cloud.replay import writes
from edgewise.local.stack.model import LocalEdgeError

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from edgewise.local.cloud.journal import Journal
    from edgewise.local.cloud.requests import RequestJournal
    from edgewise.local.stack.homemodel import Alarm, AlarmQuery
    from edgewise.local.stack.model import LocalStack

API: Final = "DynamoDB_20120810"
SQS: Final = "AmazonSQS"
CLOUDWATCH: Final = "GraniteServiceVersion20100801"
REGION: Final = "us-east-1"
_STATISTICS: Final = frozenset({"SampleCount", "Average", "Sum", "Minimum", "Maximum"})


def seed(
    app: WSGIApplication,
    stack: LocalStack,
    journal: Journal,
    *,
    endpoints: Mapping[str, str],
    requests: RequestJournal | None = None,
) -> None:
    """Fill moto.

    Parameters
    ----------
    app : WSGIApplication
        moto's application.
    stack : LocalStack
        The stack.
    journal : Journal
        The writes of the runtime; they are applied after the items that Pulumi owns.
    endpoints : Mapping[str, str]
        Distribution domain name → the gateway's base URL, which stands for DNS and TLS.
    requests : RequestJournal, optional
        The runtime's writes to the other services.

    Raises
    ------
    LocalEdgeError
        When moto refuses a part.
    """
    client = Client(app)
    _tables_and_items(client, stack, journal, endpoints)
    for bucket in stack.buckets.values():
        _s3(client, f"/{bucket.name}", b"", {})
    _home(client, stack)
    if requests is not None:
        requests.replay(client)
    # Last: the runtime owns no object of Pulumi's.
    for entry in stack.objects:
        content = entry.path.read_bytes() if entry.path else entry.content
        _s3(client, f"/{entry.bucket}/{entry.key}", content, entry.headers)


def _tables_and_items(client: Client, stack: LocalStack, journal: Journal, endpoints: Mapping[str, str]) -> None:
    for table in stack.tables:
        _json(client, "dynamodb", f"{API}.CreateTable", table.definition)
    owned = [(item.table, with_loopback_urls(item.item, endpoints)) for item in stack.items]
    for name, item in owned:
        _json(client, "dynamodb", f"{API}.PutItem", {"TableName": name, "Item": item})
    again = False
    for operation, request in writes(journal, stack):
        again = True
        _json(client, "dynamodb", f"{API}.{operation}", request)
    # The runtime owns no item of Pulumi's: what the state says now stands last.
    for name, item in owned if again else []:
        _json(client, "dynamodb", f"{API}.PutItem", {"TableName": name, "Item": item})


def _home(client: Client, stack: LocalStack) -> None:
    for topic in stack.home.topics:
        form = {"Action": "CreateTopic", "Version": "2010-03-31", "Name": topic.name}
        _check(client.post("/", data=form, headers={"Authorization": credential("sns")}), f"topic {topic.name}")
    for queue in stack.home.queues:
        _json(client, "sqs", f"{SQS}.CreateQueue", {"QueueName": queue.name, "Attributes": queue.attributes})
    for alarm in stack.home.alarms:
        _json(client, "monitoring", f"{CLOUDWATCH}.PutMetricAlarm", alarm_request(alarm))


def alarm_request(alarm: Alarm) -> dict[str, Any]:
    """Return an alarm in the form of ``PutMetricAlarm``; for looking at, moto evaluates none."""
    request: dict[str, Any] = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "ActionsEnabled": alarm.actions_enabled,
        "AlarmActions": list(alarm.alarm_actions),
        "OKActions": list(alarm.ok_actions),
        "InsufficientDataActions": list(alarm.insufficient_data_actions),
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "Threshold": alarm.threshold,
        "ComparisonOperator": alarm.comparison,
        "TreatMissingData": alarm.missing_data,
    }
    metric = alarm.queries[0].metric
    if len(alarm.queries) == 1 and metric is not None:
        statistic = "Statistic" if metric.statistic in _STATISTICS else "ExtendedStatistic"
        return request | {
            "Namespace": metric.namespace,
            "MetricName": metric.name,
            "Dimensions": _dimensions(metric.dimensions),
            "Period": metric.period_s,
            statistic: metric.statistic,
        }
    return request | {"Metrics": [_query(query) for query in alarm.queries]}


def _query(query: AlarmQuery) -> dict[str, Any]:
    told: dict[str, Any] = {"Id": query.id, "ReturnData": query.returns, "Label": query.label or query.id}
    if query.metric is None:
        return told | {"Expression": query.expression}
    named = {
        "Namespace": query.metric.namespace,
        "MetricName": query.metric.name,
        "Dimensions": _dimensions(query.metric.dimensions),
    }
    return told | {"MetricStat": {"Metric": named, "Period": query.metric.period_s, "Stat": query.metric.statistic}}


def _dimensions(dimensions: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in dimensions.items()]


def with_loopback_urls(item: Mapping[str, object], endpoints: Mapping[str, str]) -> dict[str, object]:
    """Point an item's ``model_url`` at the gateway when it names a distribution of the stack."""
    url = item.get("model_url")
    text = url.get("S") if isinstance(url, dict) else None
    for domain, base in endpoints.items():
        if isinstance(text, str) and text.startswith(f"https://{domain}/"):
            return {**item, "model_url": {"S": base + text.removeprefix(f"https://{domain}")}}
    return dict(item)


def _json(client: Client, service: str, target: str, request: Mapping[str, object]) -> None:
    answer = client.post(
        "/",
        data=json.dumps(request),
        headers={"X-Amz-Target": target, "Authorization": credential(service)},
        content_type="application/x-amz-json-1.0",
    )
    _check(answer, target)


def _s3(client: Client, path: str, content: bytes, headers: Mapping[str, str]) -> None:
    _check(client.put(path, data=content, headers={**headers, "Authorization": credential("s3")}), path)


def _check(answer: Any, what: str) -> None:
    """Stop when a part was refused; its words may hold an item's secrets and stay out."""
    if answer.status_code != 200:
        raise LocalEdgeError(f"moto refused {what} with {answer.status_code} while the stack was seeded")


def credential(service: str, region: str = REGION) -> str:
    """Return an ``Authorization`` header that moto knows the service by; it checks no signature."""
    return f"AWS4-HMAC-SHA256 Credential=local/20260101/{region}/{service}/aws4_request, Signature=none"
