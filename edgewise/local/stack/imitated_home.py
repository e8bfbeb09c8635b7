"""The written list for the home Region: what settles, guards, alerts and counts beside the edge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from edgewise.local.stack.imitation import COMMON, Imitation

# A function that no distribution is associated with. Its role is not evaluated, its logs go to the run folder.
HOME_FUNCTION: Final = Imitation(
    reads=frozenset({"name", "code", "handler", "runtime", "memorySize", "timeout", "environment"})
    | {"reservedConcurrentExecutions"},
    no_effect=COMMON
    | {"role", "loggingConfig", "sourceCodeHash", "codeSha256", "skipDestroy", "publish"}
    | {"useResourceTimeoutForPropagation"},
    only={
        "packageType": ("Zip",),
        "architectures": (["x86_64"],),
        "ephemeralStorage": ({"size": 512},),
        "tracingConfig": ({"mode": "PassThrough"},),
        "replaceSecurityGroupsOnDestroy": (False,),
    },
)

HOME: Final[Mapping[str, Imitation]] = {
    "aws:lambda/eventSourceMapping:EventSourceMapping": Imitation(
        reads=frozenset({"eventSourceArn", "functionName", "batchSize", "maximumBatchingWindowInSeconds"})
        | {"filterCriteria", "functionResponseTypes", "maximumRetryAttempts", "maximumRecordAgeInSeconds"}
        | {"bisectBatchOnFunctionError", "parallelizationFactor", "destinationConfig", "enabled"},
        no_effect=COMMON | {"useResourceTimeoutForPropagation"},
        only={"startingPosition": ("TRIM_HORIZON", "LATEST"), "tumblingWindowInSeconds": (0,)},
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Imitation(
        reads=frozenset({"functionName", "maximumRetryAttempts", "maximumEventAgeInSeconds"}), no_effect=COMMON
    ),
    "aws:scheduler/schedule:Schedule": Imitation(
        reads=frozenset({"name", "groupName", "scheduleExpression", "state", "target"}),
        # A rate has no time zone.
        no_effect=COMMON | {"scheduleExpressionTimezone"},
        only={"flexibleTimeWindow": ({"mode": "OFF"},), "actionAfterCompletion": ("NONE",)},
    ),
    "aws:sns/topic:Topic": Imitation(
        reads=frozenset({"name"}),
        no_effect=COMMON | {"displayName", "policy", "kmsMasterKeyId", "maximumMessageSize", "signatureVersion"},
        only={"fifoTopic": (False,), "contentBasedDeduplication": (False,)},
    ),
    "aws:sns/topicSubscription:TopicSubscription": Imitation(
        reads=frozenset({"topic", "protocol", "endpoint", "filterPolicy", "filterPolicyScope", "rawMessageDelivery"}),
        no_effect=COMMON | {"confirmationTimeoutInMinutes", "endpointAutoConfirms"},
    ),
    "aws:sqs/queue:Queue": Imitation(
        reads=frozenset({"name", "messageRetentionSeconds", "visibilityTimeoutSeconds", "delaySeconds"})
        | {"receiveWaitTimeSeconds", "maxMessageSize", "redrivePolicy"},
        no_effect=COMMON
        | {"policy", "sqsManagedSseEnabled", "kmsMasterKeyId", "kmsDataKeyReusePeriodSeconds", "redriveAllowPolicy"},
        only={"fifoQueue": (False,), "contentBasedDeduplication": (False,)},
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Imitation(
        reads=frozenset({"name", "namespace", "metricName", "dimensions", "period", "statistic", "extendedStatistic"})
        | {"unit", "metricQueries", "comparisonOperator", "threshold", "evaluationPeriods", "datapointsToAlarm"}
        | {"treatMissingData", "actionsEnabled", "alarmActions", "okActions", "insufficientDataActions"}
        | {"alarmDescription"},
        no_effect=COMMON,
    ),
    "aws:cloudwatch/dashboard:Dashboard": Imitation(
        reads=frozenset({"dashboardName", "dashboardBody"}), no_effect=COMMON
    ),
    "aws:budgets/budget:Budget": Imitation(
        reads=frozenset({"name", "limitAmount", "limitUnit", "costFilters", "filterExpression", "notifications"}),
        # Periods by the calendar; which kinds of cost count differs only on a real bill.
        no_effect=COMMON | {"accountId", "billingViewArn", "costTypes", "metrics", "timePeriodStart", "timePeriodEnd"},
        only={"budgetType": ("COST",), "timeUnit": ("MONTHLY",)},
    ),
}

SCHEDULE_TARGET: Final = Imitation(reads=frozenset({"arn", "input", "retryPolicy"}), no_effect=frozenset({"roleArn"}))
