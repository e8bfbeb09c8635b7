"""Serves the live page, its figures, and the files that it is made of: nothing from anywhere else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aiohttp import web

from edgewise.local.dashboard.timeline import COARSE_SPAN_S, COARSE_STEP_S, FINE_SPAN_S, FINE_STEP_S
from edgewise.local.stack.model import LocalEdgeError
from edgewise.paths import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from edgewise.local.dashboard.collector import Collector

PAGE_DIR: Final = Path(__file__).with_name("page")
UPLOT_DIR: Final = PROJECT_ROOT / "node_modules" / "uplot" / "dist"
# The page asks for no more points than its charts have pixels for.
SPANS_S: Final[Mapping[int, int]] = {900: FINE_STEP_S, FINE_SPAN_S: 30, COARSE_SPAN_S: 5 * COARSE_STEP_S}
# Scripts, styles and figures come from here and nowhere else; nobody frames the page. uPlot sets styles by script,
# which this allows.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_TYPES: Final = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
# A page of somebody else's that points its own name at 127.0.0.1 would read the figures.
_OWN_HOSTS: Final = ("127.0.0.1", "localhost", "[::1]")


def routes(
    collector: Collector, *, page_dir: Path = PAGE_DIR, uplot_dir: Path = UPLOT_DIR
) -> list[web.AbstractRouteDef]:
    """Return ``GET /dashboard``, ``GET /dashboard.json`` and the page's files under ``/dashboard/``.

    ``/dashboard.json`` gives two hours in steps of 5 s, or with ``?span_s=`` one of `SPANS_S` in its own steps.

    Parameters
    ----------
    collector : Collector
        Its figures are asked for at each request.

    Raises
    ------
    LocalEdgeError
        When uPlot is not installed.
    """
    files = _files(page_dir, uplot_dir)

    async def page(_: web.Request) -> web.Response:
        return _file(files["index.html"])

    async def figures(request: web.Request) -> web.Response:
        return _figures(collector, request.query.get("span_s"))

    async def file(request: web.Request) -> web.Response:
        path = files.get(request.match_info["name"])
        return _file(path) if path else web.Response(status=404, text="no such file", headers=_HEADERS)

    return [
        web.get("/dashboard", _own_host(page)),
        web.get("/dashboard.json", _own_host(figures)),
        web.get("/dashboard/{name}", _own_host(file)),
    ]


def _files(page_dir: Path, uplot_dir: Path) -> dict[str, Path]:
    """Return the files that are served, by name: those that are listed here and no others."""
    files = {path.name: path for path in page_dir.iterdir() if path.suffix in _TYPES}
    files |= {name: uplot_dir / name for name in ("uPlot.esm.js", "uPlot.min.css")}
    for path in files.values():
        if not path.is_file():
            raise LocalEdgeError(f"the dashboard needs {path}, which is not there: run 'make install'")
    return files


def _file(path: Path) -> web.Response:
    return web.Response(body=path.read_bytes(), content_type=_TYPES[path.suffix], charset="utf-8", headers=_HEADERS)


def _figures(collector: Collector, span: str | None) -> web.Response:
    if span is None:
        told = collector.figures()
    elif span in map(str, SPANS_S):
        told = collector.figures(span_s=int(span), step_s=SPANS_S[int(span)])
    else:
        text = f"span_s is {span!r}, must be one of {', '.join(map(str, SPANS_S))}"
        return web.json_response({"error": text}, status=400, headers=_HEADERS)
    return web.Response(text=json.dumps(told, allow_nan=False), content_type="application/json", headers=_HEADERS)


def _own_host(
    handler: Callable[[web.Request], Awaitable[web.Response]],
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def guarded(request: web.Request) -> web.Response:
        host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        if host not in _OWN_HOSTS:
            text = f"the dashboard answers to {', '.join(_OWN_HOSTS)} only, not to {host!r}"
            return web.Response(status=403, text=text, headers=_HEADERS)
        return await handler(request)

    return guarded
