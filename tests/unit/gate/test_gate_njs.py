"""The gate under njs, nginx's JavaScript: an engine that refuses most of what is not on AWS's list.

Nothing installs it: on Debian it is the package ``njs``.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.gate.gate_runner import FETCH, NOW_S, STORE, headers, request, signed, templated

if TYPE_CHECKING:
    from pathlib import Path

NJS = shutil.which("njs")

# njs finds a module in a file of its name, without an ending. It has no exists() of its own store, so both are ours.
STORE_MODULE = """
const held = %s;
function get(key) {
    return held[key] === undefined ? Promise.reject(new Error('no such key')) : Promise.resolve(held[key]);
}
function exists(key) {
    return Promise.resolve(held[key] !== undefined);
}
export default {kvs: function () { return {get: get, exists: exists}; }};
"""

DRIVER = """
Date.now = function () { return %d; };
const cases = %s;
async function main() {
    const found = [];
    for (let i = 0; i < cases.length; i++) {
        const result = await handler({request: cases[i]});
        found.push(result.statusCode || 200);
    }
    console.log(JSON.stringify(found));
}
main();
"""


@pytest.mark.skipif(NJS is None, reason="njs is not installed; on Debian: apt-get install njs")
def test_the_gate_runs_under_njs(tmp_path: Path) -> None:
    # GIVEN one request for each verdict
    cases: list[tuple[dict[str, Any], int]] = [
        (request(), 200),
        (request(headers=headers(content_length="1")), 400),
        (request(headers=headers(authorization=signed(device="other"))), 401),
        (request(headers=headers(authorization=signed(kid="k9"))), 401),
        (request(uri="/"), 404),
        (request(method="GET"), 405),
        (request(headers=headers(content_length=None)), 411),
        (request(headers=headers(content_length="1000001")), 413),
        (request(headers=headers(content_type="text/plain")), 415),
        (request(method="GET", uri=f"/models/{'0f' * 32}.onnx", headers={}), 401),
        (
            request(
                method="GET",
                uri=f"/models/{'0f' * 32}.onnx",
                headers={"x-edgewise-fetch": {"value": f"f1.{FETCH}"}},
            ),
            200,
        ),
    ]

    # WHEN njs runs the gate
    (tmp_path / "cloudfront").write_text(STORE_MODULE % json.dumps(STORE))
    driver = DRIVER % (NOW_S * 1000, json.dumps([case for case, _ in cases]))
    (tmp_path / "gate.js").write_text(templated() + driver)
    assert NJS
    done = subprocess.run(
        [NJS, "-p", str(tmp_path), str(tmp_path / "gate.js")], capture_output=True, text=True, check=False, timeout=30
    )

    # THEN it says what it says in Node
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"\[[\d,]+\]", done.stdout)
    assert found, done.stdout
    assert json.loads(found.group()) == [status for _, status in cases]
