"""The detached process that keeps a local edge running: its children, on sockets that it holds itself.

Run as ``python -m edgewise.local.keeper``: reads its settings as JSON on stdin and keeps them, secrets and
all, in memory alone. A child that dies is started again on the same ports; a connection made meanwhile
waits in the socket's queue.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgewise.local.files import RunFiles
from edgewise.local.functions.cpu import CpuGroups
from edgewise.local.processes import ProcessId, adopt_orphans, die_with_parent, reap_orphans

if TYPE_CHECKING:
    from collections.abc import Mapping

LOG: Final = logging.getLogger("edgewise.local.keeper")
LOOPBACK: Final = "127.0.0.1"
BACKLOG: Final = 512
_POLL_S: Final = 0.1
# A child that dies as soon as it starts is not started at once again.
_SHORT_LIFE_S: Final = 3.0
_LONGEST_PAUSE_S: Final = 5.0
_ORPHANS_END_S: Final = 5.0


@dataclass(kw_only=True, eq=False, slots=True)
class Child:
    """One child: how it is started, and how it has been going; `cpu` has its own children's control groups."""

    name: str
    module: str
    settings: Mapping[str, object]
    sockets: tuple[socket.socket, ...]
    log_file: Path
    cpu: CpuGroups | None = None
    process: subprocess.Popen[bytes] | None = None
    ready: bool = False
    started: float = 0.0
    starts: int = 0
    pause_s: float = 0.0

    def start(self) -> None:
        """Start it and hand it its settings by stdin."""
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=[listener.fileno() for listener in self.sockets],
                preexec_fn=die_with_parent(),  # noqa: PLW1509  # the keeper has one thread
            )
        self.ready, self.started, self.starts = False, time.monotonic(), self.starts + 1
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(self.settings).encode() + b"\n")
            self.process.stdin.close()
        except BrokenPipeError:
            LOG.warning("%s ended before it had read its settings", self.name)

    def stop(self) -> None:
        """Kill it and wait."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@dataclass(kw_only=True, eq=False, slots=True)
class Keeper:
    """All children, and what is told about them."""

    files: RunFiles
    facts: Mapping[str, object]
    children: tuple[Child, ...]
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    stopping: bool = False

    def run(self) -> None:
        """Start the children, and start again what dies, until told to stop."""
        adopt_orphans()
        for child in self.children:
            self._start(child)
        self.tell()
        while not self.stopping:
            self._hear()
            for child in self.children:
                if child.process is not None and child.process.poll() is not None:
                    self._revive(child)
            reap_orphans([child.process.pid for child in self.children if child.process is not None])
        for child in self.children:
            child.stop()
            self._clear_cpu(child)
        # Its own children ask the kernel to be killed with it: that takes a moment.
        reap_orphans([], wait_s=_ORPHANS_END_S)

    def _start(self, child: Child) -> None:
        child.start()
        assert child.process is not None
        self.selector.register(child.process.stdout, selectors.EVENT_READ, child)  # type: ignore[arg-type]  # a pipe, as asked for

    def _hear(self) -> None:
        """Wait a moment for a child to say that it is ready."""
        for key, _ in self.selector.select(_POLL_S):
            child: Child = key.data
            if os.read(key.fd, 64).startswith(b"ready"):
                child.ready = True
                self.tell()
            else:
                self.selector.unregister(key.fileobj)

    def _revive(self, child: Child) -> None:
        assert child.process is not None
        lived_s = time.monotonic() - child.started
        LOG.warning("%s ended with %s after %.1f s", child.name, child.process.returncode, lived_s)
        assert child.process.stdout is not None
        if child.process.stdout in self.selector.get_map():
            self.selector.unregister(child.process.stdout)
        child.process.stdout.close()
        child.ready = False
        self.tell()
        self._clear_cpu(child)
        # A whole life since the last start: no pause. Else twice the last one.
        child.pause_s = 0.0 if lived_s > _SHORT_LIFE_S else min(_LONGEST_PAUSE_S, max(_POLL_S, child.pause_s * 2))
        time.sleep(child.pause_s)
        if not self.stopping:
            self._start(child)
            self.tell()

    @staticmethod
    def _clear_cpu(child: Child) -> None:
        """Remove the environments' control groups, and with them whatever is left of the environments."""
        if child.cpu is not None:
            try:
                child.cpu.remove()
            except OSError:
                LOG.exception("a control group could not be removed")

    def tell(self) -> None:
        """Write down for `status` how things stand; no secrets."""
        pids = {child.name: child.process.pid for child in self.children if child.process is not None}
        self.files.write_status(
            {
                **self.facts,
                "pids": {"keeper": os.getpid(), **pids},
                "restarts": {child.name: child.starts - 1 for child in self.children},
                "healthy": all(child.ready for child in self.children),
            }
        )


