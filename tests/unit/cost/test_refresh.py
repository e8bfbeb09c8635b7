"""The comparison with AWS's Price List, on a small hand-made file of its format."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from edgewise.cost.prices import default_prices
from edgewise.cost.refresh import OfferError, refresh

OFFERS = Path(__file__).with_name("offers.json")


def test_what_changed_is_shown_with_ranges() -> None:
    # GIVEN offers in which the US proxy request and the third tier of bytes out have new prices
    found = refresh(default_prices(), OFFERS)
    # WHEN compared THEN these two differ, the exact usage type was matched, and the ranges are kept
    changed = {change.line.price_id: change for change in found.changed}
    assert set(changed) == {"cloudfront.request.https", "cloudfront.bytes.out"}
    request = changed["cloudfront.request.https"]
    assert request.offered.sku == "SKUPROXYUS"
    assert request.offered.tiers[0].price == Decimal("0.011")
    assert [tier.above for tier in changed["cloudfront.bytes.out"].offered.tiers] == [0, 10_240, 51_200]
    assert "0.01 above 0 -> 0.011 above 0 (effective 2026-11-01, SKU SKUPROXYUS)" in str(request)


def test_a_free_allowance_is_no_price() -> None:
    # GIVEN a first row at 0 WHEN compared THEN it is the allowance, and the paid price is the same as ours
    found = refresh(default_prices(), OFFERS)
    same = {change.line.price_id: change.offered for change in found.same}
    assert same["cloudfront.function"].free_units == 2_000_000
    assert same["cloudfront.function"].tiers[0].price == Decimal("0.1")


def test_lambda_edge_is_found_under_both_services() -> None:
    same = {change.line.price_id: change.offered.sku for change in refresh(default_prices(), OFFERS).same}
    assert same["lambda_edge.request"] == "SKUEDGEREQ"
    assert same["lambda_edge.duration"] == "SKUEDGEDUR"


def test_lines_the_file_does_not_hold_are_named() -> None:
    # GIVEN a product without terms (retired) and lines of other offer files WHEN compared THEN they are unmatched
    unmatched = {(line.price_id, line.place) for line in refresh(default_prices(), OFFERS).unmatched}
    assert ("cloudfront.request.https", "europe") in unmatched
    assert ("dynamodb.write", "us-east-1") in unmatched


def test_the_query_apis_form_is_read(tmp_path: Path) -> None:
    # GIVEN a list of single products, each a JSON text, as the query API returns WHEN compared THEN it is the same
    offers = json.loads(OFFERS.read_text())
    single = [
        json.dumps({"product": product, "terms": {"OnDemand": offers["terms"]["OnDemand"][sku]}})
        for sku, product in offers["products"].items()
        if sku in offers["terms"]["OnDemand"]
    ]
    listed = tmp_path / "list.json"
    listed.write_text(json.dumps(single))
    assert [str(change) for change in refresh(default_prices(), listed).changed] == [
        str(change) for change in refresh(default_prices(), OFFERS).changed
    ]


def test_two_products_for_one_line_are_refused(tmp_path: Path) -> None:
    offers = json.loads(OFFERS.read_text())
    offers["products"]["SKUTWIN"] = {**offers["products"]["SKUPROXYUS"], "sku": "SKUTWIN"}
    offers["terms"]["OnDemand"]["SKUTWIN"] = offers["terms"]["OnDemand"]["SKUPROXYUS"]
    doubled = tmp_path / "twice.json"
    doubled.write_text(json.dumps(offers))
    with pytest.raises(OfferError, match="SKUPROXYUS, SKUTWIN all match"):
        refresh(default_prices(), doubled)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not a readable JSON file"),
        ("3", "expected AWS's offer format"),
        ('["x"]', "not a readable JSON file"),
        ("{}", "not AWS's offer format"),
        ('{"products": [], "terms": {"OnDemand": {}}}', "not AWS's offer format"),
        ("\x00\x01", "not a readable JSON file"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: str, message: str) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(content)
    with pytest.raises(OfferError, match=message):
        refresh(default_prices(), broken)


def test_a_price_that_is_no_number_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(OFFERS.read_text().replace('"0.0000011000"', '"cheap"'))
    with pytest.raises(OfferError, match="SKU SKUPROXYUS: USD is 'cheap'"):
        refresh(default_prices(), broken)
