"""No request's content in a log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.core.endpoint import LAMBDA, endpoints
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation

WAF_LOG: Final = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
REALTIME: Final = "aws:cloudfront/realtimeLogConfig:RealtimeLogConfig"
API: Final = "aws:apigateway/methodSettings:MethodSettings"
BEDROCK: Final = "aws:bedrockmodel/invocationLoggingConfiguration:InvocationLoggingConfiguration"
SIGNATURE: Final = "authorization"
WITH_HEADERS: Final = ("cs-headers",)
TRUE: Final = ("1", "true", "yes", "on")
# Powertools for AWS Lambda, Logger, "Logging incoming event": the whole event with the body.
LOGS_EVENT: Final = "POWERTOOLS_LOGGER_LOG_EVENT"


def _subjects(stack: Stack) -> Iterator[Resource]:
    if endpoints(stack):
        yield from stack.of(WAF_LOG, REALTIME, API, LAMBDA)
    yield from stack.of(BEDROCK)


def _check(resource: Resource, _: Config) -> Iterator[Violation]:
    figure = _FIGURES[resource.type](resource)
    if figure:
        yield Violation(resource, figure)


def _waf(resource: Resource) -> str:
    redacted = {_header(each) for each in resource.get("redactedFields", default=())}
    return "" if SIGNATURE in redacted else f"redactedFields leaves the header {SIGNATURE} in the log"


def _header(field: Mapping[str, Any]) -> str:
    return str((field.get("singleHeader") or {}).get("name", "")).lower()


def _realtime(resource: Resource) -> str:
    found = [each for each in resource.get("fields", default=()) if each in WITH_HEADERS]
    return f"fields holds {', '.join(found)}: every header, signatures too" if found else ""


def _api(resource: Resource) -> str:
    traced = resource.get("settings", "dataTraceEnabled") is True
    return "settings.dataTraceEnabled is true: whole requests and answers are logged" if traced else ""


def _function(resource: Resource) -> str:
    value = resource.known("environment", "variables", LOGS_EVENT, default="")
    return f"{LOGS_EVENT} is on: whole events are logged" if str(value).lower() in TRUE else ""


def _bedrock(resource: Resource) -> str:
    settings = resource.get("loggingConfig", default={})
    kinds = ("textDataDeliveryEnabled", "imageDataDeliveryEnabled", "videoDataDeliveryEnabled")
    on = [kind for kind in kinds if settings.get(kind) is not False]
    return f"{', '.join(on)} not false: prompts and answers are logged" if settings and on else ""


_FIGURES: Final = {WAF_LOG: _waf, REALTIME: _realtime, API: _api, LAMBDA: _function, BEDROCK: _bedrock}

RULE: Final = Rule(
    id="raw-payload-logged",
    what="No log beside an inference endpoint holds bodies, whole events or signatures.",
    why="A camera's picture in a log is personal data kept by accident, billed at 0.50 USD a GB in every edge Region; "
    "a signature in it can be replayed.",
    source="docs/ledger.md, receipts; AWS WAF Developer Guide, Log "
    "fields. What a function's code prints can't be seen here",
    fix="leave it out: redacted_fields=[{'single_header': {'name': 'authorization'}}], data_trace_enabled=False, no "
    "cs-headers, no POWERTOOLS_LOGGER_LOG_EVENT",
    subjects=_subjects,
    check=_check,
)
