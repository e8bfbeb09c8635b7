"""What the policy packs cost: whole processes, side by side in one run.

All packs over 10,000 resources beside checkov over the same as CloudFormation (target: a tenth of its time), and the
preview of a 400-resource stack with all packs and without (target: 2 s more at most). checkov is installed on its own,
from `tools/checkov.lock`, into the cache.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
from rich.console import Console
from rich.table import Table

from benchmarks.policy_stack import cloudformation, pulumi_documents
from edgewise import engine
from edgewise.paths import PROJECT_ROOT, cache_dir
from tests.policies.harness import program

RESOURCES: Final = 10_000
PREVIEWED: Final = 400
TARGET_RATIO: Final = 10.0
TARGET_MORE_S: Final = 2.0
PREVIEWS: Final = 3
LOCK: Final = PROJECT_ROOT / "tools" / "checkov.lock"
# checkov ends with 1 when it finds something, and with another code when it could not work.
FOUND: Final = 1

pytestmark = pytest.mark.timeout(3600)

STACK: Final = f"""\
import json
import pulumi_aws as aws

trust = json.dumps({{"Version": "2012-10-17", "Statement": []}})
for index in range({PREVIEWED} // 4):
    role = aws.iam.Role(f"role-{{index}}", assume_role_policy=trust)
    aws.iam.RolePolicy(f"policy-{{index}}", role=role.name, policy=trust)
    topic = aws.sns.Topic(f"topic-{{index}}")
    aws.cloudwatch.MetricAlarm(
        f"alarm-{{index}}", namespace="AWS/SNS", metric_name="NumberOfMessagesPublished", threshold=1,
        comparison_operator="GreaterThanThreshold", evaluation_periods=1, period=300, statistic="Sum",
        dimensions={{"TopicName": topic.name}}, alarm_actions=[topic.arn],
    )
"""


@pytest.fixture(scope="module")
def checkov() -> Path:
    """Install what `tools/checkov.lock` names, once."""
    home = cache_dir() / "checkov"
    done = home / "lock"
    if not done.exists() or done.read_bytes() != LOCK.read_bytes():
        uv = [str(Path(sys.executable).with_name("uv"))]
        python = str(home / "bin" / "python")
        subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(home)], check=True)
        subprocess.run([*uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, str(LOCK)], check=True)
        done.write_bytes(LOCK.read_bytes())
    return home / "bin" / "checkov"


def seconds(command: Sequence[str], *, ends_with: Sequence[int] = (0,)) -> float:
    """Run a whole process and return how long it took."""
    began_s = time.perf_counter()
    answer = subprocess.run(
        command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False, env={**os.environ, "BC_SOURCE": "cli"}
    )
    assert answer.returncode in ends_with, answer.stderr[-2000:]
    assert answer.stdout.strip()
    return time.perf_counter() - began_s


def show(capsys: pytest.CaptureFixture[str], title: str, rows: Sequence[tuple[str, str]]) -> None:
    shown = Table(title=title)
    shown.add_column("")
    shown.add_column("", justify="right")
    for row in rows:
        shown.add_row(*row)
    with capsys.disabled():
        Console(width=120).print(shown)


def test_all_packs_beside_checkov(tmp_path: Path, checkov: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack, template = tmp_path / "stack.json", tmp_path / "template.json"
    stack.write_text(json.dumps(pulumi_documents(RESOURCES)))
    template.write_text(json.dumps(cloudformation(RESOURCES), indent=1))

    ours_s = seconds([sys.executable, "-m", "benchmarks.policy_stack", "judge", str(stack)])
    options = ["--framework", "cloudformation", "--compact", "--quiet", "--skip-download"]
    theirs_s = seconds([str(checkov), "--file", str(template), *options], ends_with=(0, FOUND))

    ratio = theirs_s / ours_s
    rows = [
        ("all packs", f"{ours_s:.2f} s"),
        ("checkov", f"{theirs_s:.2f} s"),
        ("ratio", f"{ratio:.1f} (target {TARGET_RATIO:g})"),
    ]
    show(capsys, f"{RESOURCES:,} resources, whole processes", rows)


def test_a_preview_with_all_packs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = program(tmp_path, STACK)
    small.preview()
    without: list[float] = []
    with_all: list[float] = []
    for _ in range(PREVIEWS):
        for packs, times in (((), without), (engine.policy_packs(), with_all)):
            began_s = time.perf_counter()
            run = small.preview(packs)
            times.append(time.perf_counter() - began_s)
            assert run.exit_code == 0, run.output

    without_s, with_s = statistics.median(without), statistics.median(with_all)
    rows = [
        ("without packs", f"{without_s:.2f} s"),
        ("with all packs", f"{with_s:.2f} s"),
        ("more", f"{with_s - without_s:.2f} s (target {TARGET_MORE_S:g})"),
    ]
    show(capsys, f"preview of {PREVIEWED} resources, median of {PREVIEWS}", rows)
