"""Every bad value is refused by key, value, limit and source; nothing is declared before."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from edgewise.paths import PROJECT_ROOT
from infra.settings import SettingsError, read_settings

DIGEST = "sha256:" + "0" * 64
FUNCTION: dict[str, Any] = {
    "model": "face-match",
    "edges": ["cloudfront"],
    "memory_mb": 512,
    "timeout_s": 3,
    "daily_quota": 20000,
    "ms_per_request": 40,
    "rate_cap_rps": 20,
    "monthly_budget_usd": 80,
    "on_flood": "disconnect",
}
CONFIG: dict[str, Any] = {
    "aws:region": "us-east-1",
    "edgewise:costCentre": "vision",
    "edgewise:alertEmails": ["vision@example.com"],
    "edgewise:models": {"face-match": DIGEST},
    "edgewise:functions": {"face-match": FUNCTION},
}


def encode(config: dict[str, Any]) -> dict[str, str]:
    """Write a configuration the way the engine hands it over: every value as text."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


def with_function(**changes: Any) -> dict[str, Any]:
    return CONFIG | {"edgewise:functions": {"face-match": FUNCTION | changes}}


def without(key: str) -> dict[str, Any]:
    kept = {name: value for name, value in FUNCTION.items() if name != key}
    return CONFIG | {"edgewise:functions": {"face-match": kept}}


IN_FUNCTION = "edgewise:functions.face-match"

BAD: dict[str, tuple[dict[str, Any], list[str]]] = {
    "unknown model": (with_function(model="face-mach"), [f"{IN_FUNCTION}.model", "'face-mach'", "pinned: face-match"]),
    "negative quota": (with_function(daily_quota=-1), [f"{IN_FUNCTION}.daily_quota", "-1", "equal to 1"]),
    "quota of zero": (with_function(daily_quota=0), [f"{IN_FUNCTION}.daily_quota", "0", "equal to 1"]),
    "quota beyond the platform": (
        with_function(daily_quota=11_232_000_001),
        [f"{IN_FUNCTION}.daily_quota", "11232000001", "11232000000", "13 Regions"],
    ),
    "quota as text": (with_function(daily_quota="20000"), [f"{IN_FUNCTION}.daily_quota", "'20000'", "valid integer"]),
    "quota as fraction": (with_function(daily_quota=0.5), [f"{IN_FUNCTION}.daily_quota", "0.5", "valid integer"]),
    "memory of 127": (with_function(memory_mb=127), [f"{IN_FUNCTION}.memory_mb", "127", "128", "AWS Lambda quotas"]),
    "memory of 10241": (with_function(memory_mb=10241), [f"{IN_FUNCTION}.memory_mb", "10241", "10240"]),
    "timeout over the platform's": (
        with_function(timeout_s=31),
        [f"{IN_FUNCTION}.timeout_s", "31", "30", "Lambda@Edge functions run for at most 30 s"],
    ),
    "timeout of zero": (with_function(timeout_s=0), [f"{IN_FUNCTION}.timeout_s", "0", "equal to 1"]),
    "no rate cap": (without("rate_cap_rps"), [f"{IN_FUNCTION}.rate_cap_rps", "missing", "AWS WAF"]),
    "rate cap of zero": (with_function(rate_cap_rps=0), [f"{IN_FUNCTION}.rate_cap_rps", "0", "equal to 1"]),
    "rate cap over the quota": (
        with_function(rate_cap_rps=250_001),
        [f"{IN_FUNCTION}.rate_cap_rps", "250001", "250000", "Amazon CloudFront quotas"],
    ),
    "a cap for one address over the cap for all": (
        with_function(rate_cap_ip_rps=21),
        [IN_FUNCTION, "rate_cap_ip_rps 21", "rate_cap_rps 20", "lower rate_cap_ip_rps"],
    ),
    "a cap of nothing for an address": (with_function(rate_cap_ip_rps=0), [f"{IN_FUNCTION}.rate_cap_ip_rps", "0"]),
    "a negative allowance": (
        with_function(allowance_ledger=-1),
        [f"{IN_FUNCTION}.allowance_ledger", "-1", "equal to 0", "the bound prices"],
    ),
    "no budget": (without("monthly_budget_usd"), [f"{IN_FUNCTION}.monthly_budget_usd", "missing"]),
    "budget below a dollar": (with_function(monthly_budget_usd=0), [f"{IN_FUNCTION}.monthly_budget_usd", "0", "1"]),
    "milliseconds over the timeout": (
        with_function(ms_per_request=3001),
        [IN_FUNCTION, "ms_per_request 3001", "timeout_s 3", "3000 ms"],
    ),
    "lease over the quota": (
        with_function(daily_quota=40, lease_requests=50),
        [IN_FUNCTION, "lease_requests 50", "daily_quota 40"],
    ),
    "lease of zero seconds": (with_function(lease_seconds=0), [f"{IN_FUNCTION}.lease_seconds", "0", "10"]),
    "an edge that does not exist": (
        with_function(edges=["fastly"]),
        [f"{IN_FUNCTION}.edges", "'fastly'", "cloudfront"],
    ),
    "no edge": (with_function(edges=[]), [f"{IN_FUNCTION}.edges", "at least 1"]),
    "an edge twice": (with_function(edges=["cloudfront"] * 2), [f"{IN_FUNCTION}.edges", "twice"]),
    "unknown key": (with_function(colour="red"), [f"{IN_FUNCTION}.colour", "'red'", "known keys", "memory_mb"]),
    "unknown flood response": (with_function(on_flood="pray"), [f"{IN_FUNCTION}.on_flood", "'pray'", "'stay_up'"]),
    "certificate in another Region": (
        with_function(
            domain={"name": "a.example.com", "certificate_arn": "arn:aws:acm:eu-west-1:000000000000:certificate/a"}
        ),
        [f"{IN_FUNCTION}.domain.certificate_arn", "eu-west-1", "us-east-1"],
    ),
    "a name too long": (
        CONFIG | {"edgewise:functions": {"f" * 33: FUNCTION}},
        ["f" * 33, "33 characters", "64", "CloudFront API"],
    ),
    "a name with a capital": (CONFIG | {"edgewise:functions": {"Face": FUNCTION}}, ["'Face'", "a-z"]),
    "a guard's name": (CONFIG | {"edgewise:functions": {"face-guard": FUNCTION}}, ["'face-guard'", "-guard, -clock"]),
    "settle's name": (CONFIG | {"edgewise:functions": {"settle": FUNCTION}}, ["'settle'", "another name"]),
    "no function": (CONFIG | {"edgewise:functions": {}}, ["edgewise:functions", "at least 1"]),
    "functions as a list": (CONFIG | {"edgewise:functions": [FUNCTION]}, ["edgewise:functions", "dictionary"]),
    "another Region": (CONFIG | {"aws:region": "eu-central-1"}, ["aws:region", "'eu-central-1'", "us-east-1"]),
    "a digest that is none": (
        CONFIG | {"edgewise:models": {"face-match": "latest"}},
        ["edgewise:models", "'latest'", "64 hexadecimal digits"],
    ),
    "a retention that is not offered": (
        CONFIG | {"edgewise:logRetentionDays": 15},
        ["edgewise:logRetentionDays", "15", "14", "CloudWatch Logs"],
    ),
    "three keys": (CONFIG | {"edgewise:keyIds": ["k1", "k2", "k3"]}, ["edgewise:keyIds", "at most 2"]),
    "a key id with a capital": (CONFIG | {"edgewise:keyIds": ["K1"]}, ["edgewise:keyIds", "'K1'"]),
    "unknown top-level key": (CONFIG | {"edgewise:quota": 5}, ["edgewise:quota", "'5'", "edgewise:functions"]),
    "no address for alerts": (CONFIG | {"edgewise:alertEmails": []}, ["edgewise:alertEmails", "at least 1"]),
    "an address without a domain": (CONFIG | {"edgewise:alertEmails": ["ops"]}, ["edgewise:alertEmails", "'ops'"]),
    "an address twice": (
        CONFIG | {"edgewise:alertEmails": ["a@example.com", "A@example.com"]},
        ["edgewise:alertEmails", "twice"],
    ),
    "no alerts at all": (
        {key: value for key, value in CONFIG.items() if key != "edgewise:alertEmails"},
        ["edgewise:alertEmails", "missing"],
    ),
    "no cost centre": (
        {key: value for key, value in CONFIG.items() if key != "edgewise:costCentre"},
        ["edgewise:costCentre", "missing"],
    ),
}


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.replace(" ", "-"))
def test_a_bad_value_is_refused_with_key_value_and_limit(case: str) -> None:
    config, expected = BAD[case]

    with pytest.raises(SettingsError) as caught:
        read_settings("dev", encode(config))

    message = str(caught.value)
    assert "stack dev is refused, nothing was declared" in message
    for part in expected:
        assert part in message


