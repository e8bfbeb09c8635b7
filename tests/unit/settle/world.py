"""A stream of ledger writes, and in-memory S3, SNS and key-value stores with the semantics that settle leans on."""

from __future__ import annotations

import copy
import io
import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

from inference.counter import quotas, terms
from inference.limits import Limits
from inference.receipt import Receipt
from inference.settle.committed import Terms
from inference.settle.handler import Settle

FUNCTION = "face-match"
DIGEST = "sha256:" + "ab" * 32
STORE = "arn:aws:cloudfront::000000000000:key-value-store/11111111-2222-3333-4444-555555555555"
TOPIC = "arn:aws:sns:us-east-1:000000000000:edgewise-test-alerts"
BUCKET = "edgewise-test-lake"
DAY = "2026-11-24"
NOON_S = 1_795_521_600  # 2026-11-24 12:00 UTC
MIDNIGHT_S = NOON_S + 43_200

TERMS = Terms(
    store=STORE,
    budget=Decimal(45),
    bound=Decimal("43.91"),
    fixed=Decimal(20),
    request=Decimal("0.00001"),
    lease=Decimal("0.0001"),
    cold=Decimal("0.001"),
)


def limits(**changes: Any) -> Limits:
    values: dict[str, Any] = {
        "daily_quota": 1_000,
        "ms_per_request": 40,
        "cold_grants_daily": 25,
        "renewals_daily": 100,
        "lease_least": 10,
        "lease_requests": 500,
        "lease_seconds": 600,
        "model_url": "https://example.test/m.onnx",
        "model_digest": DIGEST,
        "fetch_token": "f1." + "c3" * 32,
        "monthly_quota": 20_000,
    }
    return Limits(**values | changes)


def receipt(number: int, *, ok: int = 10, failed: int = 0, digest: str = DIGEST) -> Receipt:
    told = Receipt(digest=digest, receipt_id=f"process-{number}")
    for index in range(ok):
        told.note("ok", now_s=NOON_S, latency_ms=3.0 + index, bytes_up=60, bytes_down=90, score=0.5)
    for _ in range(failed):
        told.note("wrong-size", now_s=NOON_S, latency_ms=1.0, bytes_up=60, bytes_down=90)
    return told


class Stream:
    """The counter item of one function, and the records that its writes make."""

    def __init__(self, function: str = FUNCTION, *, first: int = 100) -> None:
        self.pk = f"counter#{function}#cloudfront"
        self.item: dict[str, Any] | None = None
        self.limits = limits()
        self.number = first
        self.taken = 0

    def take(
        self, requests: int, *, day: str = DAY, handed: Receipt | None = None, cold: bool = False
    ) -> dict[str, Any]:
        """Grant a lease as `inference.counter` does."""
        old = copy.deepcopy(self.item)
        item = copy.deepcopy(self.item) or {"pk": {"S": self.pk}}
        left = quotas(self.limits)
        if old:
            was = dict(zip(left, map(int, old["terms"]["S"].split("/")), strict=True))
            fresh = dict(left)
            left = {name: int(old[name]["N"]) + left[name] - was[name] for name in left}
            if old["day"]["S"] != day:
                left |= {name: fresh[name] for name in fresh if name != "month_remaining"}
                if old["day"]["S"][:7] != day[:7]:
                    left["month_remaining"] = fresh["month_remaining"]
        left["day_remaining"] -= requests
        left["month_remaining"] -= requests
        left["ms_remaining"] -= requests * self.limits.ms_per_request
        left["cold_remaining" if cold else "renewals_remaining"] -= 1
        self.taken += 1
        item |= {name: {"N": str(value)} for name, value in left.items()}
        item |= {
            "day": {"S": day},
            "terms": {"S": terms(self.limits)},
            "lease_token": {"S": f"t{self.taken}.{requests}"},
        }
        item["granted"] = {"N": str(int(item.get("granted", {"N": "0"})["N"]) + requests)}
        item["leases"] = {"N": str(int(item.get("leases", {"N": "0"})["N"]) + 1)}
        item.pop("receipt", None)
        if handed:
            self._add(item, handed)
        self.item = item
        return self._record(old)

    def hand_in(self, handed: Receipt) -> dict[str, Any]:
        """Hand in a receipt alone."""
        assert self.item
        old, item = copy.deepcopy(self.item), copy.deepcopy(self.item)
        self._add(item, handed)
        self.item = item
        return self._record(old)

    def damaged(self, text: str) -> dict[str, Any]:
        """A receipt that can't be read."""
        assert self.item
        old, item = copy.deepcopy(self.item), copy.deepcopy(self.item)
        item["receipt"] = {"S": text}
        self.item = item
        return self._record(old)

    def poison(self) -> dict[str, Any]:
        """A record whose counter can't be read; the item itself is as it was."""
        record = self._record(copy.deepcopy(self.item))
        record["dynamodb"]["NewImage"]["terms"] = {"S": "1/2"}
        return record

    def _add(self, item: dict[str, Any], handed: Receipt) -> None:
        item["receipt"] = {"S": handed.to_text()}
        for name, more in (("used", handed.used), ("unspent", handed.unspent), ("receipts", 1)):
            item[name] = {"N": str(int(item.get(name, {"N": "0"})["N"]) + more)}

    def _record(self, old: dict[str, Any] | None) -> dict[str, Any]:
        self.number += 1
        told = {
            "Keys": {"pk": {"S": self.pk}},
            "NewImage": copy.deepcopy(self.item),
            "SequenceNumber": str(self.number),
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        }
        if old:
            told["OldImage"] = old
        return {"eventID": str(self.number), "eventName": "MODIFY" if old else "INSERT", "dynamodb": told}


