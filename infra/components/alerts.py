"""One topic a stack: settle, the guards, every alarm and every budget speak to the same people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
from pulumi_aws import sns

from infra.components.component import Component, Customize
from infra.components.statements import document
from infra.limits import HOME_REGION

CHILDREN: Final = ("topic", "policy", "subscription")


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertsArgs:
    """Inputs.

    Attributes
    ----------
    topic_name : str
    alarm_prefix : str
        What the names of the stack's alarms begin with.
    emails : sequence of str
        Who is told; each must confirm once by the link that AWS sends.
    tags : dict of str to str
    customize : mapping
        See `Component`.
    """

    topic_name: str
    alarm_prefix: str
    emails: Sequence[str]
    tags: dict[str, str]
    customize: Customize = field(default_factory=dict)


class Alerts(Component):
    """The topic and who hears of it.

    Attributes
    ----------
    topic : pulumi_aws.sns.Topic
    """

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("edgewise:infra:Alerts", name, children=CHILDREN, customize=args.customize, opts=opts)
        # Not encrypted: the AWS-managed key lets neither CloudWatch's alarms nor Budgets in, and its policy can't be
        # changed (AWS re:Post knowledge centre, "cloudwatch-configure-alarm-sns"). A key of one's own costs a dollar a
        # month to hide names and figures.
        self.topic = self.child(sns.Topic, "topic", name=args.topic_name, tags=args.tags)
        self._let_publish(args)
        for address in args.emails:
            self.child(
                sns.TopicSubscription,
                "subscription",
                suffix=address,
                topic=self.topic.arn,
                protocol="email",
                endpoint=address,
            )
        self.register_outputs({"topic": self.topic.arn})

    def _let_publish(self, args: AlertsArgs) -> sns.TopicPolicy:
        """Let alarms and budgets of this account publish; roles that publish have it in their own policies."""
        account = self.topic.owner
        return self.child(
            sns.TopicPolicy,
            "policy",
            arn=self.topic.arn,
            policy=document(
                self._publisher(
                    "AlarmsPublish",
                    "cloudwatch.amazonaws.com",
                    pulumi.Output.concat(
                        "arn:aws:cloudwatch:", HOME_REGION, ":", account, f":alarm:{args.alarm_prefix}*"
                    ),
                ),
                self._publisher(
                    "BudgetsPublish",
                    "budgets.amazonaws.com",
                    # AWS Cost Management User Guide, "Creating an Amazon SNS topic for budget notifications".
                    pulumi.Output.concat("arn:aws:budgets::", account, ":*"),
                ),
            ),
        )

    def _publisher(self, sid: str, service: str, source: pulumi.Input[str]) -> dict[str, object]:
        return {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sns:Publish",
            "Resource": self.topic.arn,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": self.topic.owner},
                "ArnLike": {"aws:SourceArn": source},
            },
        }
