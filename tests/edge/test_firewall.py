"""The web ACL, the store's API and the distribution's switch on a running edge, by the means that AWS gives."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
import httpx
import pytest
from botocore.config import Config  # type: ignore[import-untyped]  # botocore ships no types

from edgewise.local import supervisor
from edgewise.local.cdn.awsapi import endpoints
from edgewise.local.files import RunFiles
from edgewise.local.protocol import TOKEN_HEADER
from inference import contract
from tests.edge.conftest import probe_stack
from tests.edge.handmade import FUNCTION, STORE_ARN
from tests.edge.running import DEVICE, PROBE_BYTES, RunningEdge, eventually, padded
from tests.unit.local import acl_resources as acl

ID = "EDFDVBD6EXAMPLE"
WAIT_S = 60
DAY_S = 86_400


@pytest.fixture(scope="module")
def walled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEdge]:
    """Give an edge behind the platform's web ACL."""
    assert acl.REQUEST_BYTES == PROBE_BYTES
    folder = tmp_path_factory.mktemp("walled")
    stack = probe_stack(folder)
    stack.web_acl = acl.platform_acl(by_ip=20, all_together=1_000_000)
    edge = RunningEdge(stack=stack, run_dir=folder / "run")
    edge.start()
    yield edge
    supervisor.stop(edge.run_dir)


def put(edge: RunningEdge, path: str, **body: object) -> None:
    headers = {TOKEN_HEADER: RunFiles(edge.run_dir).admin_token.read_text()}
    answer = httpx.put(edge.status.admin_url + path, json=body, headers=headers)
    assert answer.status_code == 200, answer.text


def told(edge: RunningEdge) -> dict[str, Any]:
    found: dict[str, Any] = edge.admin.state()["distributions"][FUNCTION]
    return found


def client(edge: RunningEdge, service: str) -> Any:
    """Return botocore's client, signing with plain SigV4: a test machine may lack awscrt."""
    session = botocore.session.Session()
    session.set_credentials("local", "local")
    url = endpoints(edge.status.admin_url)[f"AWS_ENDPOINT_URL_{service.replace('-', '_').upper()}"]
    return session.create_client(
        service, region_name="us-east-1", endpoint_url=url, config=Config(signature_version="v4")
    )


def signed_at(edge: RunningEdge, now: float) -> dict[str, str]:
    """Return the headers of a request that is signed at a time of the gate's clock."""
    key = contract.device_key(edge.stack.keys["k1"], DEVICE)
    proof = contract.authorization(key, kid="k1", function=FUNCTION, device_id=DEVICE, expires=int(now) + 60)
    return {"Authorization": proof, "Content-Type": contract.REQUEST_CONTENT_TYPE}


def test_what_the_web_acl_blocks_reaches_nothing(walled: RunningEdge) -> None:
    # GIVEN a wrong path, a wrong method, a wrong size and a spelling that CloudFront would take for the right path
    before, calls = told(walled), walled.invocations()
    url = walled.base + "/%761/face-match/" + DEVICE
    answers = [
        httpx.get(walled.base + "/favicon.ico"),
        httpx.put(walled.url, content=padded(), headers=walled.signed()),
        httpx.post(walled.url, content=padded() + b" ", headers=walled.signed()),
        httpx.post(url, content=padded(), headers=walled.signed()),
    ]

    # THEN each gets the ACL's own answer, and neither gate nor cache nor function hears of it
    assert {(answer.status_code, answer.text) for answer in answers} == {(403, acl.PROBLEM)}
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/json"}
    after = told(walled)
    assert after["waf_blocked"] - before["waf_blocked"] == 4
    assert after["waf_blocked_by_rule"]["Default_Action"] == after["waf_blocked"]
    assert after.get("gate_calls", 0) == before.get("gate_calls", 0)
    assert after["cache_misses"] == before["cache_misses"]
    assert walled.invocations() == calls
    assert after["blocked_bytes_out"] > before.get("blocked_bytes_out", 0)
    assert after.get("bytes_out", 0) == before.get("bytes_out", 0)


def test_what_it_allows_is_answered_and_measured(walled: RunningEdge) -> None:
    # GIVEN a call and the model, twice WHEN they are made
    before = told(walled)
    assert walled.ask().status_code == 200
    walled.admin.clear_caches()
    models = [httpx.get(walled.model_url, headers=walled.fetch_headers) for _ in range(2)]

    # THEN all that costs something has been counted
    assert [model.content for model in models] == [walled.stack.model] * 2
    after = told(walled)
    grown = {name: after[name] - before.get(name, 0) for name in after if isinstance(after[name], int)}
    assert (grown["requests"], grown["waf_allowed"], grown["gate_calls"], grown["gate_passed"]) == (3, 3, 3, 3)
    assert (grown["function_calls"], grown["origin_requests"], grown["cache_hits"]) == (1, 1, 1)
    # The gate reads a secret of its store for each call, and whether it is open for some.
    assert grown["gate_store_reads"] > 3
    assert grown["function_bytes_in"] > PROBE_BYTES
    assert grown["model_bytes_out"] > 2 * len(walled.stack.model)
    assert grown["bytes_out"] > grown["model_bytes_out"]
    assert grown["bytes_in"] > PROBE_BYTES


