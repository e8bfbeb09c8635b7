"""The live page in a real browser: draws, changes by itself, reads well, and calls nobody else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.async_api import Page, expect

from edgewise.paths import PROJECT_ROOT
from tests.browser import planted
from tests.browser.conftest import PATIENCE_MS, Opened, Serve
from tests.browser.conftest import Open as Show

AXE = PROJECT_ROOT / "node_modules" / "axe-core" / "axe.min.js"
PHONE = (390, 844)

DRAWN_CANVASES = """() => [...document.querySelectorAll('canvas')].map((canvas) => {
    // A copy is read: Chromium complains on the console of a page's own canvas that is read again and again.
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const pixels = copy.getImageData(0, 0, canvas.width, canvas.height).data;
    const colours = new Set();
    for (let at = 0; at < pixels.length; at += 4) {
        if (pixels[at + 3] === 255) colours.add(`${pixels[at]},${pixels[at + 1]},${pixels[at + 2]}`);
    }
    return colours.size;
})"""


def row(page: Page, digest: str) -> Any:
    return page.locator("tbody tr").filter(has_text=digest.removeprefix("sha256:")[:12])


async def test_draws_its_charts_and_figures_without_a_complaint(serve: Serve, show: Show) -> None:
    opened = await show(await serve(planted.full()))

    # Lines, grid and text: an empty chart has the grid's colours alone.
    colours = await opened.page.evaluate(DRAWN_CANVASES)
    assert len(colours) == 3
    assert min(colours) > 10
    await expect(opened.page.locator("[data-fill=spent]")).to_have_text("14.68 USD")
    await expect(opened.page.locator("[data-fill=bound-key]")).to_have_text("39.09 USD")
    await expect(opened.page.locator("[data-quota=day]")).to_contain_text("14,212 of 20,000 today")
    await expect(opened.page.locator("[data-fill=missing]")).to_have_text("3 (136 requests)")
    await expect(opened.page.locator("#alarms li").first).to_contain_text("In alarm")
    await expect(opened.page.locator("#alerts li").first).to_contain_text("ALARM: edgewise-local-blocked")
    assert opened.complaints == []


async def test_says_that_there_were_no_requests_yet(serve: Serve, show: Show) -> None:
    opened = await show(await serve(planted.empty()))
    await expect(opened.page.get_by_text("No requests yet")).to_be_visible()
    await expect(opened.page.get_by_text("No alert yet")).to_be_visible()
    await expect(opened.page.locator(".charts")).to_be_hidden()
    await expect(opened.page.locator("[data-quota=month]")).to_be_hidden()
    assert opened.complaints == []


async def test_a_canary_with_errors_shows_in_the_table_without_a_reload(serve: Serve, show: Show) -> None:
    # GIVEN a page on a function whose one model answers
    clock = planted.Clock()
    told = planted.empty(clock)
    told.note_metrics(clock.now_s, planted.metrics(planted.STABLE, answered=900, failed=0, latencies={20.0: 900}))
    opened = await show(await serve(told))
    page = opened.page
    await expect(row(page, planted.STABLE)).to_contain_text("100 %")
    await page.evaluate("() => { window.sameRow = document.querySelector('tbody tr'); }")

    # WHEN settle tells of a canary that fails 40 of 100
    clock.now_s += 10
    told.note_metrics(clock.now_s, planted.metrics(planted.CANARY, answered=60, failed=40, latencies={80.0: 60}))

    # THEN its row comes by itself, beside the other one, which is still the same element
    await expect(row(page, planted.CANARY)).to_contain_text("60.00 %", timeout=PATIENCE_MS)
    await expect(row(page, planted.CANARY)).to_contain_text("10.0 %")
    await expect(row(page, planted.CANARY).locator("[data-bad=true]")).to_have_count(1)
    await expect(row(page, planted.STABLE)).to_contain_text("90.0 %")
    assert await page.evaluate("() => window.sameRow.isConnected")
    assert opened.complaints == []


async def test_tells_the_state_in_words(serve: Serve, show: Show) -> None:
    clock = planted.Clock()
    told = planted.full(clock)
    opened = await show(await serve(told))
    state = opened.page.locator("[data-fill=state]")
    await expect(state).to_have_text("Open")

    told.note_state("face-match", closed_until_s=planted.NOW_S + 12 * 3600 - 2, enabled=True)
    await expect(state).to_have_text("Closed until 26 Nov, 00:00 UTC", timeout=PATIENCE_MS)
    told.note_state("face-match", closed_until_s=9_999_999_999, enabled=True)
    await expect(state).to_have_text("Closed until somebody starts it", timeout=PATIENCE_MS)
    told.note_state("face-match", closed_until_s=None, enabled=False)
    await expect(state).to_have_text("Disconnected: the distribution is disabled", timeout=PATIENCE_MS)


async def test_says_when_it_lost_contact_and_goes_on_when_it_is_back(serve: Serve, show: Show) -> None:
    site = await serve(planted.full())
    opened = await show(site)
    contact = opened.page.locator("[data-fill=contact]")
    await expect(contact).to_have_text("Live")

    await site.stop()
    await expect(contact).to_have_text("No contact", timeout=PATIENCE_MS)
    await expect(opened.page.locator(".lost")).to_contain_text("The figures below are of 12:00:02 UTC")

    await site.start()
    await expect(contact).to_have_text("Live", timeout=PATIENCE_MS)
    await expect(opened.page.locator(".lost")).to_be_hidden()


async def test_other_spans_are_asked_for(serve: Serve, show: Show) -> None:
    opened = await show(await serve(planted.full()))
    await opened.page.get_by_text("24 h").click()
    await expect(opened.page.locator("[data-fill=digests-span]")).to_have_text("last 24 hours", timeout=PATIENCE_MS)
    assert opened.complaints == []


@pytest.mark.parametrize("told", [planted.full, planted.empty])
async def test_a_phone_needs_no_scrolling_to_the_side(serve: Serve, show: Show, told: Any) -> None:
    opened = await show(await serve(told()), size=PHONE)
    width, seen = await opened.page.evaluate("() => [document.documentElement.scrollWidth, window.innerWidth]")
    assert (width, seen) == (390, 390)


async def test_dark_mode_has_its_own_colours_in_page_and_charts(serve: Serve, show: Show) -> None:
    site = await serve(planted.full())
    opened = await show(site)
    page = opened.page
    ground = "() => getComputedStyle(document.body).backgroundColor"
    picture = "() => document.querySelector('canvas').toDataURL()"
    light = [await page.evaluate(ground), await page.evaluate(picture)]

    # WHEN the system turns dark while the page is open
    await page.emulate_media(color_scheme="dark")

    dark = [await page.evaluate(ground), await page.evaluate(picture)]
    assert light[0] == "rgb(246, 245, 241)"
    assert dark[0] == "rgb(16, 20, 23)"
    await page.wait_for_function("(before) => document.querySelector('canvas').toDataURL() !== before", arg=light[1])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 900), PHONE], ids=["desktop", "phone"])
async def test_axe_has_no_serious_finding(serve: Serve, show: Show, scheme: str, size: tuple[int, int]) -> None:
    told = planted.full()
    told.note_state("face-match", closed_until_s=planted.NOW_S + 3600, enabled=True)
    opened = await show(await serve(told), scheme=scheme, size=size)
    await opened.page.locator("summary").first.click()
    assert await serious(opened) == []


async def test_axe_has_no_serious_finding_without_contact_and_requests(serve: Serve, show: Show) -> None:
    site = await serve(planted.empty())
    opened = await show(site)
    await site.stop()
    await expect(opened.page.locator("[data-fill=contact]")).to_have_text("No contact", timeout=PATIENCE_MS)
    assert await serious(opened) == []


async def test_axe_would_see_a_fault(serve: Serve, show: Show) -> None:
    opened = await show(await serve(planted.full()))
    await opened.page.evaluate("() => { document.querySelector('.tiles').style.color = '#eee'; }")
    assert [finding["id"] for finding in await serious(opened)] == ["color-contrast"]


async def serious(opened: Opened) -> list[dict[str, Any]]:
    """Return axe's serious and critical findings."""
    # As an expression of the debugger, which the page's policy does not bind.
    await opened.page.evaluate(AXE.read_text())
    told = json.loads(await opened.page.evaluate("async () => JSON.stringify((await axe.run()).violations)"))
    return [
        {"id": finding["id"], "nodes": [node["html"] for node in finding["nodes"]]}
        for finding in told
        if finding["impact"] in ("serious", "critical")
    ]


async def test_the_policy_lets_the_page_call_nobody_else(serve: Serve, show: Show) -> None:
    other = await serve(planted.empty())
    opened = await show(await serve(planted.full()))
    asked = f"fetch('{other.url}.json').then(() => 'answered', () => 'refused')"
    assert await opened.page.evaluate(asked) == "refused"
    assert any("Content Security Policy" in complaint for complaint in opened.complaints)
