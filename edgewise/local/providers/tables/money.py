"""Budgets, cost tags and schedules (facts/resources.md, 5)."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from edgewise.local.providers.behaviour import AutoName, Behaviour, Facts, Limit, Output, Refusal, at
from edgewise.local.providers.schema import Failure
from edgewise.local.providers.wire import UNKNOWN, Json

MAX_NOTIFICATIONS = 10  # B: budgets, notifications a budget (u)
COST_TYPES_ON = (
    "includeCredit",
    "includeDiscount",
    "includeOtherSubscription",
    "includeRecurring",
    "includeRefund",
    "includeSubscription",
    "includeSupport",
    "includeTax",
    "includeUpfront",
)
MONTHS_A_PERIOD = {"MONTHLY": 1, "QUARTERLY": 3, "ANNUALLY": 12}


def _period_start(facts: Facts) -> str:
    """Return the start of the current period, UTC."""
    now = datetime.now(UTC)
    unit = facts["timeUnit"]
    if unit == "DAILY":
        return now.strftime("%Y-%m-%d_00:00")
    months = MONTHS_A_PERIOD.get(unit, 1)
    month = (now.month - 1) // months * months + 1
    return f"{now.year}-{month:02}-01_00:00"


def _cost_types(facts: Facts) -> Json:
    if facts.get("filterExpression") is not None:
        return None
    return {**dict.fromkeys(COST_TYPES_ON, True), "useAmortized": False, "useBlended": False}


def _expression_needs_metrics(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    if inputs.get("filterExpression") in (None, UNKNOWN):
        return
    if inputs.get("metrics") is None:
        yield Failure(path="metrics", reason="missing; filterExpression needs one metric")
    for name in ("costFilters", "costTypes"):
        if inputs.get(name) not in (None, [], UNKNOWN):
            yield Failure(path=name, reason="conflicts with filterExpression")


def _limit_or_plan(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    amount = inputs.get("limitAmount")
    if amount is not None and amount != UNKNOWN:
        try:
            float(str.__str__(amount))
        except ValueError:
            yield Failure(path="limitAmount", reason=f"{amount!r} is not a number")
    if amount not in (None, UNKNOWN) and inputs.get("limitUnit") is None:
        yield Failure(path="limitUnit", reason="missing; write USD")


def _daily_is_actual(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    if inputs["timeUnit"] != "DAILY":
        return
    for path, kind in at(inputs, "notifications[].notificationType"):
        if kind == "FORECASTED":
            yield Failure(path=path, reason="FORECASTED; a DAILY budget takes only ACTUAL")


def _subscribed(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    for path, one in at(inputs, "notifications[]"):
        if not one.get("subscriberEmailAddresses") and not one.get("subscriberSnsTopicArns"):
            yield Failure(path=path, reason="a notification must have at least one subscriber")
        # AWS Cost Management guide, quotas: one SNS topic and ten addresses a notification.
        for name, most in (("subscriberSnsTopicArns", 1), ("subscriberEmailAddresses", 10)):
            given = one.get(name)
            count = len(given) if isinstance(given, list) else 0
            if count > most:
                yield Failure(path=f"{path}.{name}", reason=f"{count} subscribers, at most {most} are allowed")


def _flexible(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    window = inputs["flexibleTimeWindow"]
    if not isinstance(window, Mapping):
        return
    given = window.get("maximumWindowInMinutes")
    if window["mode"] == "FLEXIBLE" and given is None:
        yield Failure(path="flexibleTimeWindow.maximumWindowInMinutes", reason="missing; FLEXIBLE needs it")
    if window["mode"] == "OFF" and given is not None:
        yield Failure(path="flexibleTimeWindow.maximumWindowInMinutes", reason=f"{given}; with OFF it must be left out")


TABLE: Mapping[str, Behaviour] = {
    "aws:budgets/budget:Budget": Behaviour(
        id="{accountId}:{name}",
        auto_name=AutoName(),
        defaults={"timePeriodEnd": "2087-06-15_00:00"},
        outputs={
            "accountId": Output(make="{account}"),
            "arn": Output(make="arn:aws:budgets::{account}:budget/{name}"),
            "timePeriodStart": Output(make=_period_start),
            "costTypes": Output(make=_cost_types),
        },
        replaces=frozenset({"name", "accountId"}),
        unordered=frozenset({"notifications", "values", "subscriberEmailAddresses", "subscriberSnsTopicArns"}),
        limits=(
            Limit(path="name", pattern=r"[^:\\]{1,100}", source="B: budgets BudgetName"),
            Limit(
                path="budgetType",
                one_of=(
                    "USAGE",
                    "COST",
                    "RI_UTILIZATION",
                    "RI_COVERAGE",
                    "SAVINGS_PLANS_UTILIZATION",
                    "SAVINGS_PLANS_COVERAGE",
                ),
                source="B: budgets BudgetType",
            ),
            Limit(path="timeUnit", one_of=("DAILY", *MONTHS_A_PERIOD, "CUSTOM"), source="B: budgets TimeUnit"),
            Limit(
                path="notifications[].comparisonOperator",
                one_of=("GREATER_THAN", "LESS_THAN", "EQUAL_TO"),
                source="B: budgets ComparisonOperator",
            ),
            Limit(path="notifications[].notificationType", one_of=("ACTUAL", "FORECASTED"), source="B"),
            Limit(path="notifications[].thresholdType", one_of=("PERCENTAGE", "ABSOLUTE_VALUE"), source="B"),
            Limit(
                path="notifications", max_length=MAX_NOTIFICATIONS, source="B", error="CreationLimitExceededException"
            ),
        ),
        rules=(_expression_needs_metrics, _limit_or_plan),
        refusals=(
            Refusal(error="InvalidParameterException", rule=_daily_is_actual),
            Refusal(error="InvalidParameterException", rule=_subscribed),
        ),
    ),
    "aws:costexplorer/costAllocationTag:CostAllocationTag": Behaviour(
        id="{tagKey}",
        outputs={"type": Output(make="UserDefined")},
        replaces=frozenset({"tagKey"}),
        limits=(Limit(path="status", one_of=("Active", "Inactive"), source="B: ce CostAllocationTagStatus"),),
    ),
    "aws:scheduler/schedule:Schedule": Behaviour(
        id="{groupName}/{name}",
        auto_name=AutoName(),
        defaults={
            "scheduleExpressionTimezone": "UTC",
            "state": "ENABLED",
            "target.retryPolicy.maximumEventAgeInSeconds": 86_400,
            "target.retryPolicy.maximumRetryAttempts": 185,
        },
        outputs={
            "groupName": Output(make="default"),
            "arn": Output(make="arn:aws:scheduler:{region}:{account}:schedule/{groupName}/{name}"),
            "actionAfterCompletion": Output(make="NONE"),
        },
        replaces=frozenset({"name", "groupName", "region"}),
        limits=(
            Limit(path="name", pattern=r"[0-9a-zA-Z-_.]{1,64}", source="T: schema"),
            Limit(path="groupName", pattern=r"[0-9a-zA-Z-_.]{1,64}", source="T: schema"),
            Limit(path="scheduleExpression", min_length=1, max_length=256, source="T: schema"),
            Limit(
                path="scheduleExpression",
                pattern=r"(rate|cron|at)\(.+\)",
                source="AWS: schedule types",
                error="ValidationException",
            ),
            Limit(path="flexibleTimeWindow.mode", one_of=("OFF", "FLEXIBLE"), source="B: scheduler"),
            Limit(path="flexibleTimeWindow.maximumWindowInMinutes", minimum=1, maximum=1440, source="T: schema"),
            Limit(path="state", one_of=("ENABLED", "DISABLED"), source="B: scheduler ScheduleState"),
            Limit(path="target.roleArn", pattern=r"arn:aws[a-z-]*:iam::\d{12}:role/.+", source="B: scheduler RoleArn"),
            Limit(path="target.retryPolicy.maximumRetryAttempts", minimum=0, maximum=185, source="T: schema"),
            Limit(path="target.retryPolicy.maximumEventAgeInSeconds", minimum=60, maximum=86_400, source="T: schema"),
        ),
        refusals=(Refusal(error="ValidationException", rule=_flexible),),
    ),
}
