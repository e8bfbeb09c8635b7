"""Alerts: what one says, and how it is sent once.

An alert has an id, and a claim object under that id in the lake bucket. The claim is made before the message is
published and marked ``sent`` behind it. What a crash leaves:

- before the claim: nothing; the batch is handed over again.
- between claim and publishing: a claim that is not ``sent``; the next run publishes.
- between publishing and the mark: the next run publishes again, with the same id. SNS has no way to tell a repeated
  message (a standard topic has no deduplication), so this one duplicate can't be avoided; receivers see the id.
- behind the mark: nothing is sent again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

from inference.settle.aws import error_code

PREFIX: Final = "alerts"
SENT: Final = "sent"
CLAIMED: Final = "claimed"
# "up to 100 characters long", ASCII without control characters: AWS, SNS API Reference, "Publish".
MAX_SUBJECT: Final = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Alert:
    """One message.

    Attributes
    ----------
    kind, function : str
        See `inference.telemetry.ALERT_KINDS`.
    span : str
        The UTC date or month that it is sent once for.
    level : str
        Percent.
    tag : str
        What else tells alerts of a span apart; empty for nothing.
    subject, text : str
        For people.
    """

    kind: str
    function: str
    span: str
    level: str
    subject: str
    text: str
    tag: str = ""

    @property
    def alert_id(self) -> str:
        """The same for the same event, whoever tells of it."""
        tag = f"{self.tag}-" if self.tag else ""
        return f"{self.kind}/{self.function}/{self.span}/{tag}{self.level}"


def publish(client: Any, topic: str, alert: Alert) -> None:
    """Publish an alert, without asking whether it was before."""
    attributes = {"id": alert.alert_id, "kind": alert.kind, "function": alert.function, "level": alert.level}
    client.publish(
        TopicArn=topic,
        Subject=alert.subject.encode("ascii", "replace").decode()[:MAX_SUBJECT],
        Message=f"{alert.text}\n\nid: {alert.alert_id}",
        MessageAttributes={name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    )


def send_once(s3: Any, sns: Any, alert: Alert, *, bucket: str, topic: str, by: str) -> bool:
    """Publish an alert unless it was.

    Parameters
    ----------
    s3, sns : Any
        Clients; that of SNS sends each call once.
    bucket, topic : str
        Where claims lie; the topic's ARN.
    by : str
        The stream record that calls for it; for people who look.

    Returns
    -------
    bool
        Whether it was published now.
    """
    key = f"{PREFIX}/{alert.alert_id}.json"
    claim = {"id": alert.alert_id, "by": by}
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=_body(claim, CLAIMED), IfNoneMatch="*")
    except ClientError as error:
        if error_code(error) != "PreconditionFailed":
            raise
        # Whose claim it is doesn't matter: one that was never marked is of a run that died, or was given up.
        if json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())["state"] == SENT:
            return False
    publish(sns, topic, alert)
    s3.put_object(Bucket=bucket, Key=key, Body=_body(claim, SENT))
    return True


def _body(claim: dict[str, str], state: str) -> bytes:
    return json.dumps({**claim, "state": state}).encode()