def listen(port: int) -> socket.socket:
    """Listen on a loopback port, or on a free one where that is taken or zero."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError:
        listener.bind((LOOPBACK, 0))
    listener.listen(BACKLOG)
    return listener


def url(listener: socket.socket) -> str:
    """Return a listener's base URL."""
    return f"http://{LOOPBACK}:{listener.getsockname()[1]}"


def build(settings: Mapping[str, object]) -> Keeper:
    """Take the ports and lay out the children.

    Parameters
    ----------
    settings : Mapping
        What `supervisor.start` sends.
    """
    files = RunFiles(Path(str(settings["run_dir"])))
    domains, ports = settings["domains"], settings["ports"]
    assert isinstance(domains, dict)  # domain name of each distribution → its function
    assert isinstance(ports, dict)
    cloud, admin = listen(ports.get("cloud", 0)), listen(ports.get("admin", 0))
    viewers = {domain: listen(ports.get(f"function {function}", 0)) for domain, function in domains.items()}
    home = listen(ports.get("home", 0)) if settings["home"] is not None else None
    token = secrets.token_urlsafe(24)
    files.write_secret(files.admin_token, token)
    common = {name: settings[name] for name in ("state", "project", "run_dir", "max_environments")}
    common |= {"admin_token": token, "cloud_url": url(cloud), "admin_url": url(admin)}
    cloud_child = Child(
        name="cloud",
        module="edgewise.local.cloud.server",
        settings=common
        | {
            "listener": cloud.fileno(),
            "endpoints": {domain: url(listener) for domain, listener in viewers.items()},
        },
        sockets=(cloud,),
        log_file=files.log("cloud"),
    )
    gateway_child = Child(
        name="gateway",
        module="edgewise.local.cdn.gateway",
        settings=common
        | {name: settings[name] for name in ("launches", "cpu")}
        | {
            "admin_listener": admin.fileno(),
            "listeners": {domain: listener.fileno() for domain, listener in viewers.items()},
        },
        sockets=(admin, *viewers.values()),
        log_file=files.log("gateway"),
        cpu=CpuGroups.from_json(settings["cpu"]),
    )
    facts = settings["facts"]
    assert isinstance(facts, dict)
    identity = ProcessId.of(os.getpid())
    assert identity is not None
    functions = {function: url(viewers[domain]) for domain, function in domains.items()}
    addresses = {"endpoints": functions, "cloud_url": url(cloud), "admin_url": url(admin)}
    addresses |= {"home_url": url(home) if home else "", "dashboard_url": f"{url(home)}/dashboard" if home else ""}
    return Keeper(
        files=files,
        facts={**facts, **addresses, "identity": identity.to_json()},
        children=(cloud_child, gateway_child, *([_home_child(settings, common, home, files)] if home else [])),
    )


def _home_child(
    settings: Mapping[str, object], common: Mapping[str, object], listener: socket.socket, files: RunFiles
) -> Child:
    home = settings["home"]
    assert isinstance(home, dict)
    return Child(
        name="home",
        module="edgewise.local.home.server",
        settings={**common, **home, "listener": listener.fileno()},
        sockets=(listener,),
        log_file=files.log("home"),
        cpu=CpuGroups.from_json(home["cpu"]),
    )


def main() -> None:
    """Keep the local edge running until SIGTERM."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    keeper = build(json.load(sys.stdin))

    def stop(_number: int, _frame: object) -> None:
        keeper.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    keeper.run()


if __name__ == "__main__":
    main()
