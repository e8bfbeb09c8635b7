"""The paper table of the property tests does what moto does, question by question."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any, cast

import pytest

from inference.dynamodb import DynamoDb
from inference.ledger import DynamoLedger
from inference.receipt import Receipt
from inference.terms import Moment, Question
from tests.properties.paper_table import PaperTable
from tests.unit.inference.ledger_world import moto_table
from tests.unit.inference.world import FUNCTION, TABLE, limits, owned_items

if TYPE_CHECKING:
    from collections.abc import Callable

START_S = 1_795_608_000.0 + 4 * 86_400


def play(client: DynamoDb, put: Callable[[dict[str, Any]], None], seed: int) -> list[str]:
    draw = random.Random(seed)
    ledger = DynamoLedger(table=TABLE, function=FUNCTION, edge="cloudfront", client=client)
    told, now_s = [], START_S
    for number in range(60):
        if number % 12 == 0:
            quotas = {"daily_quota": draw.randint(0, 60), "monthly_quota": draw.randint(1, 90)}
            wanted = limits(**quotas, cold_grants_daily=draw.randint(0, 8), lease_least=2, lease_requests=8)
            for item in owned_items(wanted).values():
                put(item)
        now_s += draw.choice([1, 60, 20_000, 86_400])
        receipt = Receipt(receipt_id=f"p-{number}", unspent=draw.randint(1, 3)) if draw.random() < 0.5 else None
        question = Question(
            token=f"p.{number}",
            asked=Moment(now_s, 0.0),
            wanted=draw.randint(0, 9),
            held_digests=draw.choice([(), (limits().model_digest,)]),
            receipt=receipt,
        )
        # moto leaves out of UPDATED_NEW what was written anew with the value that it had; DynamoDB does not.
        told.append(re.sub(r"rest=\w+", "", repr(ledger.grant(question))))
        if receipt and draw.random() < 0.5:
            told.append(repr(ledger.hand_in(question)))
    return told


@pytest.mark.parametrize("seed", [1, 2])
def test_the_paper_is_moto(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    paper = PaperTable()

    def put(item: dict[str, Any]) -> None:
        paper.items[item["pk"]["S"]] = item

    on_paper = play(cast("DynamoDb", paper), put, seed)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with moto_table() as table:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", table.url)
        on_moto = play(
            DynamoDb(region="us-east-1"), lambda item: table.client.put_item(TableName=TABLE, Item=item), seed
        )
        counter = table.client.get_item(TableName=TABLE, Key={"pk": {"S": f"counter#{FUNCTION}#cloudfront"}})["Item"]
    assert on_paper == on_moto
    assert any("Granted" in line for line in on_paper)
    assert paper.items[f"counter#{FUNCTION}#cloudfront"] == counter
