"""What each event class costs: one line of the price sheet a class, and the unit it is counted in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import Final, Literal

from edgewise.cost.prices import PriceLine, PriceSheet

HOME: Final = "us-east-1"
_GIB: Final = 1024**3
_MB_MS: Final = 1024 * 1000  # megabyte-milliseconds in a GB-second
_DIGITS: Final = 40

# Which region groups serve, by price class: AWS, CloudFront guide, "Choose the price class for a distribution".
SERVED_BY: Final[Mapping[str, Sequence[str]]] = {
    "PriceClass_100": ("us", "europe"),
    "PriceClass_200": ("us", "europe", "africa_me", "japan", "asia", "india"),
    "PriceClass_All": ("us", "europe", "africa_me", "japan", "asia", "india", "australia", "south_america"),
}

Where = Literal["global", "home", "us", "group"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """How one event class is charged.

    Attributes
    ----------
    price_id : str
        The line of the sheet.
    where : str
        Which of the line's places: everywhere, the home Region, the US, or the group that serves.
    units : int
        Events in one of the line's units.
    in_plan : bool
        Whether a CloudFront flat-rate plan covers it: CloudFront guide, flat-rate-pricing-plan.
    """

    price_id: str
    where: Where
    units: int = 1
    in_plan: bool = False


RATES: Final[Mapping[str, Rate]] = {
    "web ACL": Rate(price_id="waf.acl", where="global", in_plan=True),
    "web ACL rule": Rate(price_id="waf.rule", where="global", in_plan=True),
    "firewall request": Rate(price_id="waf.request", where="global", in_plan=True),
    "firewall capacity": Rate(price_id="waf.request.500_units", where="global", in_plan=True),
    "CDN request": Rate(price_id="cloudfront.request.https", where="group", in_plan=True),
    "gate run": Rate(price_id="cloudfront.function", where="global", in_plan=True),
    "store read": Rate(price_id="cloudfront.store.read", where="global", in_plan=True),
    "store write": Rate(price_id="cloudfront.store.call", where="global"),
    "byte to function": Rate(price_id="cloudfront.bytes.to_function", where="group", units=_GIB, in_plan=True),
    "byte out": Rate(price_id="cloudfront.bytes.out", where="group", units=_GIB, in_plan=True),
    "edge call": Rate(price_id="lambda_edge.request", where="global"),
    "edge MB-ms": Rate(price_id="lambda_edge.duration", where="global", units=_MB_MS),
    "edge log byte": Rate(price_id="cloudwatch.logs.in", where="group", units=_GIB),
    "edge log byte-month": Rate(price_id="cloudwatch.logs.kept", where="group", units=_GIB),
    "home log byte": Rate(price_id="cloudwatch.logs.in", where="us", units=_GIB),
    "home log byte-month": Rate(price_id="cloudwatch.logs.kept", where="us", units=_GIB),
    "access log byte-month": Rate(price_id="s3.stored", where="home", units=_GIB),
    "ledger write unit": Rate(price_id="dynamodb.write", where="home"),
    "ledger read unit": Rate(price_id="dynamodb.read", where="home"),
    "byte to ledger": Rate(price_id="transfer.to_ledger", where="group", units=_GIB),
    "byte from ledger": Rate(price_id="transfer.from_ledger", where="home", units=_GIB),
    "home run": Rate(price_id="lambda.request", where="home"),
    "home MB-ms": Rate(price_id="lambda.duration.x86_64", where="home", units=_MB_MS),
    "lake object": Rate(price_id="s3.put", where="home"),
    "lake byte-month": Rate(price_id="s3.stored", where="home", units=_GIB),
    "bucket read": Rate(price_id="s3.get", where="home"),
    "dead letter": Rate(price_id="sqs.request", where="home"),
    "alarm": Rate(price_id="cloudwatch.alarm", where="home"),
    "budget": Rate(price_id="budgets.budget", where="home"),
    "metric": Rate(price_id="cloudwatch.metric", where="home"),
    "metric read": Rate(price_id="cloudwatch.metric.read", where="home"),
    "topic message": Rate(price_id="sns.publish", where="home"),
    "mail": Rate(price_id="sns.email", where="home"),
    "schedule start": Rate(price_id="scheduler.run", where="home"),
    "plan pro": Rate(price_id="cloudfront.plan.pro", where="global"),
    "plan free": Rate(price_id="cloudfront.plan.free", where="global"),
    "plan business": Rate(price_id="cloudfront.plan.business", where="global"),
    "plan premium": Rate(price_id="cloudfront.plan.premium", where="global"),
}


class Tally:
    """How often each event class happened, kept apart by the bound's symbols."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], int] = {}

    def add(self, symbol: str, event: str, number: int = 1) -> None:
        """Count events of a class.

        Raises
        ------
        KeyError
            When the class has no rate: nothing is ever free by mistake.
        """
        if event not in RATES:
            raise KeyError(f"event {event!r} has no rate: add it to RATES with its line of the price sheet")
        key = (symbol, event)
        self.counts[key] = self.counts.get(key, 0) + number


def charge(tally: Tally, sheet: PriceSheet, *, group: str, plan: str) -> dict[tuple[str, str], Decimal]:
    """Return USD by symbol and event class, for a month served by one region group.

    Of a price with tiers the first is taken: the endpoint may be all that the account runs.
    """
    with localcontext(Context(prec=_DIGITS)):
        return {
            (symbol, event): number * _unit(RATES[event], sheet, group=group, plan=plan)
            for (symbol, event), number in tally.counts.items()
        }


def _unit(rate: Rate, sheet: PriceSheet, *, group: str, plan: str) -> Decimal:
    if rate.in_plan and plan != "none":
        return Decimal(0)
    place = {"home": HOME, "group": group}.get(rate.where, rate.where)
    line: PriceLine = sheet.price(rate.price_id, place)
    return line.tiers[0].price / line.per / rate.units
