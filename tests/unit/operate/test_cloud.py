"""The clients: what a local edge hears, and what is said where AWS's signature can't be made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pytest

from edgewise.operate import OperateError, Target, local_cloud, look, stop
from tests.unit.inference.ledger_world import MotoTable, moto_table
from tests.unit.inference.world import FUNCTION, serving
from tests.unit.operate.world import ARN, DISTRIBUTION, TARGET


class Gateway(BaseHTTPRequestHandler):
    """The local edge's store API, as far as the switches ask it."""

    protocol_version = "HTTP/1.1"
    asked: list[tuple[str, str, str]]
    held: dict[str, Any]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
        """Stay quiet."""

    def do_GET(self) -> None:
        self.note()
        if self.path.startswith("/aws/cloudfront/"):
            self.answer_xml("<DistributionConfig><Enabled>true</Enabled></DistributionConfig>")
            return
        self.answer(200, {"Key": "closed_until", "Value": self.held["value"], "KvsARN": ARN, "ItemCount": 1})

    def do_PUT(self) -> None:
        self.note()
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["If-Match"] != self.held["etag"]:
            self.answer(409, {"Message": "stale"})
            return
        self.held.update(value=content["Value"], etag="E2")
        self.answer(200, {"ItemCount": 1, "TotalSizeInBytes": 1})

    def note(self) -> None:
        scheme = self.headers.get("Authorization", "").partition("-")[0]
        self.asked.append((self.command, unquote(self.path), scheme))

    def answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("ETag", str(self.held["etag"]))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer_xml(self, content: str) -> None:
        self.send_response(200)
        self.send_header("ETag", "D1")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content.encode())


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[MotoTable]:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with moto_table() as running:
        running.clear()
        yield running


def test_a_local_edge_is_asked_on_loopback_with_any_aws_signature(table: MotoTable) -> None:
    handler = type("Handler", (Gateway,), {"asked": [], "held": {"value": "0", "etag": "E1"}})
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as url:
        cloud = local_cloud(cloud_url=table.url, admin_url=url)
        stop(cloud, TARGET, until_s=9_999_999_999, why="test")
        assert not look(cloud, TARGET).open
    store = f"/aws/cloudfront-keyvaluestore/key-value-stores/{ARN}"
    assert handler.asked[:3] == [  # type: ignore[attr-defined]  # the class is made above
        ("GET", store, "AWS4"),
        ("GET", f"{store}/keys/closed_until", "AWS4"),
        ("PUT", f"{store}/keys/closed_until", "AWS4"),
    ]
    distribution = f"/aws/cloudfront/2020-05-31/distribution/{DISTRIBUTION}/config"
    assert handler.asked[-1] == ("GET", distribution, "AWS4")  # type: ignore[attr-defined]  # likewise
    assert handler.held["value"] == "9999999999"  # type: ignore[attr-defined]  # likewise
    key = {"pk": {"S": f"override#{FUNCTION}"}}
    assert table.client.get_item(TableName=TARGET.table, Key=key)["Item"]["who"]["S"]


def test_a_stack_that_does_not_say_its_places_is_to_be_deployed_again() -> None:
    endpoint = {"store_arn": ARN, "distribution_id": DISTRIBUTION, "url": "https://d1.example/"}
    assert Target.from_outputs("test", FUNCTION, endpoint, bucket="models-test") == TARGET
    for lacking, bucket in (({}, "models-test"), ({"store_arn": ARN}, "models-test"), (endpoint, "")):
        with pytest.raises(OperateError, match=r"stack test has no outputs store_arn, .* deploy it again"):
            Target.from_outputs("test", FUNCTION, lacking, bucket=bucket)
