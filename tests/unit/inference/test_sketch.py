"""Merged quantiles keep their promised error, and a receipt stays small."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from inference.receipt import MAX_BYTES, Receipt
from inference.sketch import RELATIVE_ERROR, Sketch

SHARES = (0.0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0)


Values = NDArray[np.float64]


def latencies(kind: str, speed: float, draw: np.random.Generator) -> Values:
    if kind == "lognormal":
        return draw.lognormal(np.log(speed), 0.8, 500)
    if kind == "pareto":
        return np.asarray(speed * (1 + draw.pareto(2.0, 500)))
    if kind == "uniform":
        return draw.uniform(0.1, speed, 500)
    return np.where(draw.random(500) < 0.95, speed, 40.0 * speed)


def exact(values: Values, share: float) -> float:
    """Return the value at the rank that the paper defines."""
    return float(np.quantile(values, share, method="lower"))


@pytest.mark.parametrize("kind", ["lognormal", "pareto", "uniform", "two speeds"])
def test_merged_over_100_edges_within_one_percent(kind: str) -> None:
    # GIVEN 100 edges, each with 500 latencies of its own kind and speed
    draw = np.random.default_rng(7)
    edges = [latencies(kind, 5 + edge, draw) for edge in range(100)]

    # WHEN their sketches come by text and are merged
    merged = Sketch()
    for values in edges:
        sketch = Sketch()
        for value in values:
            sketch.add(float(value))
        merged.merge(Sketch.from_text(sketch.to_text()))

    # THEN each quantile is within the promised error of the exact one
    everything = np.concatenate(edges)
    assert len(merged) == everything.size
    for share in SHARES:
        assert merged.quantile(share) == pytest.approx(exact(everything, share), rel=RELATIVE_ERROR * 1.000001)


@given(st.lists(st.floats(1e-5, 1e9), min_size=1, max_size=60), st.integers(0, 3), st.sampled_from(SHARES))
def test_the_error_is_the_one_it_tells(values: list[float], joined: int, share: float) -> None:
    sketch = Sketch()
    for value in values:
        sketch.add(value)
    sketch.join(joined)
    assert sketch.quantile(share) == pytest.approx(
        exact(np.asarray(values), share), rel=sketch.relative_error * 1.000001
    )


@given(st.lists(st.floats(0, 1e6), max_size=40), st.lists(st.floats(0, 1e6), max_size=40), st.integers(0, 2))
def test_merging_is_adding(first: list[float], second: list[float], joined: int) -> None:
    one, other, both = Sketch(), Sketch(), Sketch()
    for sketch, values in ((one, first), (other, second), (both, first + second)):
        for value in values:
            sketch.add(value)
    other.join(joined)
    both.join(joined)
    one.merge(other)
    assert one.to_text() == both.to_text()
    assert Sketch.from_text(one.to_text()).to_text() == one.to_text()


def test_an_empty_sketch_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="empty"):
        Sketch().quantile(0.5)


def receipt_of(requests: int, *, sizes: int = 1) -> Receipt:
    draw = np.random.default_rng(3)
    receipt = Receipt(digest="sha256:" + "a" * 64, receipt_id="0123456789ab-17", unspent=3, leases=1)
    for number in range(requests):
        receipt.note(
            "ok" if number % 20 else "wrong-size",
            now_s=1_795_608_000 + number,
            latency_ms=float(draw.lognormal(np.log(15), 0.5)),
            bytes_up=67_500 + 500 * int(draw.integers(sizes)),
            bytes_down=131,
            score=float(draw.uniform(0.3, 0.95)),
        )
    receipt.note_devices({f"d{number}": 2 for number in range(25)})
    return receipt


def test_a_typical_lease_has_a_receipt_of_less_than_a_kilobyte_at_full_precision() -> None:
    text = receipt_of(50).to_text()
    assert len(text) <= MAX_BYTES
    assert json.loads(text)["latency_ms"].startswith("0;")
    assert len(text) < 800


@pytest.mark.parametrize("requests", [500, 10_000])
def test_a_large_one_gets_coarser_and_stays_small(requests: int) -> None:
    receipt = receipt_of(requests, sizes=400)
    text = receipt.to_text()
    assert len(text) <= MAX_BYTES
    assert Receipt.from_text(text).used == requests
    assert Receipt.from_text(text).sketches["latency_ms"].relative_error < 0.1


def test_no_device_stands_in_a_receipt() -> None:
    assert "d7" not in receipt_of(10).to_text()


def test_what_goes_up_is_a_thousandth_of_the_inputs() -> None:
    # The target of the design: under 0.1 % of the raw inputs' bytes.
    receipt = receipt_of(50)
    assert len(receipt.to_text()) / receipt.bytes_up < 0.001


def test_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="version"):
        Receipt.from_text('{"v":2,"id":"a"}')
