"""What people are sent: every message that is published to a topic, a line for each subscriber, in a file.

The line is written before the publisher hears that its message was taken, so a message that was published is never
lost, whoever else is down.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from moto.sns.utils import FilterPolicyMatcher

from edgewise.local.cloud.journal import drop_torn_line
from edgewise.local.stack.model import LocalEdgeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from edgewise.local.stack.homemodel import Subscription

PUBLISH: Final = "Publish"
# Who can be written to here. A function or queue behind a topic is not imitated.
PROTOCOLS: Final = ("email", "email-json")


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A message as its publisher sent it."""

    topic_arn: str
    subject: str
    text: str
    attributes: Mapping[str, str]

    @classmethod
    def of(cls, form: Mapping[str, Sequence[str]]) -> Message:
        """Read it from the form of SNS's query protocol."""
        attributes = {}
        number = 1
        while f"MessageAttributes.entry.{number}.Name" in form:
            entry = f"MessageAttributes.entry.{number}"
            value = form.get(f"{entry}.Value.StringValue") or form.get(f"{entry}.Value.BinaryValue") or [""]
            attributes[form[f"{entry}.Name"][0]] = value[0]
            number += 1
        return cls(
            topic_arn=(form.get("TopicArn") or form.get("TargetArn") or [""])[0],
            subject=form.get("Subject", [""])[0],
            text=form.get("Message", [""])[0],
            attributes=attributes,
        )


def operation_of(body: bytes) -> tuple[str, dict[str, list[str]]]:
    """Return the operation of an SNS request, and its form."""
    form = parse_qs(body.decode(), keep_blank_values=True)
    return form.get("Action", [""])[0], form


@dataclass(kw_only=True, slots=True)
class Inbox:
    """The file that messages are written to, readable by its owner alone.

    Raises
    ------
    LocalEdgeError
        For a subscription of another protocol than e-mail.
    """

    path: Path
    subscriptions: Sequence[Subscription]
    known: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Refuse what nobody would deliver, and learn what was delivered."""
        for subscription in self.subscriptions:
            if subscription.protocol not in PROTOCOLS:
                raise LocalEdgeError(
                    f"a subscription of {subscription.topic_arn} has protocol {subscription.protocol!r}: the local "
                    f"edge delivers to {' and '.join(PROTOCOLS)} only. See docs/local-edge.md"
                )
        drop_torn_line(self.path)
        self.known.update(line["once"] for line in read(self.path) if line["once"])

    def deliver(self, message: Message, *, now_s: float, once: str = "") -> int:
        """Write a message to each of its topic's subscribers; return to how many.

        Parameters
        ----------
        message : Message
        now_s : float
            Unix seconds.
        once : str
            A name by which a message that is published again is known; empty for none.
        """
        if once and once in self.known:
            return 0
        whom = [
            entry for entry in self.subscriptions if entry.topic_arn == message.topic_arn and _wants(entry, message)
        ]
        lines = [
            {
                "time_s": now_s,
                "topic_arn": message.topic_arn,
                "endpoint": entry.endpoint,
                "subject": message.subject,
                "text": message.text,
                "attributes": message.attributes,
                "once": once,
            }
            for entry in whom
        ]
        if lines:
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode())
            finally:
                os.close(file)
        if once:
            self.known.add(once)
        return len(lines)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the messages of an inbox, the oldest first; none when there is no file."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield json.loads(line)


def _wants(subscription: Subscription, message: Message) -> bool:
    if subscription.topic_arn != message.topic_arn:
        return False
    if not subscription.filter_policy:
        return True
    matcher = FilterPolicyMatcher(json.loads(subscription.filter_policy), subscription.filter_policy_scope)
    attributes = {name: {"Type": "String", "Value": value} for name, value in message.attributes.items()}
    return bool(matcher.matches(attributes, message.text))
