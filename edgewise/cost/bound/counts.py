"""How many of everything at most in a month: Q, M, L, C and the refused N, each with its derivation.

Every count is an upper bound under the assumptions it carries; none is an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edgewise.cost.arithmetic import plain
from edgewise.cost.bound.endpoint import Endpoint
from edgewise.cost.bound.result import Assumption, Count, count
from edgewise.cost.bound.worker import WorkerEndpoint
from edgewise.cost.month import DAYS, SECONDS
from edgewise.cost.quotas import limit, source

_LEDGER: Final = Assumption(
    text="what is granted is subtracted first and never taken back; the counter item lives (a restore or a rename "
    "starts a new count); UTC days by the platform's clock",
    source="bounded-spend: the ledger's conditional write",
)
_PLATFORM: Final = Assumption(
    text="no ledger was seen, so only the platform's quotas bound the calls", source=source("lambda_edge.regions")
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """All counts of an endpoint."""

    passed: Count
    seconds: Count
    leases: Count
    cold: Count
    at_firewall: Count
    at_gate: Count
    at_ledger: Count
    flood: Count


def counts(endpoint: Endpoint) -> Counts:
    """Count what one endpoint can be billed for in the worst month."""
    passed = granted_requests(endpoint) or _platform_requests()
    leases = granted_leases(endpoint)
    return Counts(
        passed=passed,
        seconds=_seconds(endpoint, passed, leases),
        leases=leases,
        cold=_cold(endpoint, passed, leases),
        at_firewall=_at_firewall(endpoint),
        at_gate=_at_gate(endpoint),
        at_ledger=_at_ledger(endpoint),
        flood=_flood(endpoint),
    )


def granted_requests(described: Endpoint | WorkerEndpoint) -> Count | None:
    """Q: most calls that pass the ledger, whatever becomes of them.

    A call passes only inside a lease, a lease's calls are subtracted from the day's rest before the first of them
    is answered, and the rest never goes up within a day. So a day passes at most its quota, and a month of 31 days
    31 times that; a monthly quota caps it again. Unspent leases only make it less. None without a ledger: then only
    the platform's own quotas count.
    """
    if described.daily_quota is None:
        return None
    month = f"{DAYS} * {described.daily_quota}"
    if described.monthly_quota is not None:
        month = f"min({described.monthly_quota}, {month})"
    return count("Q", month, _LEDGER)


def granted_leases(described: Endpoint | WorkerEndpoint) -> Count:
    """L: most leases.

    Each lease takes at least the smallest lease from the day's rest, but for the one that takes the rest itself: a
    day has at most ceil(quota / smallest) of them, however they expire, crash or taper. A monthly quota makes
    floor(quota / smallest) full ones, and a short one each day and at its own end. Quotas on cold grants and
    renewals bound the sum as well.
    """
    if described.daily_quota is None:
        return count("L", "0")
    smallest = described.lease.requests
    bounds = [f"{DAYS} * {day_leases(described)}"]
    if described.monthly_quota is not None:
        bounds.append(f"floor({described.monthly_quota} / {smallest}) + {DAYS} + 1")
    text = f"no lease is smaller than {smallest} requests, but for the last of a day"
    return count("L", _least(bounds), _LEDGER, Assumption(text=text, source="the lease's rules"))


def day_leases(described: Endpoint | WorkerEndpoint) -> str:
    """Return the arithmetic of a day's most leases."""
    bounds = [f"ceil({described.daily_quota or 0} / {described.lease.requests})"]
    if described.cold_grants_daily is not None and described.renewals_daily is not None:
        bounds.append(f"{described.cold_grants_daily} + {described.renewals_daily}")
    return _least(bounds)


def _platform_requests() -> Count:
    """Q without a ledger: every call that Lambda's own quotas admit, in every Region, all month."""
    per_s, regions = limit("lambda_edge.requests_per_s"), limit("lambda_edge.regions")
    return count("Q", f"{per_s} * {regions} * {SECONDS}", _PLATFORM)


