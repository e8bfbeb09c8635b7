"""SNS and SQS (facts/resources.md, 5)."""

import json
from collections.abc import Iterator, Mapping

from edgewise.local.providers.behaviour import AutoName, Behaviour, Facts, Limit, Output, Refusal, known
from edgewise.local.providers.schema import Failure
from edgewise.local.providers.tables.iam import is_json
from edgewise.local.providers.wire import Json

PROTOCOLS = ("sqs", "sms", "lambda", "firehose", "application", "email", "email-json", "http", "https")
TOPIC_ARN = r"arn:aws:sns:[a-z0-9-]+:\d{12}:.+"


def _fifo_name(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    flag = inputs.get("fifoTopic", inputs.get("fifoQueue"))
    if flag is True and known(inputs, "name") and not inputs["name"].endswith(".fifo"):
        yield Failure(path="name", reason=f"{inputs['name']!r} must end in .fifo")


def _firehose_role(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    if inputs["protocol"] == "firehose" and inputs.get("subscriptionRoleArn") is None:
        yield Failure(path="subscriptionRoleArn", reason="missing; protocol firehose needs a role that may write")


def _filter_is_json(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    yield from is_json("filterPolicy", inputs)


def _policy_is_json(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    yield from is_json("policy", inputs)


def _redrive(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Refuse a redrive policy without target, or with a text where AWS wants an integer."""
    if not known(inputs, "redrivePolicy"):
        return
    yield from is_json("redrivePolicy", inputs)
    try:
        policy = json.loads(str.__str__(inputs["redrivePolicy"]))
    except ValueError:
        return
    if not isinstance(policy.get("maxReceiveCount"), int):
        reason = f"maxReceiveCount is {policy.get('maxReceiveCount')!r}; it must be an integer"
        yield Failure(path="redrivePolicy", reason=reason)
    if not policy.get("deadLetterTargetArn"):
        yield Failure(path="redrivePolicy", reason="deadLetterTargetArn is missing")


def _pending(facts: Facts) -> bool:
    """Only the receiver can confirm these, by a link."""
    return facts["protocol"] in ("email", "email-json", "http", "https") and not facts.get("endpointAutoConfirms")


def _filter_scope(facts: Facts) -> str | None:
    return "MessageAttributes" if facts.get("filterPolicy") else None


def _topic_part(index: int, facts: Facts) -> str:
    return str(facts["topic"].split(":")[index])


TABLE: Mapping[str, Behaviour] = {
    "aws:sns/topic:Topic": Behaviour(
        id="{arn}",
        auto_name=AutoName(max_length=80, suffix=("fifoTopic", ".fifo")),
        defaults={"fifoTopic": False, "contentBasedDeduplication": False},
        outputs={
            "arn": Output(make="arn:aws:sns:{region}:{account}:{name}"),
            "owner": Output(make="{account}"),
            "beginningArchiveTime": Output(make=""),
            "maximumMessageSize": Output(make=262_144),
            "signatureVersion": Output(make=1),
            "tracingConfig": Output(make="PassThrough"),
        },
        replaces=frozenset({"name", "fifoTopic", "region"}),
        documents=frozenset({"policy", "deliveryPolicy", "archivePolicy"}),
        limits=(Limit(path="name", pattern=r"[a-zA-Z0-9_-]{1,256}(\.fifo)?", source="T: schema"),),
        rules=(_fifo_name, _policy_is_json),
    ),
    "aws:sns/topicSubscription:TopicSubscription": Behaviour(
        # T: sns/topic_subscription.go asks for the arn "even if not confirmed".
        id="{topic}:{uuid}",
        defaults={"confirmationTimeoutInMinutes": 1, "endpointAutoConfirms": False, "rawMessageDelivery": False},
        outputs={
            "arn": Output(make="{topic}:{uuid}"),
            "ownerId": Output(make="{account}"),
            "pendingConfirmation": Output(make=_pending),
            "confirmationWasAuthenticated": Output(make=lambda facts: not facts["pendingConfirmation"]),
            "filterPolicyScope": Output(make=_filter_scope, renew_on=frozenset({"filterPolicy"}), planned=True),
        },
        replaces=frozenset({"topic", "protocol", "endpoint", "region"}),
        documents=frozenset({"filterPolicy", "deliveryPolicy", "redrivePolicy", "replayPolicy"}),
        limits=(
            Limit(path="protocol", one_of=PROTOCOLS, source="T: schema"),
            Limit(path="topic", pattern=TOPIC_ARN, source="T: verify.ValidARN"),
            Limit(path="filterPolicyScope", one_of=("MessageAttributes", "MessageBody"), source="T: schema"),
        ),
        rules=(_filter_is_json,),
        refusals=(Refusal(error="InvalidParameter", rule=_firehose_role),),
    ),
    "aws:sns/topicPolicy:TopicPolicy": Behaviour(
        id="{arn}",
        outputs={"owner": Output(make="{account}")},
        replaces=frozenset({"arn", "region"}),
        documents=frozenset({"policy"}),
        limits=(Limit(path="arn", pattern=TOPIC_ARN, source="T: verify.ValidARN"),),
        rules=(_policy_is_json,),
    ),
    "aws:sqs/queue:Queue": Behaviour(
        id="{url}",
        auto_name=AutoName(max_length=80, suffix=("fifoQueue", ".fifo")),
        defaults={
            "contentBasedDeduplication": False,
            "delaySeconds": 0,
            "fifoQueue": False,
            "maxMessageSize": 262_144,
            "messageRetentionSeconds": 345_600,
            "receiveWaitTimeSeconds": 0,
            "visibilityTimeoutSeconds": 30,
        },
        outputs={
            "arn": Output(make="arn:aws:sqs:{region}:{account}:{name}"),
            "url": Output(make="https://sqs.{region}.amazonaws.com/{account}/{name}"),
            "kmsDataKeyReusePeriodSeconds": Output(make=300),
            "sqsManagedSseEnabled": Output(make=True),  # u
            "policy": Output(make=""),
            "redrivePolicy": Output(make=""),
            "redriveAllowPolicy": Output(make=""),
        },
        replaces=frozenset({"name", "fifoQueue", "region"}),
        documents=frozenset({"policy", "redrivePolicy", "redriveAllowPolicy"}),
        limits=(
            Limit(path="name", pattern=r"[a-zA-Z0-9_-]{1,75}\.fifo|[a-zA-Z0-9_-]{1,80}", source="T: schema"),
            Limit(path="messageRetentionSeconds", minimum=60, maximum=1_209_600, source="T: schema"),
            Limit(path="visibilityTimeoutSeconds", minimum=0, maximum=43_200, source="T: schema"),
            Limit(path="delaySeconds", minimum=0, maximum=900, source="T: schema"),
            Limit(path="receiveWaitTimeSeconds", minimum=0, maximum=20, source="T: schema"),
            Limit(path="maxMessageSize", minimum=1024, maximum=1_048_576, source="AWS: SQS quotas"),
        ),
        rules=(_fifo_name, _policy_is_json),
        refusals=(Refusal(error="InvalidParameterValue", rule=_redrive),),
    ),
}