def test_every_bad_value_is_told_at_once() -> None:
    config = with_function(memory_mb=127, timeout_s=31, colour="red") | {"edgewise:quota": 5}

    with pytest.raises(SettingsError) as caught:
        read_settings("dev", encode(config))

    assert len(str(caught.value).splitlines()) == 5


def test_a_stack_name_that_would_outgrow_the_names_is_refused() -> None:
    with pytest.raises(SettingsError, match="at most 14 characters"):
        read_settings("a-very-long-stack", encode(CONFIG))


def test_good_settings_are_read_as_written() -> None:
    settings = read_settings("dev", encode(CONFIG))

    function = settings.functions["face-match"]
    assert (function.memory_mb, function.daily_quota, function.lease_requests) == (512, 20000, 50)
    assert settings.tags("face-match") == {
        "edgewise:environment": "dev",
        "edgewise:cost-centre": "vision",
        "edgewise:function": "face-match",
    }
    assert not settings.protects_data


@pytest.mark.parametrize(("cap", "own", "address"), [(20, None, 10), (1, None, 1), (20, 20, 20), (20, 3, 3)])
def test_one_address_gets_half_of_the_cap_or_what_the_owner_says(cap: int, own: int | None, address: int) -> None:
    config = with_function(rate_cap_rps=cap, rate_cap_ip_rps=own)

    assert read_settings("dev", encode(config)).functions["face-match"].address_cap_rps == address


def test_allowances_are_the_bounds_own_unless_the_owner_says_otherwise() -> None:
    function = read_settings("dev", encode(with_function(allowance_ledger=20_000))).functions["face-match"]

    assert (function.allowance_firewall, function.allowance_gate) == (1_000_000, 300_000)
    assert function.allowance_ledger == 20_000


def test_settings_can_not_be_changed() -> None:
    settings = read_settings("dev", encode(CONFIG))

    with pytest.raises(ValueError, match="frozen"):
        settings.functions["face-match"].memory_mb = 1024


@pytest.mark.parametrize("path", sorted((PROJECT_ROOT / "stacks").glob("Pulumi.*.yaml")), ids=lambda path: path.name)
def test_a_shipped_stack_is_accepted(path: Path) -> None:
    config = yaml.safe_load(path.read_text())["config"] | {"aws:region": "us-east-1"}

    settings = read_settings(path.name.split(".")[1], encode(config))

    assert settings.functions
