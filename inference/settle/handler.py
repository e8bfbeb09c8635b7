"""Settle: the Lambda function on the ledger's stream.

For each batch: receipts to the lake, alerts, the gate's store, and last, so that a repeated batch isn't counted twice,
metrics. Nothing is written to the table whose stream this is.

**What can't be read (poison).** A record whose counter can't be read, or whose receipt can't, is named in
``batchItemFailures``; of the latter the counter still counts. The records around it are settled in the same run: a
poison record cuts the batch into stretches, and each is settled as a batch of its own, under the same key whenever it
is handed over. AWS takes the lowest number returned as its checkpoint and hands over what begins there again, as often
as the event source mapping allows (2 retries). Then it sends the range's numbers to the dead-letter queue, whose alarm
rings, and goes on behind the batch. The records themselves stay in the stream for a day.

**What fails on the way (S3, SNS, the store).** The first number of the batch, or of the stretch that didn't reach the
lake, is returned, so that the same rows go to the same object. The steps don't wait for each other: a topic that is
away doesn't hold up the closing of a gate. What fails in all three runs is given up and rings as a dead letter; an
alert is then lost, a gate stays open until the guard closes it. Every step is repeated without harm:

| crash or failure | what the next run finds and does |
|---|---|
| before or in the lake | writes the object, or the same bytes once more |
| in an alert | see `inference.settle.alerts` |
| before the store's put | the record still crosses the quota's end: closes |
| behind it | the store has that time or a later one: leaves it |
| before the metrics | writes them: no run has |
| behind the metrics, before AWS heard | numbers told are remembered by the environment, so it writes none |

An environment that dies just then makes its metrics count twice; the lake and the ledger don't.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]  # it ships no types

from inference.settle import aws, closing, lake, metrics, store
from inference.settle.alerts import send_once
from inference.settle.committed import Terms, read_terms
from inference.settle.decode import Change, PoisonError, decode, sequence_number
from inference.settle.levels import alerts

if TYPE_CHECKING:
    from collections.abc import Callable

# Numbers whose metrics were written, and that were named as poison: more than a few batches.
REMEMBERED: Final = 2_000
# Lines of a run about poison, and what a line may be long: the bound prices 2,048 bytes of log a run.
MAX_POISON_LINES: Final = 3
_FAILURES: Final = (BotoCoreError, ClientError, store.StoreConflictError)


class Clients:
    """AWS clients, each made when it is first asked for; most batches need S3 only."""

    @cached_property
    def s3(self) -> Any:
        """For the lake and the claims."""
        return aws.client("s3")

    @cached_property
    def sns(self) -> Any:
        """For alerts; in one attempt, a second might be a second message."""
        return aws.client("sns", attempts=1)

    @cached_property
    def store(self) -> Any:
        """For the gates' stores."""
        return aws.store_client()


