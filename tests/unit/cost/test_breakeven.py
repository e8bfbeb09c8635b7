"""Break-even against the table of facts/prices.md, and the memory sweep."""

from __future__ import annotations

from decimal import Decimal

import pytest

from edgewise.cost.breakeven import (
    MACHINES,
    SERVICES,
    MemoryPoint,
    Work,
    best_memory,
    break_even,
    memory_sweep,
    request_usd,
    table,
    verdict,
)

GPU, C7G_LARGE = MACHINES[0], MACHINES[3]

# facts/prices.md, "When the serverless edge is NOT cheaper": requests/s against one g4dn.xlarge. The page gives no
# memory and no body; 1,769 MB (one vCPU) and 50 kB from US edges reproduce all twelve figures.
FACTS = [
    (5, 49, 464, 365),
    (20, 34, 221, 209),
    (50, 21, 108, 112),
    (100, 13, 58, 64),
]


@pytest.mark.parametrize(("ms", "edge", "arm", "workers"), FACTS)
def test_the_table_of_the_facts_is_reproduced(ms: int, edge: int, arm: int, workers: int) -> None:
    # GIVEN the table's work WHEN the break-even is computed THEN it rounds to the table's figure
    work = Work(ms=Decimal(ms))
    rates = [round(break_even(work, service, GPU).rate_rps) for service in ("Lambda@Edge", "Lambda arm", "Workers")]
    assert rates == [edge, arm, workers]


def test_a_vcpu_hour_costs_what_the_facts_say() -> None:
    # GIVEN an hour of one vCPU WHEN priced without fees THEN .311 at the edge, .083 on arm, .072 on Workers, .036 c7g
    hour, moment = Work(ms=Decimal(3_600_000), request_bytes=0), Work(ms=Decimal(0), request_bytes=0)
    prices = {name: request_usd(hour, name) - request_usd(moment, name) for name in SERVICES}
    assert round(prices["Lambda@Edge"], 3) == Decimal("0.311")
    assert round(prices["Lambda arm"], 3) == Decimal("0.083")
    assert round(prices["Workers"], 3) == Decimal("0.072")


def test_one_request_by_hand() -> None:
    # GIVEN 40 ms at 512 MB and 67,500 bytes WHEN priced THEN .60 + .040 x .5 x 50.01 + 1.00 + 1.2573 per million
    work = Work(ms=Decimal(40), memory_mb=512, request_bytes=67_500)
    assert request_usd(work, "Lambda@Edge") * 1_000_000 == pytest.approx(Decimal("3.857486"), abs=Decimal("0.000001"))
    assert request_usd(work, "Lambda x86") * 1_000_000 == Decimal("0.533334")


def test_a_full_machine_never_wins() -> None:
    # GIVEN work of 100 ms WHEN one c7g.large (20 a second) is set against Lambda arm THEN 8 a second break even
    against_arm = break_even(Work(ms=Decimal(100)), "Lambda arm", C7G_LARGE)
    assert round(against_arm.rate_rps) == 8
    assert not against_arm.serverless_always_wins
    # GIVEN a machine whose vCPUs do less than that THEN it is full before it is cheaper, and that is what is said
    slow = break_even(Work(ms=Decimal(1), cpu_ms=Decimal(0), memory_mb=128), "Workers", C7G_LARGE)
    assert slow.capacity_rps == Decimal("27640.625")
    assert not slow.serverless_always_wins
    heavy = break_even(Work(ms=Decimal(1000), cpu_ms=Decimal(1)), "Workers", C7G_LARGE)
    assert heavy.serverless_always_wins
    assert "at any rate" in str(heavy)


def test_it_says_so_when_the_edge_loses() -> None:
    # GIVEN 40 ms of work WHEN it comes at 45 a second all day THEN the edge loses, and the text says to what
    text = verdict(Work(ms=Decimal(40), memory_mb=512), Decimal(45))
    assert "Lambda@Edge LOSES" in text
    assert "1 x c7g.large" in text


def test_even_a_quiet_function_pays_for_nearness() -> None:
    # GIVEN a tenth of a request a second WHEN compared THEN plain Lambda or Workers is cheaper and it is not hidden
    assert "LOSES" in verdict(Work(ms=Decimal(20)), Decimal("0.1"))


def test_the_table_has_every_pair() -> None:
    assert len(table(Work(ms=Decimal(20)))) == len(MACHINES) * len(SERVICES)


def test_an_unknown_service_is_refused() -> None:
    with pytest.raises(ValueError, match="service 'Fargate': use one of"):
        request_usd(Work(ms=Decimal(1)), "Fargate")


def test_memory_sweep() -> None:
    # GIVEN measured sizes WHEN priced THEN whole milliseconds count, and the cheapest within the limits is chosen
    points = [
        MemoryPoint(memory_mb=1769, warm_ms=Decimal("10.2"), cold_ms=Decimal(600)),
        MemoryPoint(memory_mb=512, warm_ms=Decimal("34.1"), cold_ms=Decimal(1900)),
        MemoryPoint(memory_mb=1024, warm_ms=Decimal("17.0"), cold_ms=Decimal(1000)),
    ]
    rows = memory_sweep(points)
    assert [row.point.memory_mb for row in rows] == [512, 1024, 1769]
    # 35 ms x .5 GB x .00005001 x 1M; 17 ms x 1 GB; 11 ms x 1.7275390625 GB
    assert [round(row.million_usd, 6) for row in rows] == [
        Decimal("0.875175"),
        Decimal("0.850170"),
        Decimal("0.950337"),
    ]
    assert best_memory(rows, Decimal(50), Decimal(3000)).point.memory_mb == 1024
    assert best_memory(rows, Decimal(12), Decimal(3000)).point.memory_mb == 1769
    with pytest.raises(ValueError, match="no memory size is within 5 ms warm"):
        best_memory(rows, Decimal(5), Decimal(3000))