def test_an_address_that_floods_is_blocked_and_let_go(walled: RunningEdge) -> None:
    # GIVEN a firewall whose clock runs five times as fast, and an address that does not stop
    put(walled, "/firewall", lag_s=0, clock_scale=5, reset=True)
    with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.9")) as flood:

        def blocked() -> bool:
            return flood.post(walled.url, content=padded()).status_code == 429

        # THEN it is blocked by its own rule; the clock all but stands still while the test looks
        eventually(blocked, within_s=WAIT_S)
        put(walled, "/firewall", clock_scale=0.001)
        answer = flood.post(walled.url, content=padded())
        assert (answer.headers["Retry-After"], answer.text) == ("60", acl.TOO_MANY)
        assert told(walled)["waf_limited"] == {"rate-ip": ["127.0.0.9"], "rate-all": []}

        # AND an honest device is not
        assert walled.ask().status_code == 200

        # AND when it has been silent it is let go: an unsigned request meets the gate again
        put(walled, "/firewall", clock_scale=50)
        eventually(lambda: not told(walled)["waf_limited"]["rate-ip"], within_s=WAIT_S)
        unsigned = {"Content-Type": contract.REQUEST_CONTENT_TYPE}
        assert flood.post(walled.url, content=padded(), headers=unsigned).status_code == 401
    put(walled, "/firewall", lag_s=10, clock_scale=1, reset=True)


def test_the_stores_api_closes_the_gate_until_the_day_that_it_says(walled: RunningEdge) -> None:
    # GIVEN a store that is closed for two hours, by the service's own API
    stores = client(walled, "cloudfront-keyvaluestore")
    closed_until = int(time.time()) + 7_200
    etag = stores.describe_key_value_store(KvsARN=STORE_ARN)["ETag"]
    stores.put_key(KvsARN=STORE_ARN, Key="closed_until", Value=str(closed_until), IfMatch=etag)

    # THEN the gate closes
    eventually(lambda: walled.ask().status_code == 503, within_s=WAIT_S)
    calls = walled.invocations()
    assert walled.ask().status_code == 503
    assert walled.invocations() == calls

    # AND opens by itself on the gate's clock, a day later
    put(walled, "/clock", offset_s=DAY_S)
    headers = signed_at(walled, time.time() + DAY_S)
    assert httpx.post(walled.url, content=padded(), headers=headers).status_code == 200
    put(walled, "/clock", offset_s=0)
    assert walled.ask().status_code == 503

    # AND by the API
    etag = stores.describe_key_value_store(KvsARN=STORE_ARN)["ETag"]
    stores.put_key(KvsARN=STORE_ARN, Key="closed_until", Value="0", IfMatch=etag)
    eventually(lambda: walled.ask().status_code == 200, within_s=WAIT_S)


def test_a_disabled_distribution_stays_so_when_the_gateway_dies(walled: RunningEdge) -> None:
    # GIVEN a distribution that is disabled as the guard does it
    put(walled, "/distributions", deploy_s=0.5)
    cdn = client(walled, "cloudfront")

    def set_enabled(enabled: object) -> dict[str, Any]:
        current = cdn.get_distribution_config(Id=ID)
        config = {**current["DistributionConfig"], "Enabled": enabled}
        answer: dict[str, Any] = cdn.update_distribution(Id=ID, DistributionConfig=config, IfMatch=current["ETag"])
        return answer

    assert set_enabled(False)["Distribution"]["Status"] == "InProgress"

    # THEN after a while nobody is answered, and nothing runs
    eventually(lambda: "is disabled" in walled.ask().text, within_s=WAIT_S)
    calls = walled.invocations()
    assert walled.ask().status_code == 403
    assert walled.invocations() == calls
    assert cdn.get_distribution(Id=ID)["Distribution"]["Status"] == "Deployed"

    # AND a gateway that was killed comes back disabled
    before = walled.status.pids["gateway"]
    os.kill(before, signal.SIGKILL)
    eventually(lambda: walled.status.healthy and walled.status.pids["gateway"] != before, within_s=WAIT_S)
    assert "is disabled" in walled.ask().text
    assert told(walled)["disabled"] == 1

    # AND it is enabled again the same way
    set_enabled(True)
    eventually(lambda: walled.ask().status_code == 200, within_s=WAIT_S)


def test_the_runs_folder_keeps_no_change_of_a_stopped_edge(tmp_path: Path) -> None:
    # GIVEN a distribution that was disabled at run time
    edge = RunningEdge(stack=probe_stack(tmp_path), run_dir=tmp_path / "run")
    edge.start()
    try:
        cdn = client(edge, "cloudfront")
        current = cdn.get_distribution_config(Id=ID)
        config = {**current["DistributionConfig"], "Enabled": False}
        cdn.update_distribution(Id=ID, DistributionConfig=config, IfMatch=current["ETag"])

        # WHEN the edge is stopped for good and started again THEN it is as the stack says
        supervisor.stop(edge.run_dir)
        edge.start()
        assert edge.ask().status_code == 200
    finally:
        supervisor.stop(edge.run_dir)
