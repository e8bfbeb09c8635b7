"""Find a usable `pulumi`, or build it, and print its path: ``python tools/ensure_pulumi.py``.

In this order: `pulumi` on PATH when it is new enough, one that was built here before, one built from Go modules
(networks that serve modules but no downloads; about four minutes of two cores). Standard library only, so that it
runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Flags are read from PULUMI_OPTION_* since 3.208.0 ("Controlling the CLI through environment variables", Pulumi's
# blog). An older command ignores PULUMI_OPTION_POLICY_PACK without a word: the guards would not run.
# The Python SDK 3.272.0 itself would be content with 3.1.0 (pulumi/automation/_minimum_version.py).
MINIMUM_VERSION: Final = (3, 208, 0)
BUILD_VERSION: Final = "3.274.1"  # as tools/pulumi/go.mod has it

INSTALL_PAGE: Final = "https://www.pulumi.com/docs/install/"
MODULE_DIR: Final = Path(__file__).resolve().parent / "pulumi"
COMMAND_PACKAGE: Final = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
VERSION_VARIABLE: Final = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
PROGRESS_EVERY_S: Final = 5.0
LOG_TAIL_LINES: Final = 15
SCRATCH_PREFIX: Final = "building-"


class NoPulumiError(Exception):
    """There is no usable `pulumi` and none could be built; the text says what to do."""


def say(message: str) -> None:
    """Show progress on standard error: standard output is for the path alone."""
    print(message, file=sys.stderr, flush=True)


def cached_path(environ: Mapping[str, str]) -> Path:
    """Return where a built `pulumi` is kept, outside the checkout."""
    cache = environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".cache"
    return Path(cache) / "edgewise" / "pulumi" / BUILD_VERSION / "pulumi"


def parse_version(text: str) -> tuple[int, int, int] | None:
    """Read ``v3.274.1`` (or ``v3.275.0-alpha.1``); None for anything else."""
    match = re.match(r"v?(\d+)\.(\d+)\.(\d+)", text.strip())
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def on_path(environ: Mapping[str, str]) -> Path | None:
    """Return the `pulumi` on PATH when it runs and is new enough."""
    found = shutil.which("pulumi", path=environ.get("PATH", ""))
    if found is None:
        return None
    command = [found, "version"]
    answer = subprocess.run(
        command,
        env={**environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    version = parse_version(answer.stdout)
    if answer.returncode != 0 or version is None:
        say(f"{found}: 'pulumi version' failed, so it is not used")
        return None
    if version < MINIMUM_VERSION:
        least = ".".join(map(str, MINIMUM_VERSION))
        say(f"{found} is {answer.stdout.strip()}, at least v{least} is needed, so it is not used")
        return None
    return Path(found)


def is_built(path: Path) -> bool:
    """Tell whether a build is there. A build appears whole, under its name, or not at all."""
    return os.access(path, os.X_OK)


@contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """Hold a file lock: a second build waits for the first and then finds its work done."""
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another build of pulumi is under way: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def build_command(go: str, output: Path) -> list[str]:
    """Return the `go build` that makes the command of `BUILD_VERSION`."""
    return [
        go,
        "build",
        "-mod=readonly",
        "-buildvcs=false",
        "-trimpath",
        "-tags=osusergo,grpcnotrace",
        f"-ldflags=-s -w -X {VERSION_VARIABLE}=v{BUILD_VERSION}",
        "-o",
        str(output),
        COMMAND_PACKAGE,
    ]


def wait_with_progress(process: subprocess.Popen[bytes], what: str) -> int:
    """Wait for a process and say every few seconds how long it has taken."""
    started = time.monotonic()
    while True:
        try:
            return process.wait(PROGRESS_EVERY_S)
        except subprocess.TimeoutExpired:
            say(f"{what}: {time.monotonic() - started:.0f} s")


def build(target: Path, environ: Mapping[str, str]) -> Path:
    """Build `pulumi` from Go modules.

    Parameters
    ----------
    target : Path
        Where it goes, by a rename at the end: an interrupted build leaves nothing that looks like one.
    environ : Mapping[str, str]
        The environment; `go` is looked for on its PATH.

    Raises
    ------
    NoPulumiError
        When there is no `go`, or the build fails.
    """
    go = shutil.which("go", path=environ.get("PATH", ""))
    if go is None:
        raise NoPulumiError(f"there is no pulumi and no Go to build one with: install pulumi, {INSTALL_PAGE}")
    target.parent.mkdir(parents=True, exist_ok=True)
    with only_one(target.parent / "lock"):
        if is_built(target):
            return target
        for left_over in target.parent.glob(f"{SCRATCH_PREFIX}*"):  # of a build that was killed
            shutil.rmtree(left_over, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=SCRATCH_PREFIX) as scratch:
            _build_in(Path(scratch), go, target, environ)
    return target


def _build_in(scratch: Path, go: str, target: Path, environ: Mapping[str, str]) -> None:
    what = f"building pulumi {BUILD_VERSION} from Go modules (about 4 minutes, once)"
    say(f"{what} into {target}")
    log = scratch / "log"
    with log.open("wb") as stream:
        command = build_command(go, scratch / "pulumi")
        process = subprocess.Popen(command, cwd=MODULE_DIR, env=dict(environ), stdout=stream, stderr=stream)
        try:
            code = wait_with_progress(process, what)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    if code != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
        raise NoPulumiError(f"go build failed with exit code {code}:\n{tail}\nInstall pulumi instead: {INSTALL_PAGE}")
    (scratch / "pulumi").replace(target)


def ensure(environ: Mapping[str, str]) -> Path:
    """Return a usable `pulumi`, built when there is none.

    Raises
    ------
    NoPulumiError
        When none can be had.
    """
    built = cached_path(environ)
    return on_path(environ) or (built if is_built(built) else build(built, environ))


def main() -> int:
    """Print the path, or say why there is none."""
    try:
        print(ensure(os.environ))
    except NoPulumiError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted: nothing was left behind")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
