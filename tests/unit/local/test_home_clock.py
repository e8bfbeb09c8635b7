"""The clock that environments run on: shifted by a file, at once, without a change to the zip."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from edgewise.local.functions.clock import CLOCK_VARIABLE, INJECTED, make_clock, now_s, read_offset, write_offset

DAY_S = 86_400
PROBE = """
import json, runpy, sys
runpy.run_path(sys.argv[1])
import datetime, time
from datetime import timezone
class Own(datetime.datetime):
    pass
for line in sys.stdin:
    then = datetime.datetime(2026, 1, 2, tzinfo=timezone.utc)
    print(json.dumps({
        "time": time.time(), "ns": time.time_ns() / 1e9, "gmtime": time.mktime(time.gmtime()) - time.timezone,
        "now": datetime.datetime.now(timezone.utc).timestamp(),
        "utcnow": datetime.datetime.utcnow().replace(tzinfo=timezone.utc).timestamp(),
        "day": datetime.date.today().isoformat(), "strftime": time.strftime("%Y"), "fixed": time.gmtime(0).tm_year,
        "alike": isinstance(datetime.datetime.now(), datetime.datetime) and isinstance(then, datetime.date)
            and issubclass(datetime.datetime, datetime.date) and not isinstance(then, Own) and then.year == 2026,
    }), flush=True)
"""


def test_a_process_follows_the_file_at_once(tmp_path: Path) -> None:
    # GIVEN a process on a clock that goes right
    clock = tmp_path / "clock"
    make_clock(clock)
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PROBE, str(INJECTED)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, CLOCK_VARIABLE: str(clock), "TZ": "UTC"},
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None

    # WHEN the clock is set on by ten days, and back again
    for offset_s in (0.0, 10.0 * DAY_S, 0.0):
        write_offset(clock, offset_s)
        process.stdin.write("\n")
        process.stdin.flush()
        told = json.loads(process.stdout.readline())

        # THEN each way to ask for the time says so
        expected = time.time() + offset_s
        for name in ("time", "ns", "gmtime", "now", "utcnow"):
            assert abs(told[name] - expected) < DAY_S / 2, name
        assert told["day"] == time.strftime("%Y-%m-%d", time.gmtime(told["time"]))
        assert told["strftime"] == time.strftime("%Y", time.gmtime(told["time"]))
        assert told["fixed"] == 1970
        assert told["alike"] is True
    process.stdin.close()
    assert process.wait(timeout=30) == 0


def test_without_a_file_the_clock_is_the_machines(tmp_path: Path) -> None:
    assert read_offset(None) == 0.0
    assert read_offset(tmp_path / "none") == 0.0
    code = f"import runpy; runpy.run_path({str(INJECTED)!r}); import time; print(time.time.__name__)"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={CLOCK_VARIABLE: "/nowhere"}
    )
    assert answer.stdout.strip() == "time"


def test_a_clock_is_kept_when_it_is_there(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    write_offset(clock, 5.0)

    make_clock(clock)

    assert read_offset(clock) == 5.0
    assert now_s(clock) > time.time() + 4
