"""Find Chromium, or install it, and print its path: ``python tools/ensure_chromium.py``.

In this order: one on PATH that runs; Debian's package `chromium`, installed with apt-get when this is root. Only the
tests of the dashboard need it. Standard library only.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
BY_HAND: Final = "install Chromium (on Debian: apt-get install chromium) so that `chromium` is on PATH"
PROGRESS_EVERY_S: Final = 5.0
# apt's lock may be held by another test worker that installs at this moment.
LOCK_TIMEOUT_S: Final = 600
LOG_TAIL_LINES: Final = 15


class NoChromiumError(Exception):
    """There is no usable Chromium and none could be installed; the text says what to do."""


def say(message: str) -> None:
    """Show progress on standard error: standard output is for the path alone."""
    print(message, file=sys.stderr, flush=True)


def on_path(environ: Mapping[str, str]) -> Path | None:
    """Return the first Chromium on PATH that tells its version; a wrapper of a snap that is not there does not."""
    for name in NAMES:
        found = shutil.which(name, path=environ.get("PATH", ""))
        if found is None:
            continue
        told = subprocess.run([found, "--version"], env=dict(environ), capture_output=True, text=True, check=False)
        if told.returncode == 0 and "chrom" in told.stdout.lower():
            return Path(found)
        say(f"{found}: '--version' failed, so it is not used")
    return None


def install(environ: Mapping[str, str]) -> None:
    """Install Debian's package.

    Raises
    ------
    NoChromiumError
        When this is not root, there is no apt-get, or it fails.
    """
    apt_get = shutil.which("apt-get", path=environ.get("PATH", ""))
    if apt_get is None:
        raise NoChromiumError(f"there is no Chromium and no apt-get: {BY_HAND}")
    if os.geteuid() != 0:
        raise NoChromiumError(f"there is no Chromium, and only root may install it: {BY_HAND}")
    say("installing Debian's chromium (some 100 MB, about a minute, once)")
    quiet = [apt_get, "-y", "-q", "-o", f"DPkg::Lock::Timeout={LOCK_TIMEOUT_S}"]
    _run([*quiet, "update"], environ, "apt-get update")
    _run([*quiet, "install", "--no-install-recommends", "chromium"], environ, "apt-get install chromium")


def _run(command: Sequence[str], environ: Mapping[str, str], what: str) -> None:
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            env={**environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            code = wait_with_progress(process, what)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        if code != 0:
            log.seek(0)
            tail = "\n".join(log.read().decode(errors="replace").splitlines()[-LOG_TAIL_LINES:])
            raise NoChromiumError(f"{what} failed with exit code {code}:\n{tail}\nDo it by hand: {BY_HAND}")


def wait_with_progress(process: subprocess.Popen[bytes], what: str) -> int:
    """Wait for a process and say every few seconds how long it has taken."""
    started = time.monotonic()
    while True:
        try:
            return process.wait(PROGRESS_EVERY_S)
        except subprocess.TimeoutExpired:
            say(f"{what}: {time.monotonic() - started:.0f} s")


def ensure(environ: Mapping[str, str]) -> Path:
    """Return a usable Chromium, installed when there is none.

    Raises
    ------
    NoChromiumError
        When none can be had.
    """
    found = on_path(environ)
    if found is None:
        install(environ)
        found = on_path(environ)
    if found is None:
        raise NoChromiumError(f"the package was installed, but no Chromium on PATH runs: {BY_HAND}")
    return found


def main() -> int:
    """Print the path, or say why there is none."""
    try:
        print(ensure(os.environ))
    except NoChromiumError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
