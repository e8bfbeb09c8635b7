"""The audit's SQL: one text a question, in words that DuckDB and Athena (Trino) both take.

They read a table ``receipts``: a row a receipt as it was handed in. A batch that came twice, cut in another place, has
some receipts twice; every sum takes each `receipt_id` once. A map is taken apart by its keys, the one form of UNNEST
that both dialects share.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Each receipt once: copies are the same, so any will do, and the least sequence number is the same one each time.
_ONCE: Final = """WITH numbered AS (
    SELECT *, row_number() OVER (PARTITION BY receipt_id ORDER BY sequence_number, dt) AS copy
    FROM receipts
), once AS (
    SELECT * FROM numbered WHERE copy = 1
)
"""

_RECEIPTS: Final = (
    _ONCE
    + """SELECT dt, function, digest, receipt_id, edge, began_s, ended_s, used, unspent, leases, milliseconds,
    bytes_up, bytes_down, cold, waited, lost
FROM once
ORDER BY dt, function, began_s, receipt_id"""
)

_REQUESTS: Final = (
    _ONCE
    + """SELECT dt, function, digest, count(*) AS receipts, sum(used) AS requests, sum(cold) AS cold,
    sum(waited) AS waited
FROM once
GROUP BY dt, function, digest
ORDER BY dt, function, digest"""
)

_OUTCOMES: Final = (
    _ONCE
    + """SELECT dt, function, digest, outcome, sum(outcomes[outcome]) AS requests
FROM once CROSS JOIN UNNEST(map_keys(outcomes)) AS told (outcome)
GROUP BY dt, function, digest, outcome
ORDER BY dt, function, digest, outcome"""
)

_REFUSED: Final = (
    _ONCE
    + """SELECT dt, function, reason, sum(refused[reason]) AS requests
FROM once CROSS JOIN UNNEST(map_keys(refused)) AS told (reason)
GROUP BY dt, function, reason
ORDER BY dt, function, reason"""
)

_SUCCESS: Final = (
    _ONCE
    + """, answered AS (
    SELECT receipt_id, sum(CASE WHEN outcome = 'ok' THEN outcomes[outcome] ELSE 0 END) AS ok
    FROM once CROSS JOIN UNNEST(map_keys(outcomes)) AS told (outcome)
    GROUP BY receipt_id
)
SELECT dt, function, digest, sum(used) AS requests, sum(coalesce(ok, 0)) AS answered,
    CAST(sum(coalesce(ok, 0)) AS double) / nullif(sum(used), 0) AS success
FROM once LEFT JOIN answered ON answered.receipt_id = once.receipt_id
GROUP BY dt, function, digest
ORDER BY dt, function, digest"""
)

_EGRESS: Final = (
    _ONCE
    + """SELECT dt, function, sum(bytes_up) AS bytes_up, sum(bytes_down) AS bytes_down,
    sum(milliseconds) AS milliseconds
FROM once
GROUP BY dt, function
ORDER BY dt, function"""
)

# To be compared with the ledger's counter item, whose sums are since the function's first lease.
_SUMS: Final = (
    _ONCE
    + """SELECT function, count(*) AS receipts, sum(used) AS used, sum(unspent) AS unspent, sum(leases) AS leases,
    sum(lost) AS lost, min(dt) AS first_day, max(dt) AS last_day
FROM once
GROUP BY function
ORDER BY function"""
)

_DOUBLES: Final = """SELECT function, receipt_id, count(*) AS copies, min(sequence_number) AS first_sequence_number
FROM receipts
GROUP BY function, receipt_id
HAVING count(*) > 1
ORDER BY function, receipt_id"""

QUERIES: Final[Mapping[str, str]] = {
    "receipts": _RECEIPTS,
    "requests": _REQUESTS,
    "outcomes": _OUTCOMES,
    "refused": _REFUSED,
    "success": _SUCCESS,
    "egress": _EGRESS,
    "sums": _SUMS,
    "doubles": _DOUBLES,
}
