"""What the dashboard serves, to whom, and with which headers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from edgewise.local.dashboard.collector import Collector
from edgewise.local.dashboard.function import FunctionFacts
from edgewise.local.dashboard.routes import routes
from edgewise.local.stack.model import LocalEdgeError

Client = TestClient[web.Request, web.Application]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    collector = Collector(stack="local", functions=[FunctionFacts(name="face-match")], clock=lambda: 1_795_608_000.0)
    app = web.Application()
    app.add_routes(routes(collector))
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_the_page_may_load_nothing_from_elsewhere(client: Client) -> None:
    answer = await client.get("/dashboard")
    assert (answer.status, answer.content_type) == (200, "text/html")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "http" not in policy
    assert "unsafe" not in policy
    page = await answer.text()
    assert "://" not in page
    assert "<script>" not in page


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("app.js", "text/javascript"),
        ("uPlot.esm.js", "text/javascript"),
        ("uPlot.min.css", "text/css"),
        ("dashboard.css", "text/css"),
        ("icon.svg", "image/svg+xml"),
    ],
)
async def test_its_files_are_served(client: Client, name: str, kind: str) -> None:
    answer = await client.get(f"/dashboard/{name}")
    assert (answer.status, answer.content_type) == (200, kind)


@pytest.mark.parametrize("name", ["routes.py", "..%2froutes.py", "uPlot.cjs.js", "%2fetc%2fpasswd"])
async def test_nothing_else_is(client: Client, name: str) -> None:
    assert (await client.get(f"/dashboard/{name}")).status == 404


async def test_figures_in_steps_of_the_span(client: Client) -> None:
    told = await (await client.get("/dashboard.json")).json()
    assert (told["stack"], told["span_s"], told["step_s"]) == ("local", 7_200, 5)
    assert [function["name"] for function in told["functions"]] == ["face-match"]
    day = await (await client.get("/dashboard.json", params={"span_s": "86400"})).json()
    assert (day["span_s"], day["step_s"]) == (86_400, 300)


@pytest.mark.parametrize("span", ["", "5", "-900", "1e9", "900 "])
async def test_another_span_is_refused_with_those_that_are_known(client: Client, span: str) -> None:
    answer = await client.get("/dashboard.json", params={"span_s": span})
    assert answer.status == 400
    assert "must be one of 900, 7200, 86400" in (await answer.json())["error"]


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard.json", "/dashboard/app.js"])
async def test_a_foreign_name_that_points_here_is_refused(client: Client, path: str) -> None:
    for host in ("edgewise.example:8080", "127.0.0.1.example", "[::1].example"):
        assert (await client.get(path, headers={"Host": host})).status == 403
    for host in ("localhost:8080", "127.0.0.1", "[::1]", "[::1]:8080"):
        assert (await client.get(path, headers={"Host": host})).status == 200


def test_without_uplot_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LocalEdgeError, match=r"uPlot\.esm\.js, which is not there: run 'make install'"):
        routes(Collector(stack="local"), uplot_dir=tmp_path)
