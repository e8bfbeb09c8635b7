"""A Chromium, and the dashboard served on a loopback port."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, async_playwright

from edgewise.local.dashboard.collector import Collector
from edgewise.local.dashboard.routes import routes
from edgewise.paths import PROJECT_ROOT

# As root there is no sandbox to be had; the rest keeps it from calling anybody.
ARGUMENTS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# A busy machine may take long; a condition that comes true ends the wait at once.
PATIENCE_MS: Final = 60_000
DESKTOP: Final = (1280, 900)


@dataclass(kw_only=True)
class Site:
    """The page on a port of its own; it can be stopped and started again there."""

    collector: Collector
    port: int = 0
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/dashboard"

    async def start(self) -> None:
        app = web.Application()
        app.add_routes(routes(self.collector))
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()


@dataclass(kw_only=True)
class Opened:
    """A page, and what it complained of."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.note(message.type, message.text))
        self.page.on("pageerror", lambda error: self.note("error", str(error)))
        self.page.on("requestfailed", lambda request: self.note("error", f"{request.url}: {request.failure}"))

    def note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)


Serve = Callable[[Collector], Awaitable[Site]]
Open = Callable[..., Awaitable[Opened]]


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Return the machine's Chromium, installed when there is none and this is root."""
    script = PROJECT_ROOT / "tools" / "ensure_chromium.py"
    found = subprocess.run([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, check=True)
    return Path(found.stdout.strip())


@pytest.fixture
async def browser(chromium: Path) -> AsyncIterator[Browser]:
    # Playwright gives it a new, empty user-data-dir.
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS, timeout=PATIENCE_MS)
        yield browser
        await browser.close()


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    sites: list[Site] = []

    async def start(collector: Collector) -> Site:
        site = Site(collector=collector)
        await site.start()
        sites.append(site)
        return site

    yield start
    for site in sites:
        await site.stop()


@pytest.fixture
async def show(browser: Browser) -> Open:
    """Open a page and wait for its first figures."""

    async def open_page(site: Site, *, scheme: str = "light", size: tuple[int, int] = DESKTOP) -> Opened:
        dark = scheme == "dark"
        context = await browser.new_context(
            color_scheme="dark" if dark else "light", viewport={"width": size[0], "height": size[1]}
        )
        context.set_default_timeout(PATIENCE_MS)
        opened = Opened(page=await context.new_page())
        await opened.page.goto(site.url)
        await opened.page.wait_for_selector(".function")
        return opened

    return open_page
