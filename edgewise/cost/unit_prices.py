"""What one granted request, lease and cold grant cost at most: the bound's terms divided by their counts.

Who adds up what the ledger has granted so far in a month gets a figure that is never below what granted requests have
cost, and that ends, with every quota used up, at the bound's own F + Q·a + M·m + L·l + C·c. What is refused is not in
it: the guard watches that.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from typing import Final

from edgewise.cost.bound import Bound, Endpoint, Status, bound
from edgewise.cost.bound.result import Term
from edgewise.cost.prices import PriceSheet

# A millionth of a millionth of a dollar: a billion requests round up to a tenth of a cent.
_PLACES: Final = Decimal("0.000000000001")
_CONTEXT: Final = Context(prec=40)


class NoUnitPriceError(ValueError):
    """The bound is not finite, or nothing is granted: there is nothing to divide."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitPrices:
    """USD, each rounded up.

    Attributes
    ----------
    fixed : Decimal
        A month's fees, used or not.
    request : Decimal
        A granted request with its granted milliseconds.
    lease : Decimal
        A lease: ledger, stream, settle, lake, and the timeout by which its last call may overrun.
    cold : Decimal
        What a cold grant adds to its lease: a start-up and the model.
    """

    fixed: Decimal
    request: Decimal
    lease: Decimal
    cold: Decimal


def unit_prices(endpoint: Endpoint, sheet: PriceSheet | None = None) -> UnitPrices:
    """Divide an endpoint's bound by its counts.

    Parameters
    ----------
    endpoint : Endpoint
    sheet : PriceSheet, optional
        The project's own when left out.

    Raises
    ------
    NoUnitPriceError
        When the bound is infinite or unknown, or the endpoint has no ledger.
    """
    if endpoint.daily_quota is None or endpoint.ms_per_request is None:
        raise NoUnitPriceError(f"{endpoint.function}: without a daily quota and ms_per_request nothing is granted")
    whole = bound(endpoint, sheet)
    if whole.status is not Status.FINITE:
        raise NoUnitPriceError(f"{endpoint.function}: the bound is {whole.status}: {'; '.join(whole.reasons)}")
    terms = {term.symbol: term for term in whole.terms}
    a_second = _each(terms["M·m"])
    request_s, lease_s = _seconds(endpoint, whole)
    return UnitPrices(
        fixed=_up(terms["F"].amount),
        request=_up(_each(terms["Q·a"]) + request_s * a_second),
        lease=_up(_each(terms["L·l"]) + lease_s * a_second),
        cold=_up(_each(terms["C·c"])),
    )


def _seconds(endpoint: Endpoint, whole: Bound) -> tuple[Decimal, Decimal]:
    """Return the most seconds of a request and of a lease, as the bound counts M.

    Either each request's granted time and a timeout a lease, or a timeout a request, whichever is less in the month.
    """
    counted = {count.symbol: count.value for term in whole.terms for count in term.counts}
    timeout = Decimal(endpoint.timeout_s)
    if counted["M"] == counted["Q"] * timeout:
        return timeout, Decimal(0)
    return Decimal((endpoint.ms_per_request or 0) + endpoint.assumed.unmetered_ms) / 1000, timeout


def _each(term: Term) -> Decimal:
    (number,) = (count.value for count in term.counts)
    return _CONTEXT.divide(term.amount, number) if number else Decimal(0)


def _up(amount: Decimal) -> Decimal:
    return amount.quantize(_PLACES, rounding=ROUND_CEILING)
