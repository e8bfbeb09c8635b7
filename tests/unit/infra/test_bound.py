"""What does not fit its budget is refused by name, figure, largest terms and a way out; nothing is declared."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from edgewise.cost.prices import PriceSheet, default_prices
from infra.bound import BudgetError, require_within_budget, stack_bound
from infra.models import pinned_models
from infra.settings import read_settings
from tests.unit.infra.program import MODEL_DIGEST, Recorder, run_program
from tests.unit.infra.test_settings import CONFIG, FUNCTION, encode


def with_function(**changes: Any) -> dict[str, Any]:
    return CONFIG | {
        "edgewise:models": {"face-match": MODEL_DIGEST},
        "edgewise:functions": {"face-match": FUNCTION | changes},
    }


TOO_MUCH: dict[str, dict[str, Any]] = {
    "budget of a dollar": {"monthly_budget_usd": 1},
    "budget below the fixed fees": {"monthly_budget_usd": 10},
    "quota over the budget": {"daily_quota": 2_000_000},
    "milliseconds over the budget": {"ms_per_request": 3000, "daily_quota": 100_000},
    "memory over the budget": {"memory_mb": 10_240},
    "timeout over the budget": {"timeout_s": 30, "memory_mb": 4096},
    "stay_up without a plan": {"on_flood": "stay_up"},
    "stay_up at a high rate": {"on_flood": "stay_up", "rate_cap_rps": 1000},
    "a rate cap that the flood fills": {"rate_cap_rps": 250_000, "on_flood": "stay_up"},
    "every edge of the world": {"price_class": "PriceClass_All", "daily_quota": 200_000},
    "a premium plan": {"plan": "premium"},
    "a business plan": {"plan": "business"},
    "leases of one": {"lease_least": 1, "renewals_daily": 20_000},
    "a plan that allows no key-value store": {"plan": "free"},
}


@pytest.mark.parametrize("case", TOO_MUCH, ids=lambda case: case.replace(" ", "-"))
def test_what_does_not_fit_is_refused_with_the_largest_terms_and_a_way_out(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = with_function(**TOO_MUCH[case])
    recorder = Recorder()

    with pytest.raises(BudgetError) as caught:
        run_program("dev", config, tmp_path=tmp_path, monkeypatch=monkeypatch, recorder=recorder)

    told = str(caught.value)
    budget = TOO_MUCH[case].get("monthly_budget_usd", FUNCTION["monthly_budget_usd"])
    assert "stack dev is refused, nothing was declared" in told
    assert "face-match on cloudfront: the worst month costs" in told
    assert f"budget {budget} USD" in told
    assert "largest: " in told
    assert "would fit" in told or "no single setting makes it fit" in told
    assert recorder.declared == []


def test_what_fits_says_so_in_the_stacks_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_program("dev", with_function(), tmp_path=tmp_path, monkeypatch=monkeypatch)
    settings = read_settings("dev", encode(with_function()))

    worst = stack_bound(settings, {name: model.manifest for name, model in pinned_models(settings).items()})

    output = worst.to_output()
    assert Decimal(output["total_usd"]) == worst.total_usd
    assert worst.functions["face-match"].total_usd <= FUNCTION["monthly_budget_usd"]
    terms = output["functions"]["face-match"]["terms"]
    assert sum(map(Decimal, terms.values())) == worst.functions["face-match"].total


def refused(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    *,
    model_bytes: int | None = None,
    sheet: PriceSheet | None = None,
    **changes: Any,
) -> str:
    """Compute without the program: for what a stack's YAML can't say."""
    run_program("dev", with_function(), tmp_path=tmp_path, monkeypatch=monkeypatch)
    for module in ("edgewise.cost.bound", "edgewise.cost.advice"):
        monkeypatch.setattr(f"{module}.default_prices", lambda: sheet or default_prices())
    settings = read_settings("dev", encode(with_function(**changes)))
    manifests = {name: model.manifest for name, model in pinned_models(settings).items()}
    if model_bytes is not None:
        manifests = {name: replace(manifest, bytes=model_bytes) for name, manifest in manifests.items()}
    with pytest.raises(BudgetError) as caught:
        require_within_budget(settings, manifests)
    return str(caught.value)


def test_a_model_too_large_for_its_cold_grants_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = refused(monkeypatch, tmp_path, model_bytes=64_000_000, cold_grants_daily=2_000)

    assert "C·c" in told
    assert "would fit" in told


def test_a_missing_price_is_unknown_and_refused_at_any_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = default_prices().without("waf.request")

    told = refused(monkeypatch, tmp_path, sheet=sheet, monthly_budget_usd=1_000_000)

    assert "the worst month costs UNKNOWN" in told
    assert "waf.request" in told
