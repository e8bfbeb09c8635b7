"""The guard: a Lambda function that a schedule runs every five minutes, one for each function.

It adds up what was refused this month and acts when an allowance is used: calls of Lambda without a lease close the
gate to the month's end, in both flood modes; with ``on_flood: disconnect`` refusals at the firewall or the gate disable
the distribution. At 80 % of an allowance it warns.

**Passed calls.** Refused at the ledger is invocations minus passed calls, refused at the gate is executions minus them.
A call has passed when a receipt says so: the counter's `used` since the month began, and never more than was granted
in it. Calls whose receipt is under way, or was lost with an environment, count as refused until they are told, or for
ever: the bound prices the refused by this very count, so it may err to one side only. The warning comes before the
act; an owner whose thin traffic loses receipts raises the ledger's allowance.

**Failures.** Any failure ends the run with an error, behind everything that could still be done; the Errors alarm
rings, and the next run goes on from the memory item (`inference.guard.memory`):

| a run dies | the next run |
|---|---|
| before the memory is written | decides again, from newer counts |
| behind it, before or in an act | acts: a closed gate and a disabled distribution are left alone |
| between an act and its alert | tells |
| between the alert and the memory's second write | tells again, with the same id: SNS knows no repeats |
| behind it | has nothing to do |

A Region whose metrics can't be read makes sums too small, so acts are right and may be missing: what is due is done,
then the run fails.
"""

from __future__ import annotations

import calendar
import json
import os
import time
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from inference.dynamodb import ConditionFailedError, DynamoDb, DynamoDbError
from inference.guard import counts, memory
from inference.guard.cloudwatch import CloudWatch, tls
from inference.guard.memory import Deed, Gate, Memory
from inference.settle.decode import Counter, read_counter
from inference.telemetry import EDGE_REGIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from inference.guard.hands import Hands

EDGE: Final = "cloudfront"
MAX_REASON: Final = 240
# For one call of the table, its second attempt included.
TABLE_S: Final = 2.0
_VARIABLES: Final = (
    *("FUNCTION", "TABLE", "STORE_ARN", "DISTRIBUTION_ID", "TOPIC_ARN", "WEB_ACL", "GATE", "EDGE_FUNCTION"),
    *("ON_FLOOD", "ALLOWANCE_FIREWALL", "ALLOWANCE_GATE", "ALLOWANCE_LEDGER", "STACK"),
)


class GuardError(Exception):
    """A run that could not do all it had to."""


