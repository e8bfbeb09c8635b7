"""Stop and start: both places, in order, never shorter, and again where they were cut off."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from edgewise.operate import FOREVER_S, IncompleteError, OperateError, RefusedError, history, look, start, stop
from inference import counter
from tests.unit.inference.world import FUNCTION, limits
from tests.unit.operate.world import DISTRIBUTION, MIDNIGHT_S, MONTH_END_S, NOON_S, TARGET, World

HOUR_S = int(NOON_S) + 3_600


def put_counter(stack: World, *, day: str = "2026-11-25", **left: Any) -> None:
    wanted = limits()
    numbers = counter.quotas(wanted) | left
    stack.put(
        {
            "pk": {"S": f"counter#{FUNCTION}#cloudfront"},
            "day": {"S": day},
            "terms": {"S": counter.terms(wanted)},
            **{name: {"N": str(value)} for name, value in numbers.items()},
        }
    )


def test_a_stop_closes_both_and_is_recorded(stack: World) -> None:
    told: list[str] = []
    outcome = stop(stack.cloud, TARGET, until_s=HOUR_S, why=" a flood ", say=told.append)
    assert stack.override() == {
        "pk": f"override#{FUNCTION}",
        "closed_until": str(HOUR_S),
        "who": "ann",
        "when": "2026-11-25T12:00:00.000Z",
        "why": "a flood",
    }
    assert stack.store.value == str(HOUR_S)
    assert outcome.done == told
    assert len(told) == 3
    (action,) = history(stack.cloud, TARGET)
    assert (action.action, action.who, action.why) == ("stop", "ann", "a flood")
    assert action.details == f"until={HOUR_S}"
    position = look(stack.cloud, TARGET)
    assert (position.open, str(position)) == (False, "closed until 2026-11-25T13:00:00Z")


def test_the_record_leaves_with_time(stack: World) -> None:
    stop(stack.cloud, TARGET, until_s=None, why="test")
    records = [item for item in stack.table.client.scan(TableName=TARGET.table)["Items"] if "expires" in item]
    assert [int(item["expires"]["N"]) - int(NOON_S) for item in records] == [400 * 86_400]


def test_without_an_end_it_is_closed_until_further_notice(stack: World) -> None:
    stop(stack.cloud, TARGET, until_s=None, why="test")
    assert (stack.override()["closed_until"], stack.store.value) == (str(FOREVER_S), str(FOREVER_S))
    assert str(look(stack.cloud, TARGET)) == "closed until further notice"


def test_a_later_end_stays_in_each_place(stack: World) -> None:
    stop(stack.cloud, TARGET, until_s=HOUR_S, why="first")
    stack.store.write(str(MIDNIGHT_S))
    stop(stack.cloud, TARGET, until_s=HOUR_S - 60, why="shorter")
    assert (stack.override()["closed_until"], stack.store.value) == (str(HOUR_S), str(MIDNIGHT_S))
    stop(stack.cloud, TARGET, until_s=HOUR_S + 60, why="longer")
    assert (stack.override()["closed_until"], stack.store.value) == (str(HOUR_S + 60), str(MIDNIGHT_S))
    assert stack.store.puts == 1


@pytest.mark.parametrize("damaged", [{"S": str(FOREVER_S)}, {"N": "-1"}, {"NULL": True}], ids=str)
@pytest.mark.parametrize("value", [None, "never", ""])
def test_what_cannot_be_read_is_closed_and_a_stop_says_until_when(
    stack: World, damaged: dict[str, Any], value: str | None
) -> None:
    stack.put({"pk": {"S": f"override#{FUNCTION}"}, "closed_until": damaged})
    stack.store.value = value
    assert str(look(stack.cloud, TARGET)) == "closed: a closed_until can't be read"
    stop(stack.cloud, TARGET, until_s=HOUR_S, why="test")
    assert (stack.override()["closed_until"], stack.store.value) == (str(HOUR_S), str(HOUR_S))


@pytest.mark.parametrize("statuses", [[409], [412], [409, 412, 409, 412, 409]], ids=str)
def test_a_store_that_others_write_is_tried_again(stack: World, statuses: list[int]) -> None:
    stack.store.faults = list(statuses)
    stop(stack.cloud, TARGET, until_s=HOUR_S, why="test")
    assert stack.store.value == str(HOUR_S)
    assert len(stack.slept) == len(statuses)


def test_another_writer_in_between_is_seen(stack: World) -> None:
    # GIVEN a settle function that closes until midnight right before this write
    stack.store.before_put = [lambda: stack.store.write(str(MIDNIGHT_S))]
    stop(stack.cloud, TARGET, until_s=HOUR_S, why="test")
    assert stack.store.value == str(MIDNIGHT_S)


def test_what_failed_is_told_and_the_same_command_completes_it(stack: World) -> None:
    # GIVEN a store that doesn't answer
    stack.store.down = True
    with pytest.raises(IncompleteError) as failed:
        stop(stack.cloud, TARGET, until_s=HOUR_S, why="test")

    # THEN the error says what stands and what does not
    told = str(failed.value)
    assert "gate's store: DescribeKeyValueStore answered InternalServerException" in told
    assert "Done: no lease is granted until 2026-11-25T13:00:00Z." in told
    assert "Not done: gate's store, record." in told
    assert stack.override()["closed_until"] == str(HOUR_S)
    assert history(stack.cloud, TARGET) == []

    # WHEN it answers again, THEN the same command does the rest, once
    stack.store.down = False
    stop(stack.cloud, TARGET, until_s=HOUR_S, why="test")
    assert stack.store.value == str(HOUR_S)
    assert len(history(stack.cloud, TARGET)) == 1


@pytest.mark.parametrize(
    ("call", "left"), [("update_item", "override item, gate's store, record"), ("put_item", "record")]
)
def test_a_table_that_fails_is_told_likewise(stack: World, call: str, left: str) -> None:
    stack.table.faults[call] = 1
    with pytest.raises(IncompleteError, match=f"Not done: {left}"):
        stop(stack.cloud, TARGET, until_s=HOUR_S, why="test")
    stop(stack.cloud, TARGET, until_s=HOUR_S, why="test")
    assert len(history(stack.cloud, TARGET)) == 1


def test_a_store_that_conflicts_for_ever_is_given_up(stack: World) -> None:
    stack.store.faults = [409] * 99
    with pytest.raises(IncompleteError, match="others wrote the gate's store in each of 8 attempts"):
        stop(stack.cloud, TARGET, until_s=HOUR_S, why="test")


def test_bad_input_changes_nothing(stack: World) -> None:
    with pytest.raises(RefusedError, match="until 2026-11-25T11:59:59Z: that has passed"):
        stop(stack.cloud, TARGET, until_s=int(NOON_S) - 1, why="test")
    with pytest.raises(RefusedError, match="--why is empty"):
        stop(stack.cloud, TARGET, until_s=None, why="  ")
    with pytest.raises(RefusedError, match="--why is empty"):
        start(stack.cloud, TARGET, why="")
    assert stack.override() == {}
    assert stack.store.value == "0"


def test_a_start_takes_both_back_whoever_closed(stack: World) -> None:
    stop(stack.cloud, TARGET, until_s=None, why="test")
    stack.now_s[0] += 0.002
    outcome = start(stack.cloud, TARGET, why="over")
    assert "closed_until" not in stack.override()
    assert (stack.store.value, outcome.warnings) == ("0", [])
    assert look(stack.cloud, TARGET).open
    assert [action.action for action in history(stack.cloud, TARGET)] == ["start", "stop"]
    start(stack.cloud, TARGET, why="again")
    assert look(stack.cloud, TARGET).open


def test_a_start_keeps_the_canary(stack: World) -> None:
    stack.put({"pk": {"S": f"override#{FUNCTION}"}, "closed_until": {"N": "5"}, "canary_percent": {"N": "10"}})
    start(stack.cloud, TARGET, why="over")
    assert stack.override()["canary_percent"] == "10"


@pytest.mark.parametrize(
    ("left", "until", "name"),
    [
        ({"day_remaining": 0}, MIDNIGHT_S, "day"),
        ({"day_remaining": -5}, MIDNIGHT_S, "day"),
        ({"ms_remaining": 39}, MIDNIGHT_S, "day"),
        ({"cold_remaining": 0, "renewals_remaining": 0}, MIDNIGHT_S, "day"),
        ({"month_remaining": 0}, MONTH_END_S, "month"),
    ],
)
def test_a_start_leaves_the_gate_closed_while_a_quota_is_used_up(
    stack: World, left: dict[str, Any], until: int, name: str
) -> None:
    if name == "month":
        stack.put_limits(limits(monthly_quota=10**13 - 1))
    put_counter(stack, **left)
    stop(stack.cloud, TARGET, until_s=None, why="test")
    outcome = start(stack.cloud, TARGET, why="over")
    assert "closed_until" not in stack.override()
    assert stack.store.value == str(until)
    (warning,) = outcome.warnings
    assert warning.startswith(f"the {name}'s quota is used up: the gate opens by itself at 2026-1")


@pytest.mark.parametrize(
    ("day", "left"),
    [
        ("2026-11-25", {"day_remaining": 1}),
        ("2026-11-25", {"cold_remaining": 0}),
        ("2026-11-25", {"renewals_remaining": 0}),
        ("2026-11-24", {"day_remaining": 0}),
        ("2026-10-31", {"day_remaining": 0, "month_remaining": 0}),
    ],
)
def test_a_start_opens_where_something_is_left(stack: World, day: str, left: dict[str, int]) -> None:
    put_counter(stack, day=day, **left)
    start(stack.cloud, TARGET, why="over")
    assert stack.store.value == "0"


def test_a_quota_raised_since_opens_again(stack: World) -> None:
    put_counter(stack, day_remaining=0, ms_remaining=0)
    stack.put_limits(limits(daily_quota=201))
    start(stack.cloud, TARGET, why="raised")
    assert stack.store.value == "0"


def test_a_quota_used_up_while_the_gate_opens_closes_it_again(stack: World) -> None:
    # GIVEN a settle function that closes right before this write, for the day has ended
    def settle() -> None:
        put_counter(stack, day_remaining=0)
        stack.store.write(str(MIDNIGHT_S))

    stack.store.write(str(FOREVER_S))
    stack.store.before_put = [settle]
    start(stack.cloud, TARGET, why="over")
    assert stack.store.value == str(MIDNIGHT_S)


def test_a_start_after_the_guard_says_what_that_may_cost(stack: World) -> None:
    guard = {"pk": {"S": f"guard#{FUNCTION}"}, "reason": {"S": "refused at the ledger: 100,000 of 100,000"}}
    stack.put(guard | {"closed_at": {"N": str(int(NOON_S) - 60)}})
    (warning,) = start(stack.cloud, TARGET, why="over", another_flood_usd=lambda: Decimal("3.456")).warnings
    assert "the guard closed it at 2026-11-25T11:59:00Z (refused at the ledger: 100,000 of 100,000)" in warning
    assert "up to 3.46 USD once more this month" in warning

    stack.put(guard | {"disconnected_at": {"N": str(int(NOON_S) - 60)}})
    warnings = start(stack.cloud, TARGET, why="over").warnings
    assert "disabled its distribution" in warnings[0]
    assert "what the worst bill counts for it once more" in warnings[0]
    assert len(warnings) == 1

    stack.put(guard | {"closed_at": {"N": str(int(NOON_S) - 30 * 86_400)}})
    assert start(stack.cloud, TARGET, why="over").warnings == []


def test_a_start_leaves_a_disabled_distribution_and_says_how_to_enable_it(stack: World) -> None:
    stack.cloudfront.write(Enabled=False)
    outcome = start(stack.cloud, TARGET, why="over")
    (warning,) = outcome.warnings
    assert DISTRIBUTION in warning
    assert "--enable-distribution" in warning
    assert stack.cloudfront.config["Enabled"] is False
    position = look(stack.cloud, TARGET)
    assert (position.open, position.enabled, str(position)) == (False, False, "the distribution is disabled")


def test_a_start_whose_caller_may_not_look_at_the_distribution_opens_all_the_same(stack: World) -> None:
    stop(stack.cloud, TARGET, until_s=None, why="test")
    stack.cloudfront.down = True
    (warning,) = start(stack.cloud, TARGET, why="over").warnings
    assert "is enabled can't be said: GetDistributionConfig answered AccessDenied" in warning
    assert stack.store.value == "0"


def test_a_start_enables_the_distribution_when_asked_and_that_is_recorded(stack: World) -> None:
    # GIVEN a distribution that the guard disabled
    stack.cloudfront.write(Enabled=False)
    stack.put({"pk": {"S": f"guard#{FUNCTION}"}, "disconnected_at": {"N": str(int(NOON_S) - 60)}})

    # WHEN it is started with it
    usd = Decimal(3)
    outcome = start(stack.cloud, TARGET, why="over", enable_distribution=True, another_flood_usd=lambda: usd)

    # THEN nothing else of it is changed, the cost is told, and the record says it
    assert stack.cloudfront.config == {"Enabled": True, "Comment": "as deployed"}
    (warning,) = outcome.warnings
    assert "disabled its distribution" in warning
    assert "up to 3.00 USD once more" in warning
    (action,) = history(stack.cloud, TARGET)
    assert action.details == f"distribution={DISTRIBUTION} enabled"
    assert look(stack.cloud, TARGET).open

    # AND once more changes nothing
    etag = stack.cloudfront.etag
    outcome = start(stack.cloud, TARGET, why="again", enable_distribution=True)
    assert stack.cloudfront.etag == etag
    assert f"the distribution {DISTRIBUTION} is enabled already" in outcome.done


@pytest.mark.parametrize("others", [1, 2, 3])
def test_a_distribution_that_others_change_is_tried_again(stack: World, others: int) -> None:
    stack.cloudfront.write(Enabled=False)
    stack.cloudfront.before_update = [lambda: stack.cloudfront.write(Comment="theirs")] * others
    if others < 3:
        start(stack.cloud, TARGET, why="over", enable_distribution=True)
        assert stack.cloudfront.config == {"Enabled": True, "Comment": "theirs"}
        return
    told = (
        r"others changed .* in each of 3 attempts\. Done: leases are granted again; .* Not done: distribution, record"
    )
    with pytest.raises(IncompleteError, match=told):
        start(stack.cloud, TARGET, why="over", enable_distribution=True)
    start(stack.cloud, TARGET, why="over", enable_distribution=True)
    assert stack.cloudfront.config["Enabled"] is True
    assert len(history(stack.cloud, TARGET)) == 1


def test_a_start_whose_guard_cannot_be_read_changes_nothing(stack: World) -> None:
    stop(stack.cloud, TARGET, until_s=None, why="test")
    stack.table.faults["get_item"] = 1
    with pytest.raises(OperateError, match=r"the guard's memory: get_item answered InternalServerError.*Nothing was"):
        start(stack.cloud, TARGET, why="over")
    assert stack.store.value == str(FOREVER_S)


def test_a_start_that_cannot_read_the_counter_leaves_the_gate_closed(stack: World) -> None:
    stop(stack.cloud, TARGET, until_s=None, why="test")
    stack.put({"pk": {"S": f"counter#{FUNCTION}#cloudfront"}, "day": {"S": "2026-11-25"}})
    with pytest.raises(IncompleteError, match="the counter item can't be read"):
        start(stack.cloud, TARGET, why="over")
    assert stack.store.value == str(FOREVER_S)
