"""The pack as the engine runs it; `EDGEWISE_CAPTURE` names the file."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from pulumi_policy import EnforcementLevel, PolicyPack, ReportViolation, StackValidationArgs, StackValidationPolicy

from policies.core.engine import snapshot
from tests.policies.snapshots import dump


def capture(args: StackValidationArgs, _report: ReportViolation) -> None:
    """Write the stack down."""
    Path(os.environ["EDGEWISE_CAPTURE"]).write_text(dump(snapshot(args.resources)))


PolicyPack(
    "capture",
    enforcement_level=EnforcementLevel.ADVISORY,
    policies=[StackValidationPolicy("capture", "Writes the stack down.", capture)],
)
