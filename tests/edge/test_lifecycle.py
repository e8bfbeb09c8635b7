"""Starting, replacing and stopping a local edge."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from edgewise.local import supervisor
from edgewise.local.files import RunFiles
from edgewise.local.functions.cpu import cpu_groups
from edgewise.local.stack.model import LocalEdgeError
from tests.edge.running import RunningEdge, eventually, lambda_runtime


def all_pids(edge: RunningEdge) -> list[int]:
    """Return every process of a local edge."""
    state = edge.admin.state()
    environments = [pid for function in state["functions"].values() for pid in function["pids"]]
    return [*edge.status.pids.values(), state["gate"]["pid"], *environments]


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def free(url: str) -> bool:
    """Tell whether nobody listens at an address."""
    address = urlsplit(url)
    with socket.socket() as line:
        return line.connect_ex((address.hostname, address.port)) != 0


def test_a_second_start_changes_nothing(own_edge: RunningEdge) -> None:
    # GIVEN a running edge WHEN the same state is started again
    first = own_edge.start()
    second = own_edge.start()

    # THEN it is the very same
    assert second == first


def test_a_changed_state_replaces_the_edge_and_keeps_what_it_knew(own_edge: RunningEdge) -> None:
    # GIVEN an edge with a counter and a key changed at run time
    first = own_edge.start()
    own_edge.ask(do="take")
    own_edge.admin.put_key("edgewise-local-face-match", "deny:other", "1")
    old = all_pids(own_edge)

    # WHEN the stack changes
    own_edge.stack.timeout_s = 2
    second = own_edge.start()

    # THEN new processes serve the same ports and know the counter and the key
    assert second.endpoints == first.endpoints
    assert second.cloud_url == first.cloud_url
    assert set(second.pids.values()).isdisjoint(first.pids.values())
    assert alive(old) == []
    assert own_edge.ask(do="take").json() == {"taken": 2}
    assert "deny:other" in own_edge.admin.state()["stores"]["edgewise-local-face-match"]


def test_stop_leaves_nothing(own_edge: RunningEdge) -> None:
    # GIVEN an edge at work
    running = own_edge.start()
    own_edge.ask()
    pids = all_pids(own_edge)
    assert len(pids) == 5
    cpu = cpu_groups("edgewise-test-lifecycle")
    groups = json.loads(RunFiles(own_edge.run_dir).status.read_text())["cpu"]
    assert (groups is None) == (cpu is None)
    assert groups is None or Path(groups["folder"]).is_dir()

    # WHEN it is stopped
    supervisor.stop(own_edge.run_dir)

    # THEN no process, port, control group or file with data stays
    assert alive(pids) == []
    assert free(own_edge_url := running.endpoints["face-match"]), own_edge_url
    assert free(running.cloud_url)
    assert free(running.admin_url)
    assert groups is None or not Path(groups["folder"]).exists()
    assert sorted(path.name for path in own_edge.run_dir.iterdir()) == ["lock", "logs"]
    assert supervisor.status(own_edge.run_dir) is None


def test_stopping_what_does_not_run_is_fine(own_edge: RunningEdge) -> None:
    supervisor.stop(own_edge.run_dir)

    assert supervisor.status(own_edge.run_dir) is None


def test_a_keeper_that_is_killed_takes_everything_along(own_edge: RunningEdge) -> None:
    # GIVEN an edge at work, a counter taken
    running = own_edge.start()
    own_edge.ask(do="take")
    pids = all_pids(own_edge)

    # WHEN the keeper is killed THEN all processes are gone
    os.kill(running.pids["keeper"], signal.SIGKILL)
    eventually(lambda: alive([pid for pid in pids if pid != running.pids["keeper"]]) == [])
    eventually(lambda: supervisor.status(own_edge.run_dir) is None)

    # WHEN it is started again THEN it has its ports and its counter
    assert own_edge.start().endpoints == running.endpoints
    assert own_edge.ask(do="take").json() == {"taken": 2}


def test_a_process_that_took_the_keepers_number_is_not_killed(own_edge: RunningEdge) -> None:
    # GIVEN notes of a keeper whose process id belongs to somebody else by now
    stranger = subprocess.Popen(["sleep", "60"])
    files = RunFiles(own_edge.run_dir)
    own_edge.run_dir.mkdir()
    files.write_status({"identity": {"pid": stranger.pid, "start": "earlier boot/1"}})

    # WHEN the edge is stopped THEN the stranger lives
    assert supervisor.status(own_edge.run_dir) is None
    supervisor.stop(own_edge.run_dir)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_gate_that_does_not_load_is_told_and_nothing_stays(own_edge: RunningEdge) -> None:
    own_edge.stack.gate_code = "function handler(event) {"

    with pytest.raises(LocalEdgeError, match="does not load"):
        own_edge.start()

    assert supervisor.status(own_edge.run_dir) is None


def test_a_state_that_is_not_imitated_touches_nothing(own_edge: RunningEdge) -> None:
    # GIVEN a running edge WHEN a state that is refused is started
    running = own_edge.start()
    own_edge.stack.runtime = "nodejs22.x"
    with pytest.raises(LocalEdgeError, match=r"nodejs22\.x"):
        own_edge.start()

    # THEN the old one runs on
    assert own_edge.status == running


def test_secrets_stay_in_memory(own_edge: RunningEdge) -> None:
    # GIVEN an edge at work
    own_edge.start()
    own_edge.ask(do="take")
    pids = all_pids(own_edge)
    secrets = [own_edge.stack.keys["k1"].encode(), own_edge.stack.fetch_token.encode()]

    # WHEN its files and its processes' command lines and variables are read
    files = [path.read_bytes() for path in own_edge.run_dir.rglob("*") if path.is_file()]
    told = [Path(f"/proc/{pid}/{name}").read_bytes() for pid in pids for name in ("cmdline", "environ")]

    # THEN no secret of the stack is in them
    assert [secret for secret in secrets for text in [*files, *told] if secret in text] == []


def test_files_that_may_hold_secrets_are_the_owners_alone(own_edge: RunningEdge) -> None:
    own_edge.start()
    own_edge.ask(do="take")
    own_edge.admin.put_key("edgewise-local-face-match", "deny:other", "1")

    files = RunFiles(own_edge.run_dir)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (files.admin_token, files.journal, files.store_changes)}

    assert set(modes.values()) == {0o600}, modes


def test_the_status_says_what_runs(own_edge: RunningEdge) -> None:
    own_edge.start()

    told = own_edge.status.to_json()

    assert told["stack"] == "local"
    assert told["healthy"] is True
    python = told["python"]
    assert isinstance(python, dict)
    assert python["very_zip"] == (lambda_runtime() == "python3.13")
    assert python["version"] in python["sentence"]
    assert any("not the very zip" in note for note in own_edge.status.notes) != python["very_zip"]
    json.dumps(told)
