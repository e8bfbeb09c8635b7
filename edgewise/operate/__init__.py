"""The operators' switches: stop, start, rollout, rollback, by ledger and gate store, without a deployment.

Each works on AWS with the caller's own credentials, and on a running local edge. Each is recorded, and one that fails
half-way says what is done and what is not; the same command again completes it.
"""

from edgewise.operate.canary import roll_back, roll_out
from edgewise.operate.cloud import Cloud, Target, aws_cloud, local_cloud
from edgewise.operate.history import Action, history
from edgewise.operate.position import Position, look
from edgewise.operate.steps import IncompleteError, OperateError, Outcome, RefusedError
from edgewise.operate.switches import FOREVER_S, start, stop

__all__ = [
    "FOREVER_S",
    "Action",
    "Cloud",
    "IncompleteError",
    "OperateError",
    "Outcome",
    "Position",
    "RefusedError",
    "Target",
    "aws_cloud",
    "history",
    "local_cloud",
    "look",
    "roll_back",
    "roll_out",
    "start",
    "stop",
]
