"""The gate: what it lets pass, and what it refuses with which numbers."""

from __future__ import annotations

import pytest

from edgewise.models.catalogue.entry import Judged
from edgewise.models.catalogue.recipe import Budgets
from edgewise.models.gate import GateError, Measured, check, check_splits, loss
from edgewise.models.tally import Tally


def judged(*right: tuple[int, int]) -> Judged:
    """Groups of 100 genuine and 100 impostors, of which so many were decided rightly."""
    groups = {
        f"person{index}": Tally(genuine=100, accepted=accepted, impostors=100, refused=refused)
        for index, (accepted, refused) in enumerate(right)
    }
    return Judged(groups=groups, data="made up")


GOOD = judged((100, 100), (99, 100), (98, 99), (100, 97))


def measured(found: Judged, *, size_bytes: int, latency_ms: float | None = None) -> Measured:
    return Measured(size_bytes=size_bytes, judged=found, latency_ms=latency_ms)


def test_the_loss_is_the_difference_of_the_balanced_accuracies() -> None:
    found = loss(judged((100, 100), (100, 100)), judged((100, 100), (90, 100)))
    assert found.points == pytest.approx(2.5)
    # one of two people lost ten of a hundred: a sample that holds that one twice lost twice as much
    assert found.upper_points == pytest.approx(5)


def test_the_bound_has_no_width_where_both_decide_alike() -> None:
    found = loss(GOOD, GOOD)
    assert (found.points, found.upper_points) == (0, 0)


def test_a_gain_is_a_negative_loss() -> None:
    assert loss(judged((90, 90)), judged((95, 95))).points == pytest.approx(-5)


def test_variants_must_be_judged_by_the_same_decisions() -> None:
    with pytest.raises(GateError, match="judged by other decisions"):
        loss(GOOD, judged((100, 100)))


def test_what_keeps_every_budget_passes() -> None:
    budgets = Budgets(accuracy_points=1, min_accuracy=0.9, min_size_ratio=4, min_speedup=2)
    lost = check(
        "tiny",
        budgets,
        fp32=measured(GOOD, size_bytes=4000, latency_ms=2),
        shipped=measured(judged((100, 100), (98, 100), (97, 99), (100, 96)), size_bytes=1000, latency_ms=1),
    )
    assert lost.points == pytest.approx(0.375)


@pytest.mark.parametrize(
    ("shipped", "message"),
    [
        (
            measured(judged((100, 100), (90, 100), (98, 99), (100, 97)), size_bytes=1000, latency_ms=1),
            r"loses 1\.12 points .*95 % upper bound of the loss 3\.\d+\), allowed: 1",
        ),
        (
            measured(GOOD, size_bytes=1001, latency_ms=1),
            r"4\.00 times smaller .*4000 to 1001 bytes\), at least 4 times",
        ),
        (measured(GOOD, size_bytes=1000, latency_ms=1.01), r"1\.98 times as fast .*2\.000 to 1\.010 ms\), at least 2"),
    ],
)
def test_what_misses_a_budget_is_refused_with_the_numbers(shipped: Measured, message: str) -> None:
    budgets = Budgets(accuracy_points=1, min_accuracy=0.9, min_size_ratio=4, min_speedup=2)
    with pytest.raises(GateError, match=f"tiny: the gate refuses this model: it is {message}|it {message}"):
        check("tiny", budgets, fp32=measured(GOOD, size_bytes=4000, latency_ms=2), shipped=shipped)


def test_a_build_from_a_lock_measures_no_time_and_is_not_refused_for_it() -> None:
    budgets = Budgets(min_speedup=9)
    check("tiny", budgets, fp32=measured(GOOD, size_bytes=2), shipped=measured(GOOD, size_bytes=1))


def test_a_model_that_knows_nothing_loses_nothing_and_is_refused() -> None:
    guess = judged((50, 50), (52, 49))
    with pytest.raises(GateError, match=r"accuracy is 50\.25%, at the low end .* 4\d\.\d\d%; at least 90\.00%"):
        check("tiny", Budgets(), fp32=measured(guess, size_bytes=2), shipped=measured(guess, size_bytes=1))


def test_all_misses_are_told_at_once() -> None:
    with pytest.raises(GateError) as caught:
        check(
            "tiny",
            Budgets(min_size_ratio=4),
            fp32=measured(GOOD, size_bytes=1000),
            shipped=measured(judged((10, 10), (10, 10), (10, 10), (10, 10)), size_bytes=999),
        )
    assert all(part in str(caught.value) for part in ("points", "demanded", "times smaller"))


def splits(**changed: frozenset[str]) -> dict[str, frozenset[str]]:
    found = {name: frozenset({f"{name}-{index}" for index in range(5)}) for name in ("calibration", "choice", "test")}
    return found | changed


def test_separate_splits_pass() -> None:
    check_splits("tiny", splits(training=frozenset({"t"})))


@pytest.mark.parametrize("other", ["calibration", "choice", "training"])
def test_a_split_that_shares_with_the_test_set_is_refused(other: str) -> None:
    both = " and ".join(repr(name) for name in sorted([other, "test"]))
    with pytest.raises(GateError, match=rf"tiny: the splits {both} share 2 \(test-1, test-3\); allowed: 0"):
        check_splits("tiny", splits(**{other: frozenset({"own", "test-1", "test-3"})}))


def test_many_shared_ids_are_not_all_listed() -> None:
    with pytest.raises(GateError, match=r"share 5 \(test-0, test-1, test-2, …\)"):
        check_splits("tiny", splits(choice=splits()["test"]))


def test_an_empty_or_missing_split_is_refused() -> None:
    with pytest.raises(GateError, match="the split 'test' is empty"):
        check_splits("tiny", splits(test=frozenset()))
    with pytest.raises(GateError, match="the split 'choice' is empty"):
        check_splits("tiny", {"calibration": frozenset({"a"}), "test": frozenset({"b"})})