class CrashError(Exception):
    """The process dies here; nothing of ours may catch it."""


def refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "as asked for"}}, operation)


@dataclass
class Faults:
    """Counts every call to the cloud; dies before or behind the call of a number, or refuses by operation."""

    die_at: int | None = None
    behind: bool = False
    refuse: dict[str, list[str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def call(self, operation: str, act: Any) -> Any:
        self.calls.append(operation)
        at = len(self.calls) - 1
        if at == self.die_at and not self.behind:
            raise CrashError(operation)
        if self.refuse.get(operation):
            raise refusal(self.refuse[operation].pop(0), operation)
        answer = act()
        if at == self.die_at:
            raise CrashError(operation)
        return answer


class Cloud:
    """S3, SNS and a key-value store in memory; they outlive the process that dies."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.objects: dict[str, bytes] = {}
        self.messages: list[dict[str, Any]] = []
        self.values = {"closed_until": "0"}
        self.etag = 1
        self.puts: list[str] = []

    @property
    def s3(self) -> Cloud:
        return self

    @property
    def sns(self) -> Cloud:
        return self

    @property
    def store(self) -> Cloud:
        return self

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **more: Any) -> None:  # noqa: N803  # AWS's names
        assert Bucket == BUCKET
        self.faults.call("PutObject", lambda: self._put(Key, Body, more.get("IfNoneMatch")))

    def _put(self, key: str, body: bytes, none_match: str | None) -> None:
        if none_match == "*" and key in self.objects:
            raise refusal("PreconditionFailed", "PutObject")
        self.objects[key] = body

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803  # AWS's names
        return self.faults.call("GetObject", lambda: {"Body": io.BytesIO(self.objects[Key])})  # type: ignore[no-any-return]  # whatever the call gives

    def publish(self, **message: Any) -> None:
        self.faults.call("Publish", lambda: self.messages.append(message))

    def describe_key_value_store(self, *, KvsARN: str) -> dict[str, str]:  # noqa: N803  # AWS's names
        assert KvsARN == STORE
        return self.faults.call("Describe", lambda: {"ETag": str(self.etag)})  # type: ignore[no-any-return]  # whatever the call gives

    def get_key(self, *, KvsARN: str, Key: str) -> dict[str, str]:  # noqa: N803  # AWS's names
        return self.faults.call("GetKey", lambda: self._get(Key))  # type: ignore[no-any-return]  # whatever the call gives

    def _get(self, key: str) -> dict[str, str]:
        if key not in self.values:
            raise refusal("ResourceNotFoundException", "GetKey")
        return {"Value": self.values[key]}

    def put_key(self, *, KvsARN: str, Key: str, Value: str, IfMatch: str) -> None:  # noqa: N803  # AWS's names
        def put() -> None:
            if IfMatch != str(self.etag):
                raise refusal("ConflictException", "PutKey")
            self.values[Key] = Value
            self.etag += 1
            self.puts.append(Value)

        self.faults.call("PutKey", put)

    @property
    def alert_ids(self) -> list[str]:
        return [message["MessageAttributes"]["id"]["StringValue"] for message in self.messages]


def settle(
    cloud: Cloud, *, functions: dict[str, Terms] | None = None, now_s: float = NOON_S
) -> tuple[Settle, list[str]]:
    """Return a fresh environment and what it says."""
    said: list[str] = []
    made = Settle(
        stack="test",
        bucket=BUCKET,
        topic=TOPIC,
        functions={FUNCTION: TERMS} if functions is None else functions,
        clients=cloud,
        say=said.append,
        wall_s=lambda: now_s,
    )
    return made, said


def emf(said: list[str]) -> list[dict[str, Any]]:
    return [told for told in map(json.loads, said) if "_aws" in told]
