"""The operators' verbs: what they hand on, what they show, and how they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from edgewise import engine
from edgewise.cli import operating
from edgewise.cli.exits import CliError
from edgewise.cli.main import app
from edgewise.cli.operating import until_s
from edgewise.operate import FOREVER_S
from tests.unit.inference.world import digest, limits, small_model
from tests.unit.operate.world import ARN, DISTRIBUTION, NOON_S, TARGET, World, world

PINNED, CANARY = small_model(), small_model(threshold=1.0)
OUTPUTS = {
    "endpoints": {"face-match": {"kid": "k1", "store_arn": ARN, "distribution_id": DISTRIBUTION}},
    "signing_keys": {"face-match": {"k1": "1" * 64}},
    "model_bucket": TARGET.bucket,
}


def run(*args: str) -> Result:
    return CliRunner().invoke(app, list(args))


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Let the verbs find a deployed stack `test` whose cloud is in this process."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(engine, "outputs", lambda *_, **__: OUTPUTS)
    with world() as made:
        monkeypatch.setattr(operating, "cloud_of", lambda _: made.cloud)
        monkeypatch.setattr("edgewise.cli.stop.time.time", lambda: NOON_S)
        made.put_limits(limits(model_digest=made.put_model(PINNED)))
        yield made


def on_test(*args: str) -> Result:
    return run(*args, "--stack", "test")


def test_help_of_every_verb_has_an_example() -> None:
    for verb in ("stop", "start", "rollout", "rollback", "history"):
        result = run(verb, "--help")
        assert result.exit_code == 0
        assert f"Example: edgewise {verb}" in result.stdout
        assert "--json" in result.stdout
        assert "--stack" in result.stdout


def test_stop_and_start(stack: World) -> None:
    result = on_test("stop", "face-match", "--until", "2h", "--why", "a flood")
    assert result.exit_code == 0, result.output
    assert stack.store.value == str(int(NOON_S) + 7_200)
    assert "the gate is closed until 2026-11-25T14:00:00Z" in result.stderr
    assert result.stdout.startswith("stop face-match: done")
    result = on_test("start", "face-match", "--why", "over", "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["action"], told["who"], told["why"], len(told["done"])) == ("start", "ann", "over", 3)
    assert stack.store.value == "0"


def test_a_stop_without_an_end(stack: World) -> None:
    assert on_test("stop", "face-match", "--why", "a flood").exit_code == 0
    assert stack.store.value == str(FOREVER_S)


def test_rollout_rollback_and_history(stack: World) -> None:
    named = stack.put_model(CANARY)
    result = on_test("rollout", "face-match", named, "--percent", "10", "--why", "try it")
    assert result.exit_code == 0, result.output
    assert stack.override()["canary_percent"] == "10"
    shown = json.loads(on_test("history", "face-match", "--json").stdout)
    assert (shown["now"]["canary_digest"], shown["now"]["open"]) == (named, True)
    assert [action["action"] for action in shown["actions"]] == ["rollout"]
    assert "try it" in on_test("history", "face-match").stdout
    assert on_test("rollback", "face-match", "--why", "worse").exit_code == 0
    assert "canary_digest" not in stack.override()


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["stop", "face-match", "--until", "tomorrow", "--why", "x"], "--until 'tomorrow': give a time such as"),
        (["stop", "face-match", "--until", "2026-11-25T11:00", "--why", "x"], "that has passed"),
        (["stop", "face-match", "--why", " "], "--why is empty"),
        (["stop", "face-mtach", "--why", "x"], "function 'face-mtach': stack test has face-match"),
        (["rollout", "face-match", "latest", "--percent", "10", "--why", "x"], "digest 'latest': must be 'sha256:'"),
        (["rollout", "face-match", digest(CANARY), "--percent", "101", "--why", "x"], "percent 101.0: must be from 0"),
        (["rollout", "face-match", digest(PINNED), "--percent", "1", "--why", "x"], "the pinned model itself"),
    ],
)
def test_bad_input_ends_with_2_and_changes_nothing(stack: World, args: list[str], sentence: str) -> None:
    result = on_test(*args)
    assert result.exit_code == 2, result.output
    assert sentence in result.stderr
    assert stack.override() == {}
    assert stack.store.value == "0"


def test_why_is_asked_for(stack: World) -> None:
    assert on_test("stop", "face-match").exit_code == 2
    assert stack.override() == {}


def test_what_is_half_done_ends_with_1_and_says_so(stack: World) -> None:
    stack.store.down = True
    result = on_test("stop", "face-match", "--why", "x", "--json")
    assert result.exit_code == 1
    told: dict[str, Any] = json.loads(result.stdout)
    assert "Not done: gate's store, record. The same command again completes it." in told["error"]


def test_a_guard_that_acted_is_told_with_its_cost(stack: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.put({"pk": {"S": "guard#face-match"}, "closed_at": {"N": str(int(NOON_S) - 60)}})
    result = on_test("start", "face-match", "--why", "over")
    assert result.exit_code == 0, result.output
    assert "warning: the guard closed it" in result.stderr
    assert "what the worst bill counts for it once more" in result.stderr  # stack `test` has no settings
    monkeypatch.setattr("edgewise.cli.start._flood_usd", lambda *_: 3)
    assert "up to 3.00 USD once more" in on_test("start", "face-match", "--why", "over").stderr


def test_a_disabled_distribution_is_told_and_enabled_when_asked(stack: World) -> None:
    stack.cloudfront.write(Enabled=False)
    result = on_test("start", "face-match", "--why", "over")
    assert result.exit_code == 0, result.output
    # The console wraps a long line where it likes.
    assert "the same command with --enable-distribution enables it" in " ".join(result.stderr.split())
    assert stack.cloudfront.config["Enabled"] is False
    assert json.loads(on_test("history", "face-match", "--json").stdout)["now"]["enabled"] is False
    result = on_test("start", "face-match", "--why", "over", "--enable-distribution", "--json")
    assert result.exit_code == 0, result.output
    assert stack.cloudfront.config["Enabled"] is True
    assert json.loads(result.stdout)["warnings"] == []
    assert DISTRIBUTION in on_test("history", "face-match", "--json").stdout


def test_the_cost_of_another_flood_is_the_bounds(face_match: object) -> None:
    from edgewise.cli.described import endpoint
    from edgewise.cli.start import _flood_usd
    from edgewise.cost.bound import bound

    usd, worst = _flood_usd("prod", "face-match"), bound(endpoint("prod", "face-match"))
    assert usd is not None
    assert 0 < usd < worst.total
    refused = [term for term in worst.terms if "N_" in term.symbol or term.symbol == "R"]
    assert len(refused) == 4
    assert usd == sum(term.amount for term in refused)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("90s", NOON_S + 90),
        ("30m", NOON_S + 1_800),
        ("2h", NOON_S + 7_200),
        ("7d", NOON_S + 604_800),
        ("2026-11-25T18:00Z", NOON_S + 21_600),
        ("2026-11-25T18:00", NOON_S + 21_600),
        ("2026-11-25T18:00+02:00", NOON_S + 14_400),
        ("2026-11-26", NOON_S + 43_200),
    ],
)
def test_times(text: str | None, expected: float | None) -> None:
    assert until_s(text, NOON_S) == expected


@pytest.mark.parametrize("text", ["", "2", "2 h", "-2h", "1e3s", "2w", "18:00", "9999999d"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(CliError, match="give a time such as"):
        until_s(text, NOON_S)