@dataclass(kw_only=True)
class Settle:
    """What a batch is settled with.

    Attributes
    ----------
    stack, bucket, topic : str
        The stack's name, the lake bucket's, the topic's ARN.
    functions : dict
        By name, see `inference.settle.committed`.
    clients : Any
        ``s3``, ``sns`` and ``store``.
    say : callable
        Writes one line to stdout.
    wall_s : callable
        Unix seconds.
    """

    stack: str
    bucket: str
    topic: str
    functions: dict[str, Terms]
    clients: Any = field(default_factory=Clients)
    say: Callable[[str], None] = print
    wall_s: Callable[[], float] = time.time
    told: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def batch(self, records: list[dict[str, Any]]) -> list[str]:
        """Settle a batch and return the numbers of what failed, in the batch's order."""
        stretches, poison = _stretches(records)
        changes = [change for stretch in stretches for change in stretch]
        failed = {stretch[0].sequence_number for stretch in stretches if stretch and not self._to_lake(stretch)}
        numbers = [sequence_number(record) for record in records]
        if not (self._send_alerts(changes) & self._close_gates(changes)):
            failed.add(numbers[0])
        again = [number for number in numbers if number in failed or number in poison]
        # What lies before AWS's checkpoint is not handed over again; what lies behind is, unless it is given up.
        done = numbers[: numbers.index(again[0])] if failed else numbers
        self._tell_metrics([change for change in changes if change.sequence_number in done])
        self._tell_poison(poison)
        return again

    def _to_lake(self, stretch: list[Change]) -> bool:
        return self._tried("lake", lambda: lake.write(self.clients.s3, self.bucket, stretch))

    def _send_alerts(self, changes: list[Change]) -> bool:
        done = True
        for change in changes:
            for alert in alerts(change, self.functions.get(change.function), stack=self.stack):

                def send(alert: Any = alert, by: str = change.sequence_number) -> None:
                    send_once(self.clients.s3, self.clients.sns, alert, bucket=self.bucket, topic=self.topic, by=by)

                done &= self._tried(f"alert {alert.alert_id}", send)
        return done

    def _close_gates(self, changes: list[Change]) -> bool:
        done = True
        for change in changes:
            until_s, _ = closing.crosses(change)
            terms = self.functions.get(change.function)
            if terms is None or until_s <= self.wall_s():
                continue  # nothing to close, or a record that waited past the midnight it would close until

            def close(arn: str = terms.store, until_s: int = until_s) -> None:
                store.close(self.clients.store, arn, until_s)

            done &= self._tried(f"closing {change.function}", close)
        return done

    def _tell_metrics(self, changes: list[Change]) -> None:
        new = [change for change in changes if change.sequence_number not in self.told]
        for line in metrics.lines(new, self.functions, now_s=self.wall_s()):
            self.say(line)
        self.told.extend(change.sequence_number for change in new)

    def _tell_poison(self, poison: dict[str, str]) -> None:
        new = [number for number in poison if f"poison {number}" not in self.told]
        for number in new[:MAX_POISON_LINES]:
            self.say(json.dumps({"poison": number, "reason": poison[number]}))
        if len(new) > MAX_POISON_LINES:
            self.say(json.dumps({"poison": f"{len(new) - MAX_POISON_LINES} more", "last": new[-1]}))
        self.told.extend(f"poison {number}" for number in new)

    def _tried(self, what: str, act: Callable[[], object]) -> bool:
        try:
            act()
        except _FAILURES as error:
            # Its text names the operation and the service's words; no header, no key.
            self.say(json.dumps({"failed": what, "reason": f"{type(error).__name__}: {error}"[:160]}))
            return False
        return True


def _stretches(records: list[dict[str, Any]]) -> tuple[list[list[Change]], dict[str, str]]:
    """Return the records that can be read, cut where one can't, and why those can't.

    A change whose receipt is damaged begins a stretch: the receipts behind it keep their key, with or without it.
    """
    stretches: list[list[Change]] = [[]]
    poison: dict[str, str] = {}
    for record in records:
        try:
            change = decode(record)
        except PoisonError as error:
            poison[sequence_number(record)] = str(error)
            stretches.append([])
            continue
        if change is None:
            continue
        if change.damage:
            poison[change.sequence_number] = change.damage
            stretches.append([])
        stretches[-1].append(change)
    return stretches, poison


def from_environment() -> Settle:
    """Read the variables that the deployment set.

    Raises
    ------
    ValueError
        When one is missing or of another form.
    """
    values = {name: os.environ.get(name, "") for name in ("TOPIC_ARN", "LAKE_BUCKET", "STACK", "FUNCTIONS")}
    if missing := [name for name, value in values.items() if not value]:
        raise ValueError(f"environment variables {', '.join(missing)} are not set; deploy again")
    return Settle(
        stack=values["STACK"],
        bucket=values["LAKE_BUCKET"],
        topic=values["TOPIC_ARN"],
        functions=read_terms(values["FUNCTIONS"]),
    )


_settle: list[Settle] = []


def prepare() -> Settle:
    """Return the environment's one `Settle`, its S3 client made."""
    if not _settle:
        made = from_environment()
        _ = made.clients.s3
        _settle.append(made)
    return _settle[0]


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Settle one batch of stream records; the answer is that of ``ReportBatchItemFailures``."""
    failed = prepare().batch(event["Records"])
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}


# Start-up has ten seconds of its own; a run should not spend its ten on making a client.
if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    prepare()