@dataclass(frozen=True, kw_only=True)
class Guard:
    """What a run works with.

    Attributes
    ----------
    function, table : str
    names : Names
        Of the metrics.
    allowances : dict
        Refused requests a month, by the gates that act.
    hands : callable
        Returns what acts, see `inference.guard.hands`: asked for only when something is to be done.
    ledger : Any
        The table, as `inference.dynamodb` calls it.
    metrics : mapping
        CloudWatch, by Region.
    say : callable
        Writes one line to the log.
    wall_s : callable
        Unix seconds.
    """

    function: str
    table: str
    names: counts.Names
    allowances: dict[Gate, int]
    hands: Callable[[], Hands]
    ledger: Any = field(default_factory=lambda: DynamoDb(region=os.environ["AWS_REGION"]))
    metrics: Mapping[str, Any] = field(default_factory=lambda: {each: CloudWatch(each) for each in EDGE_REGIONS})
    say: Callable[[str], None] = print
    wall_s: Callable[[], float] = time.time

    def run(self) -> None:
        """Look once, and act where an allowance is used.

        Raises
        ------
        GuardError
            When something could not be read or done.
        """
        now_s = self.wall_s()
        month = time.strftime("%Y-%m", time.gmtime(now_s))
        since_s = calendar.timegm((int(month[:4]), int(month[5:]), 1, 0, 0, 0))
        item = self._item(f"counter#{self.function}#{EDGE}")
        counter = read_counter(item) if item else None
        stored = memory.read(self._item(f"guard#{self.function}"), month=month)
        remembered = stored.in_month(month, used=counter.used if counter else 0)
        seen = counts.seen(self.metrics, self.names, since_s=since_s, now_s=now_s)
        refused = _refused(seen, _passed(counter, month, remembered.used_base))
        decided = remembered.decide(refused, self.allowances)
        if decided != stored or not stored.revision:
            decided = self._save(decided)
        failed = self._do(decided, now_s) if decided.pending else []
        if failed or seen.missing:
            raise GuardError(_short("; ".join((*failed, *seen.missing))))
        self.say(json.dumps({"guard": self.function, "refused": refused, "done": len(decided.pending)}))

    def _item(self, pk: str) -> dict[str, Any] | None:
        asked = {"TableName": self.table, "Key": {"pk": {"S": pk}}, "ConsistentRead": True}
        found: dict[str, Any] | None = self._call("GetItem", asked).get("Item")
        return found

    def _save(self, changed: Memory) -> Memory:
        """Write the memory; the condition fails when another run wrote it meanwhile, and this one then ends."""
        self._call("UpdateItem", memory.write(changed, table=self.table, function=self.function))
        return replace(changed, revision=changed.revision + 1)

    def _call(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.ledger.call(operation, payload, ends_s=time.monotonic() + TABLE_S)
        return answer

    def _do(self, decided: Memory, now_s: float) -> list[str]:
        """Do and tell what is pending, cross each out at once, and return why the rest is not done."""
        hands = self.hands()
        failed = []
        left = decided
        for deed in decided.pending:
            if reason := hands.do(deed, now_s):
                failed.append(reason)
            else:
                left = self._save(_done(left, deed, int(now_s)))
        return failed


def _passed(counter: Counter | None, month: str, used_base: int) -> int:
    """Return how many calls of the month are known to have passed.

    The receipts of leases that ended at the month's first midnight come in a little later; they can't make it more
    than the month granted.
    """
    if counter is None or counter.day[:7] != month:
        return 0
    return min(max(counter.used - used_base, 0), max(counter.granted_of("month"), 0))


def _refused(seen: counts.Seen, passed: int) -> dict[Gate, int]:
    return {
        "firewall": seen.blocked,
        "gate": max(seen.executions - passed, 0),
        "ledger": max(seen.invocations - passed, 0),
    }


def _done(remembered: Memory, deed: Deed, now_s: int) -> Memory:
    left = tuple(each for each in remembered.pending if each != deed)
    if deed.act == "warn":
        return replace(remembered, pending=left)
    reason = f"{deed.refused} refused ({deed.gate}), allowance {deed.allowance}"
    if deed.act == "close":
        return replace(remembered, pending=left, reason=reason, closed_at=now_s)
    return replace(remembered, pending=left, reason=reason, disconnected_at=now_s)


def from_environment() -> Guard:
    """Read the variables that the deployment set.

    Raises
    ------
    ValueError
        When one is missing or of another form.
    """
    values = {name: os.environ.get(name, "") for name in _VARIABLES}
    if missing := [name for name, value in values.items() if not value]:
        raise ValueError(f"environment variables {', '.join(missing)} are not set; deploy again")
    if values["ON_FLOOD"] not in ("disconnect", "stay_up"):
        raise ValueError(f"ON_FLOOD is {values['ON_FLOOD']!r}; expected disconnect or stay_up")
    allowances: dict[Gate, int] = {"ledger": int(values["ALLOWANCE_LEDGER"])}
    if values["ON_FLOOD"] == "disconnect":
        allowances |= {"firewall": int(values["ALLOWANCE_FIREWALL"]), "gate": int(values["ALLOWANCE_GATE"])}

    @cache
    def hands() -> Hands:
        from inference.guard.hands import Hands

        return Hands(
            function=values["FUNCTION"],
            stack=values["STACK"],
            store_arn=values["STORE_ARN"],
            distribution=values["DISTRIBUTION_ID"],
            topic=values["TOPIC_ARN"],
        )

    return Guard(
        function=values["FUNCTION"],
        table=values["TABLE"],
        hands=hands,
        names=counts.Names(web_acl=values["WEB_ACL"], gate=values["GATE"], edge_function=values["EDGE_FUNCTION"]),
        allowances=allowances,
    )


_guard: list[Guard] = []


def prepare() -> Guard:
    """Return the environment's one `Guard`."""
    if not _guard:
        _guard.append(from_environment())
    return _guard[0]


def handler(_event: dict[str, Any], _context: object) -> None:
    """Look once; a failure is raised, so that the Errors metric and its alarm tell of it."""
    try:
        prepare().run()
    except (DynamoDbError, ConditionFailedError) as error:
        raise GuardError(_short(f"{type(error).__name__}: {error}")) from None


def _short(reason: str) -> str:
    """Return what fits the log that the bound allows a run, beside Lambda's own lines: 1,024 bytes in all."""
    return reason[:MAX_REASON]


# Start-up has ten seconds of its own. What acts is made ready there, so that a run that looks and acts in a fresh
# environment keeps to its ten: at 128 MB importing botocore and making three clients takes three of them.
if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    tls()
    prepare().hands().prepare()