def _seconds(endpoint: Endpoint, passed: Count, leases: Count) -> Count:
    """M: most billed seconds of calls inside leases.

    A lease of n requests carries n x ms_per_request milliseconds, and a call starts only while some are left. The
    environment answers one call at a time, so only the last call can overrun, by less than one timeout: granted
    time plus one timeout a lease. A call's own clock misses the runtime around it and the rounding up to 1 ms:
    `unmetered_ms` a call. And no call is billed longer than its timeout, which bounds the sum again. Start-ups
    are not in here (C, and the refused at the ledger). Without a ledger: every environment that the account's
    concurrency admits, busy all month, start-ups included.
    """
    if endpoint.daily_quota is None:
        environments, regions = limit("lambda_edge.concurrency"), limit("lambda_edge.regions")
        return count("M", f"{environments} * {regions} * {SECONDS}", _PLATFORM)
    whole = f"{plain(passed.value)} * {endpoint.timeout_s}"
    timeout = Assumption(text="a call ends at its timeout", source="Lambda: exact, billed until termination")
    if endpoint.ms_per_request is None:
        return count("M", whole, timeout)
    per_call = f"({endpoint.ms_per_request} + {endpoint.assumed.unmetered_ms})"
    granted = f"{plain(passed.value)} * {per_call} / 1000 + {plain(leases.value)} * {endpoint.timeout_s}"
    clock = Assumption(
        text=f"a call's clock misses at most {endpoint.assumed.unmetered_ms} billed ms", source="assumed"
    )
    return count("M", f"min({granted}, {whole})", timeout, clock)


def _cold(endpoint: Endpoint, passed: Count, leases: Count) -> Count:
    """C: most cold grants, an environment's first lease: each carries a start-up and a model download.

    An environment that is reset (timeout, crash, recycling) starts anew, so its next lease is a cold one again; a
    lease that brings another model digest counts as cold too. All are leases, so C is at most L.
    """
    if endpoint.daily_quota is None:
        return count("C", plain(passed.value), _PLATFORM)
    if endpoint.cold_grants_daily is None:
        return count("C", plain(leases.value), Assumption(text="every lease may be cold", source="no quota seen"))
    own = Assumption(text="cold grants have their own quota; a new digest needs one", source="the ledger's write")
    return count("C", f"min({DAYS} * {endpoint.cold_grants_daily}, {plain(leases.value)})", own)


def _at_firewall(endpoint: Endpoint) -> Count:
    """N at the firewall: blocked requests until the guard acts; what the flood adds meanwhile stands in R."""
    if endpoint.firewall is None or not _disconnects(endpoint):
        return count("N_firewall", "0")
    guard = Assumption(
        text="the guard disables the distribution once the month's blocked requests pass the allowance",
        source="on_flood: disconnect",
    )
    return count("N_firewall", f"min({endpoint.allowance.firewall}, {_whole_flood(endpoint)})", guard)


def _flood(endpoint: Endpoint) -> Count:
    """R's requests: the flood past the allowance until the distribution is disabled, or all month."""
    if endpoint.firewall is None:
        return count("R", "0", Assumption(text="no firewall: the flood stands in N_gate", source="none was seen"))
    assumed = Assumption(text=f"a flood sends at most {endpoint.assumed.flood_rps} requests a second", source="assumed")
    if not _disconnects(endpoint):
        return count("R", _whole_flood(endpoint), assumed)
    during = f"{endpoint.assumed.flood_rps} * {_disconnect_s(endpoint)}"
    rest = f"max({_whole_flood(endpoint)} - {endpoint.allowance.firewall}, 0)"
    return count("R", f"min({during}, {rest})", assumed, *_lags(endpoint))


def _whole_flood(endpoint: Endpoint) -> str:
    return f"{endpoint.assumed.flood_rps} * {SECONDS}"


def _at_gate(endpoint: Endpoint) -> Count:
    """N at the gate: requests that the firewall let pass and the gate refused.

    With a guard that disconnects: the allowance, plus what passes the firewall until the distribution is off; never
    more than what passes the firewall all month, which is what counts without one.
    """
    if endpoint.gate is None:
        return count("N_gate", "0", Assumption(text="no gate: the flood reaches Lambda", source="none was seen"))
    if not _disconnects(endpoint):
        return count("N_gate", _passing(endpoint, _peak(endpoint), SECONDS), *_rate_rule(endpoint))
    during = _passing(endpoint, _peak(endpoint), _disconnect_s(endpoint))
    within = f"min({endpoint.allowance.gate} + {during}, {_passing(endpoint, _peak(endpoint), SECONDS)})"
    return count("N_gate", within, *_rate_rule(endpoint), *_lags(endpoint))


