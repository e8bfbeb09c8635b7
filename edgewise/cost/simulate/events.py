"""What happened in a month, in whole numbers: the meter prices these and nothing else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Events:
    """Counts of a month. A request ends in exactly one of the first eight.

    Attributes
    ----------
    blocked : int
        Turned away by the firewall: by its default, or by the rate rule.
    refused_at_gate : int
        Answered by the gate, or let pass by it and never become a call (an upload that was broken off).
    refused_at_ledger : int
        Calls of the edge function outside any lease.
    passed : int
        Calls inside a lease, whatever became of them.
    dropped : int
        Sent to a distribution that was off: costs nothing.
    oversized : int
        Of the passed, those with a body that the gate's size check would have turned away.
    models_given : int
        Models handed to strangers: 0 while the fetch token is checked.
    lease_ms, start_ms, refused_ms : int
        Billed milliseconds: inside leases, of cold grants, of calls outside any lease.
    leases, cold_grants : int
        Granted; the cold ones are leases too.
    fetches : int
        Models fetched by environments.
    receipts : int
        Receipts that went in alone.
    renewals_refused : int
        Questions for a next lease that were refused while one was held.
    refused_questions : int
        Questions to the ledger of requests that got no lease.
    records : int
        Records of the ledger's stream.
    closings : int
        Runs of settle or guard that wrote the gate's store.
    acts : int
        Acts of the guard: it tells each of them.
    """

    blocked: int = 0
    refused_at_gate: int = 0
    refused_at_ledger: int = 0
    passed: int = 0
    dropped: int = 0
    oversized: int = 0
    models_given: int = 0
    lease_ms: int = 0
    start_ms: int = 0
    refused_ms: int = 0
    leases: int = 0
    cold_grants: int = 0
    fetches: int = 0
    receipts: int = 0
    renewals_refused: int = 0
    refused_questions: int = 0
    records: int = 0
    closings: int = 0
    acts: int = 0

    @property
    def requests(self) -> int:
        """All that were sent."""
        ended = self.blocked + self.refused_at_gate + self.refused_at_ledger + self.passed
        return ended + self.dropped + self.models_given
