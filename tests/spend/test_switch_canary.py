"""A canary on a deployed stack: its share, its end, its errors on the live page, and that page in a browser."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright, expect

from edgewise.paths import PROJECT_ROOT
from tests.browser.conftest import ARGUMENTS, DESKTOP, PATIENCE_MS, Opened
from tests.browser.test_dashboard import DRAWN_CANVASES, PHONE, row, serious
from tests.live.system import FUNCTION, System, eventually
from tests.spend.conftest import Deploy
from tests.spend.switch_models import bodies, faulty, pinned, put_into_the_cache, relabelled
from tests.spend.switch_traffic import Traffic, traffic

RPS = 50
PERCENT, POINTS = 10, 3
LEASE_SECONDS = 10
# A process's count of canary leases is off by 2.7 at most (any start, up to 600 leases of a 10 % walk). Four processes
# with three requests a lease are off by 33 requests then: 2.7 points of 1,200, however the load falls on them.
LEASE_REQUESTS, REQUESTS = 3, 1_200
VISIBLE_WITHIN_S = 60
CANARY_REQUESTS = 100
# Success of a model without a fault: a machine that is busy may let a download or a start run over its time.
SOUND = 0.9
EMPTY_COLOURS = 3
SLOW_MACHINE_S = 10
PATIENCE_S = 120
SETTINGS = {
    "lease_seconds": LEASE_SECONDS,
    "lease_least": LEASE_REQUESTS,
    "lease_requests": LEASE_REQUESTS,
    "daily_quota": 50_000,
    "renewals_daily": 20_000,
    "monthly_budget_usd": 5_000,
}


@pytest.fixture(scope="module")
def system(deploy: Deploy) -> System:
    running = deploy(**SETTINGS)
    running.admin.set_faults(ledger_latency_ms=0)
    return running


@pytest.fixture(scope="module")
def variants(system: System) -> Iterator[dict[str, str]]:
    """Put two variants of the pinned model where `rollout` looks; give their digests by name."""
    artefacts = {"good": relabelled(system, label="a share"), "bad": faulty(system)}
    paths = [put_into_the_cache(*artefact) for artefact in artefacts.values()]
    yield {name: digest for name, (digest, _) in artefacts.items()}
    for path in paths:
        path.unlink()


@pytest.fixture(scope="module")
def load(system: System) -> Iterator[Traffic]:
    """Give devices half of whose bodies make the faulty variant fail, and nothing else."""
    with traffic(system, bodies(system, poisoned=4), rps=RPS) as told:
        yield told


def switch(system: System, verb: str, *args: str) -> float:
    """Run a verb; return when it had ended."""
    system.edgewise(verb, FUNCTION, *args, "--json")
    return time.time()


def by_digest(system: System) -> dict[str, dict[str, Any]]:
    (function,) = system.admin.dashboard()["functions"]
    return {each["digest"]: each for each in function["digests"]}


def test_ten_percent_come_out_as_ten_and_a_rollback_takes_a_lease(
    system: System, variants: dict[str, str], load: Traffic
) -> None:
    # WHEN a tenth of the leases is given to another model
    canary = variants["good"]
    switch(system, "rollout", canary, "--percent", str(PERCENT), "--why", "a share")
    eventually(lambda: canary in load.models(), what="the canary to answer", within_s=PATIENCE_S)
    begun_s = min(each.asked_s for each in load.heard if each.model == canary)

    # THEN it answers a tenth of the requests
    def enough() -> bool:
        return load.models(since_s=begun_s).total() >= REQUESTS

    eventually(enough, what=f"{REQUESTS} answers", within_s=PATIENCE_S * 2)
    answered = load.models(since_s=begun_s)
    share = 100 * answered[canary] / answered.total()
    print(f"share {share:.2f} % of {answered.total()}")
    assert abs(share - PERCENT) <= POINTS
    assert answered.keys() == {canary, pinned(system)}

    # ... and the page tells of both, by receipts
    told = by_digest(system)
    assert min(told[canary]["success"], told[pinned(system)]["success"]) > SOUND
    assert told[canary]["answered"] > 0

    # WHEN it is rolled back, THEN within one lease it answers nothing any more
    ended_s = switch(system, "rollback", "--why", "seen enough")
    late_s = ended_s + LEASE_SECONDS + SLOW_MACHINE_S
    eventually(lambda: len(load.of(late_s)) >= 3 * RPS, what="requests after a lease", within_s=PATIENCE_S)
    assert canary not in load.models(since_s=late_s)
    last_s = max(each.asked_s for each in load.heard if each.model == canary)
    print(f"the canary's last answer: {last_s - ended_s:+.2f} s after the verb ended")


@pytest.fixture(scope="module")
def failing(system: System, variants: dict[str, str], load: Traffic) -> str:
    """Give a tenth of the leases to a model that fails half of its requests; return its digest."""
    switch(system, "rollout", variants["bad"], "--percent", str(PERCENT), "--why", "planted errors")
    eventually(lambda: load.outcomes()["failed"] > 0, what="a planted error", within_s=PATIENCE_S)
    return variants["bad"]


def test_planted_errors_stand_in_the_canarys_row_within_a_minute(system: System, failing: str, load: Traffic) -> None:
    # GIVEN the first error of a canary
    first_s = min(each.heard_s for each in load.heard if each.outcome == "failed")

    # THEN its row says so, soon
    def told() -> bool:
        return failing in (rows := by_digest(system)) and bool(rows[failing]["failed"])

    eventually(told, what="the row of the faulty canary", within_s=VISIBLE_WITHIN_S)
    print(f"visible {time.time() - first_s:.2f} s after the first error")

    # ... and of half its requests, once there are enough (75 good ones of 100 at one half: once in 3 million runs)
    def enough() -> bool:
        row = by_digest(system)[failing]
        return int(row["answered"] + row["failed"]) >= CANARY_REQUESTS

    eventually(enough, what=f"{CANARY_REQUESTS} of the canary's requests", within_s=PATIENCE_S)
    rows = by_digest(system)
    assert rows[failing]["success"] < 0.75
    # ... and of the other model that it answers
    assert rows[pinned(system)]["success"] > SOUND


@pytest.fixture(scope="module")
def alarmed(system: System) -> None:
    """Let an alarm ring and its message arrive."""
    system.admin.set_home_faults(seconds_per_minute=2, ledger_throttles=50)
    eventually(
        lambda: any("throttles" in message["subject"] for message in system.admin.inbox()),
        what="the alarm's message",
        within_s=PATIENCE_S,
    )


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    script = PROJECT_ROOT / "tools" / "ensure_chromium.py"
    found = subprocess.run([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, check=True)
    chromium = Path(found.stdout.strip())
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS, timeout=PATIENCE_MS)
        yield browser
        await browser.close()


async def show(browser: Browser, url: str, *, scheme: str = "light", size: tuple[int, int] = DESKTOP) -> Opened:
    context = await browser.new_context(
        color_scheme="dark" if scheme == "dark" else "light", viewport={"width": size[0], "height": size[1]}
    )
    context.set_default_timeout(PATIENCE_MS)
    opened = Opened(page=await context.new_page())
    await opened.page.goto(url)
    await opened.page.wait_for_selector(".function")
    return opened


@pytest.mark.usefixtures("alarmed", "load")
async def test_the_live_page_shows_all_of_it(system: System, failing: str, browser: Browser) -> None:
    expect.set_options(timeout=PATIENCE_MS)
    opened = await show(browser, system.status()["dashboard_url"])
    page = opened.page

    # The figures are there, and those of money and quota are figures.
    await expect(page.locator("[data-fill=contact]")).to_have_text("Live")
    for figure in ("spent", "committed-key", "bound-key", "budget-key"):
        await expect(page.locator(f"[data-fill={figure}]")).to_have_text(re.compile(r"^[\d,]+\.\d\d USD$"))
    await expect(page.locator("[data-quota=day]")).to_contain_text("of 50,000 today")
    for figure in ("success", "p50", "p99", "answered", "egress"):
        await expect(page.locator(f"[data-fill={figure}]")).to_have_text(re.compile(r"^[\d.,]+( \S+)?$"))

    # Both models have their rows; the faulty one's is marked.
    await expect(row(page, failing).locator("[data-bad=true]")).to_have_count(1)
    await expect(row(page, pinned(system))).to_be_visible()

    # The alarm rings, and its message arrived.
    await expect(page.locator("#alarms li").first).to_contain_text("In alarm")
    await expect(page.locator("#alarms li")).to_have_count(8)
    await expect(page.locator("#alerts li").filter(has_text="throttles").first).to_be_visible()

    # Charts are drawn (an empty one has the grid's colours alone), and all of it goes on by itself.
    ends_s = time.monotonic() + PATIENCE_MS / 1000
    while min(await page.evaluate(DRAWN_CANVASES)) <= EMPTY_COLOURS:
        assert time.monotonic() < ends_s, "a chart stays empty"
        await asyncio.sleep(0.5)
    before = await page.locator("[data-fill=egress]").inner_text()
    answered = await page.locator("[data-fill=answered]").inner_text()
    await expect(page.locator("[data-fill=answered]")).not_to_have_text(answered)
    await expect(page.locator("[data-fill=egress]")).not_to_have_text(before)
    assert await serious(opened) == []
    assert opened.complaints == []


@pytest.mark.usefixtures("alarmed", "load")
async def test_the_live_page_is_dark_and_narrow_where_it_should_be(
    system: System, failing: str, browser: Browser
) -> None:
    opened = await show(browser, system.status()["dashboard_url"], scheme="dark", size=PHONE)
    page = opened.page
    await expect(row(page, failing)).to_be_visible(timeout=PATIENCE_MS)
    width, seen = await page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert (width, seen) == (390, 390)
    assert await page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(16, 20, 23)"
    assert await serious(opened) == []
    assert opened.complaints == []


@pytest.mark.usefixtures("load")
async def test_the_live_page_tells_a_stop_in_words(system: System, browser: Browser) -> None:
    opened = await show(browser, system.status()["dashboard_url"])
    state = opened.page.locator("[data-fill=state]")
    await expect(state).to_have_text("Open", timeout=PATIENCE_MS)

    switch(system, "stop", "--why", "seen on the page")
    await expect(state).to_have_text("Closed until somebody starts it", timeout=PATIENCE_MS)
    last = json.loads(system.edgewise("history", FUNCTION, "--json").stdout)["actions"][0]
    assert (last["action"], last["why"]) == ("stop", "seen on the page")

    switch(system, "start", "--why", "seen")
    await expect(state).to_have_text("Open", timeout=PATIENCE_MS)