def _at_ledger(endpoint: Endpoint) -> Count:
    """N at the ledger: calls of Lambda outside any lease, refused, crashed before the ledger, or unanswered by it.

    Only a valid signature reaches Lambda, so they come at the assumed signed rate (or the whole flood's without a
    signature gate). The day's quota running out, a ledger outage and code that dies at start-up all look the same to
    the guard: executions of the gate minus passed calls. Once the month's allowance of them is used up it closes the
    gate through the store, to the month's end, in both flood modes: a call without a lease costs a hundred times a
    refusal at the gate. Without a store it can only disconnect; without a guard nothing ends it.
    """
    if endpoint.daily_quota is None:
        return count("N_ledger", "0", _PLATFORM)
    signed = endpoint.gate is not None and endpoint.gate.signed
    rate = endpoint.assumed.signed_flood_rps if signed else _peak(endpoint)
    who = Assumption(text=f"at most {rate} requests a second reach Lambda unrefused", source="assumed")
    closes = endpoint.guard is not None and endpoint.gate is not None and endpoint.gate.store
    if not closes and not _disconnects(endpoint):
        return count("N_ledger", _passing(endpoint, rate, SECONDS), who, *_rate_rule(endpoint))
    seconds = _close_s(endpoint) if closes else _disconnect_s(endpoint)
    during = _passing(endpoint, rate, seconds)
    within = f"min({endpoint.allowance.ledger} + {during}, {_passing(endpoint, rate, SECONDS)})"
    return count("N_ledger", within, who, *_rate_rule(endpoint), *_lags(endpoint))


def _passing(endpoint: Endpoint, rate: int, seconds: int) -> str:
    """Most requests that pass the rate rule in some seconds of a flood that pulses as it likes.

    The rule is assumed to block at most f = `firewall_s` after the trailing window w holds more than its limit
    (cap x w), and to block until it holds less again. Let p = cap / r. A flood at rate r that runs until it is
    blocked passes r x f in a cycle of f + w x (1 - p), the time its window needs to fall to the limit; one that
    waits until the window is empty passes cap x w more in a cycle of w x p + f + w. Both are at most
    cap + r x f / (f + w) a second on average, which is what is counted; a begun cycle counts whole, the first
    window's limit once. Never more than r x seconds; without a rate cap, that.
    """
    everything = f"{rate} * {seconds}"
    if endpoint.rate_cap_rps is None or endpoint.firewall is None:
        return everything
    reaction, window = endpoint.assumed.firewall_s, endpoint.firewall.window_s
    cycles = f"({seconds} / ({reaction} + {window}) + 1)"
    capped = f"{plain(endpoint.rate_cap_rps)} * ({seconds} + {window}) + {rate} * {reaction} * {cycles}"
    return f"ceil(min({everything}, {capped}))"


def _peak(endpoint: Endpoint) -> int:
    """Return the flood's rate at the gate; without a rate rule only CloudFront's own quota is believed."""
    if endpoint.firewall is None or endpoint.rate_cap_rps is None:
        return limit("cloudfront.requests_per_s")
    return endpoint.assumed.flood_rps


def _disconnects(endpoint: Endpoint) -> bool:
    return endpoint.on_flood == "disconnect" and endpoint.guard is not None


def _disconnect_s(endpoint: Endpoint) -> int:
    return _guard_s(endpoint) + endpoint.assumed.disable_s


def _close_s(endpoint: Endpoint) -> int:
    return _guard_s(endpoint) + endpoint.assumed.store_s


def _guard_s(endpoint: Endpoint) -> int:
    """Return the seconds from a refusal to the guard's act: metric, next look, its late start, start-up and run."""
    guard = endpoint.guard
    if guard is None:
        return 0
    look = guard.interval_s + limit("scheduler.precision_s") + guard.init_s + guard.timeout_s
    return endpoint.assumed.metrics_s + look


def _lags(endpoint: Endpoint) -> tuple[Assumption, ...]:
    assumed = endpoint.assumed
    interval = endpoint.guard.interval_s if endpoint.guard else 0
    return (
        Assumption(text=f"metrics up to {assumed.metrics_s} s late", source=source("cloudwatch.metric_delay_s")),
        Assumption(
            text=f"the guard looks every {interval} s, starts late, in a new environment, and runs to its timeout",
            source=source("scheduler.precision_s"),
        ),
        Assumption(text=f"a distribution is off {assumed.disable_s} s later", source=source("cloudfront.disable_s")),
        Assumption(text=f"a key is read {assumed.store_s} s later", source=source("cloudfront.store_propagation_s")),
        Assumption(text="nobody opens the endpoint again by hand in the same month", source="each time adds a flood"),
    )


def _rate_rule(endpoint: Endpoint) -> tuple[Assumption, ...]:
    if endpoint.firewall is None or endpoint.rate_cap_rps is None:
        text = "no rate cap was seen: CloudFront's own quota of requests a second"
        return (Assumption(text=text, source=source("cloudfront.requests_per_s")),)
    text = f"a rate rule blocks {endpoint.assumed.firewall_s} s after its limit is passed"
    flood = f"a flood sends at most {endpoint.assumed.flood_rps} requests a second"
    return (
        Assumption(text=text, source=source("waf.rate_rule_reaction_s")),
        Assumption(text=flood, source="assumed"),
    )


def _least(bounds: list[str]) -> str:
    return bounds[0] if len(bounds) == 1 else f"min({', '.join(bounds)})"
