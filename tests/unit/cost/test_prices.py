"""Each price line's one unit against a figure written by hand, and what the loader refuses."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from edgewise.cost.prices import UnknownPriceError, default_prices, load_prices
from edgewise.cost.quotas import default_quotas, limit, load_quotas
from edgewise.cost.sheet_file import SheetError

# USD for ONE unit (request, GB-second, GiB, month, …), written by hand from the price pages.
ONE_UNIT = """
cloudfront.request.https us .000001 | europe .0000012 | africa_me .0000012 | japan .0000012 | asia .0000012
cloudfront.request.https india .0000012 | australia .00000125 | south_america .0000022
cloudfront.bytes.to_function us .02 | europe .02 | africa_me .06 | japan .06 | asia .06 | india .16 | australia .08
cloudfront.bytes.to_function south_america .125
cloudfront.bytes.out us .085 | europe .085 | africa_me .11 | japan .114 | asia .12 | india .109 | australia .114
cloudfront.bytes.out south_america .11
cloudfront.function global .0000001
cloudfront.store.read global .00000003
cloudfront.store.call global .001
cloudfront.plan.free global 0
cloudfront.plan.pro global 15
cloudfront.plan.business global 200
cloudfront.plan.premium global 1000
waf.acl global 5
waf.rule global 1
waf.request global .0000006
waf.request.500_units global .0000002
lambda_edge.request global .0000006
lambda_edge.duration global .00005001
lambda.request us-east-1 .0000002
lambda.duration.x86_64 us-east-1 .0000166667
lambda.duration.arm64 us-east-1 .0000133334
dynamodb.write us-east-1 .000000625
dynamodb.read us-east-1 .000000125
dynamodb.stored us-east-1 .25
dynamodb.pitr us-east-1 .2
sqs.request us-east-1 .0000004
sns.publish us-east-1 .0000005
sns.email us-east-1 .00002
scheduler.run us-east-1 .000001
cloudwatch.alarm us-east-1 .1
cloudwatch.metric us-east-1 .3
cloudwatch.metric.read us-east-1 .00001
cloudwatch.dashboard us-east-1 3
cloudwatch.logs.in us .5 | europe .63 | japan .76 | asia .76 | africa_me .76 | india .76 | australia .76
cloudwatch.logs.in south_america .9
cloudwatch.logs.kept us .03 | europe .033 | africa_me .033 | japan .033 | asia .033 | india .033 | australia .033
cloudwatch.logs.kept south_america .041
s3.stored us-east-1 .023
s3.put us-east-1 .000005
s3.get us-east-1 .0000004
s3.to_cloudfront us-east-1 0
glue.object us-east-1 .00001
glue.request us-east-1 .000001
budgets.budget us-east-1 0
athena.scanned us-east-1 5
transfer.to_ledger us .02 | europe .02 | africa_me .147 | japan .09 | asia .09 | india .086 | australia .098
transfer.to_ledger south_america .138
transfer.from_ledger us-east-1 .02
ec2.g4dn.xlarge us-east-1 .526
ec2.g6.xlarge us-east-1 .8048
ec2.g5.xlarge us-east-1 1.006
ec2.c7g.large us-east-1 .0725
ec2.c7g.xlarge us-east-1 .145
ec2.t4g.small us-east-1 .0168
workers.paid global 5
workers.request global .0000003
workers.cpu global .00000002
workers.logs.event global .0000006
workers.logs.in global .25
workers.logs.kept global .1
kv.read global .0000005
kv.write global .000005
durable_objects.request global .00000015
durable_objects.duration global .0000125
durable_objects.row.written global .000001
durable_objects.row.read global .000000001
durable_objects.stored global .2
r2.class_a global .0000045
r2.class_b global .00000036
r2.stored global .015
zone.pro global 25
zone.business global 250
"""


def hand_written() -> list[tuple[str, str, Decimal]]:
    rows = []
    for text in ONE_UNIT.strip().splitlines():
        price_id, figures = text.split(" ", 1)
        for figure in figures.split("|"):
            place, usd = figure.split()
            rows.append((price_id, place, Decimal(usd)))
    return rows


@pytest.mark.parametrize(("price_id", "place", "usd"), hand_written())
def test_one_unit_costs_what_the_page_says(price_id: str, place: str, usd: Decimal) -> None:
    # GIVEN a line WHEN one unit is priced THEN it is the hand-written figure
    line = default_prices().price(price_id, place)
    assert line.cost(Decimal(1)) == usd
    assert line.dearest / line.per == usd


def test_every_line_has_a_hand_written_figure() -> None:
    assert sorted((line.price_id, line.place) for line in default_prices()) == sorted(
        (price_id, place) for price_id, place, _ in hand_written()
    )


def test_tiers_are_walked_through() -> None:
    # GIVEN 61,440 GiB out of US edges WHEN priced THEN 10,240 at .085, 40,960 at .080, 10,240 at .060
    line = default_prices().price("cloudfront.bytes.out", "us")
    assert line.cost(Decimal(61_440)) == Decimal("870.4") + Decimal("3276.8") + Decimal("614.4")


def test_lambda_tiers() -> None:
    # GIVEN 7 billion GB-s on x86 WHEN priced THEN 6 at the first, 1 at the second tier
    line = default_prices().price("lambda.duration.x86_64", "us-east-1")
    assert line.cost(Decimal(7_000_000_000)) == Decimal("100000.2") + Decimal("15000")


def test_a_missing_price_is_never_guessed() -> None:
    sheet = default_prices()
    with pytest.raises(UnknownPriceError, match=r"'waf\.request' for 'mars'"):
        sheet.price("waf.request", "mars")
    # GIVEN one unpriced place WHEN the dearest is asked for THEN the others don't stand in for it
    with pytest.raises(UnknownPriceError, match="'europe'"):
        sheet.without("cloudfront.bytes.out", "europe").dearest("cloudfront.bytes.out", ("us", "europe"))


GOOD = '{id: a.b, region: global, unit: request, per: 1000, price: "0.5", source: s, date: 2026-11-24}'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("id: a.b, ", "", r"'\(no id\)': key 'id' is missing"),
        ("unit: request, ", "", "'a.b': key 'unit' is missing"),
        ("per: 1000, ", "", "'a.b': key 'per' is missing"),
        ('price: "0.5", ', "", "'a.b': key 'price' or 'tiers' is missing"),
        ("region: global, ", "", "'a.b': key 'region' or 'group' is missing"),
        ("source: s, ", "", "'a.b': key 'source' is missing"),
        (", date: 2026-11-24", "", "'a.b': key 'date' is missing"),
        ("source: s", "source: nobody", "source 'nobody' is not among"),
        ("2026-11-24", "last-week", "'date' is 'last-week', write it as YYYY-MM-DD"),
        ('"0.5"', "0.5", "a float loses digits"),
        ('"0.5"', '"-1"', "must be finite and not negative"),
        ('"0.5"', '"NaN"', "must be finite and not negative"),
        ('"0.5"', '"cheap"', "not a number"),
        ("unit: request", "unit: requets", "unit 'requets' is unknown"),
        ("per: 1000", "per: 0", "must be a whole number of 1 or more"),
        ("region: global", "group: atlantis", "group 'atlantis', use one of"),
        ('price: "0.5"', 'tiers: [{above: 5, price: "1"}]', "tiers must start above 0"),
        ('price: "0.5"', 'tiers: [{above: 0, prise: "1"}]', "a tier is 'above' and 'price'"),
        ("region: global", "region: global, basis: hearsay", "basis 'hearsay', use one of"),
        ("region: global", "region: global, prize: 3", "unknown key 'prize'"),
    ],
)
def test_a_line_without_its_papers_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    # GIVEN a good sheet WHEN one key is taken away or spoilt THEN the message names the line and the key
    sheet = tmp_path / "sheet.yaml"
    sheet.write_text(f"sources: {{s: somebody}}\nlines:\n  - {GOOD}\n")
    assert load_prices(sheet).price("a.b").text == "0.5 / 1000"
    sheet.write_text(f"sources: {{s: somebody}}\nlines:\n  - {GOOD.replace(old, new)}\n")
    with pytest.raises(SheetError, match=message):
        load_prices(sheet)


def test_a_line_that_stands_twice_is_refused(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.yaml"
    sheet.write_text(f"sources: {{s: somebody}}\nlines:\n  - {GOOD}\n  - {GOOD}\n")
    with pytest.raises(SheetError, match="a second line for 'global'"):
        load_prices(sheet)


@pytest.mark.parametrize("content", ["[]", "lines: []", "sources: {}\nlines: [3]"])
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: str) -> None:
    sheet = tmp_path / "sheet.yaml"
    sheet.write_text(content)
    with pytest.raises(SheetError, match=r"sheet\.yaml"):
        load_prices(sheet)


def test_quotas_carry_their_source() -> None:
    # GIVEN the platforms' limits WHEN read THEN the ones the bound falls back on are AWS's
    assert limit("cloudfront.requests_per_s") == 250_000
    assert limit("lambda_edge.requests_per_s") * limit("lambda_edge.regions") == 130_000
    assert limit("lambda.init_s") == 10
    assert all(quota.source and quota.unit for quota in default_quotas().values())


@pytest.mark.parametrize("key", ["id", "value", "unit", "source", "date"])
def test_a_quota_without_its_papers_is_refused(tmp_path: Path, key: str) -> None:
    row = {"id": "q", "value": "1", "unit": "s", "source": "s", "date": "2026-11-24"}
    del row[key]
    sheet = tmp_path / "quotas.yaml"
    sheet.write_text("sources: {s: x}\nquotas:\n  - {" + ", ".join(f"{k}: {v}" for k, v in row.items()) + "}\n")
    with pytest.raises(SheetError, match=f"key '{key}' is missing"):
        load_quotas(sheet)
