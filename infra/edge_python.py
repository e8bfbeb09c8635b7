"""Which Python the zips are for: the clouds' 3.13, or on the local stack the host's where no 3.13 can be had."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from pathlib import Path

import pulumi

from edgewise.python313 import Python313, find_python313, with_folders
from infra.guard import LOCAL_STACK


class NoEdgePythonError(RuntimeError):
    """The clouds' Python is missing, and a zip for another would not run there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EdgePython:
    """The interpreter that a zip is for; it compiles, since byte code belongs to one version.

    Attributes
    ----------
    version : str
        For instance ``3.13.5``.
    python313 : Python313 or None
        None stands for the interpreter that runs this program.
    """

    version: str
    python313: Python313 | None

    @property
    def minor(self) -> str:
        """``3.13``: what Lambda's runtime and a wheel are named after."""
        return ".".join(self.version.split(".")[:2])

    def command(self, folder: Path) -> tuple[str, ...]:
        """Return what runs it with a folder of this machine in its sight."""
        if self.python313 is None:
            return (sys.executable,)
        return with_folders(self.python313, folder).command


def edge_python(stack: str) -> EdgePython:
    """Find the Python that compiles and, on the local edge, runs a stack's zips.

    Raises
    ------
    NoEdgePythonError
        When a stack for a cloud is built on a machine without Python 3.13.
    """
    found = find_python313(build=True, say=pulumi.log.info)
    if found is not None:
        return EdgePython(version=found.version, python313=found)
    if stack != LOCAL_STACK:
        raise NoEdgePythonError(
            f"stack {stack}: Lambda runs python3.13 and this machine has none; install python3.13, or as root "
            "debootstrap, with which Edgewise makes a root file system that has it"
        )
    pulumi.log.warn("no Python 3.13 on this machine: the local stack's zips are built for the host's Python instead")
    return EdgePython(version=platform.python_version(), python313=None)
