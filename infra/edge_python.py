"""Which Python the zips are for: the clouds' 3.13, or on the local stack the host's where no 3.13 can be had."""

from __future__ import annotations

import pulumi
from tools.python313 import EdgePython, find_python313, host_python

from infra.guard import LOCAL_STACK


class NoEdgePythonError(RuntimeError):
    """The clouds' Python is missing, and a zip for another would not run there."""


def edge_python(stack: str) -> EdgePython:
    """Find the Python that compiles and, on the local edge, runs a stack's zips.

    Raises
    ------
    NoEdgePythonError
        When a stack for a cloud is built on a machine without Python 3.13.
    """
    found = find_python313(build=True, say=pulumi.log.info)
    if found is not None:
        return found
    if stack != LOCAL_STACK:
        raise NoEdgePythonError(
            f"stack {stack}: Lambda runs python3.13 and no Python 3.13 is on this machine; install python3.13, or as root "
            "debootstrap, with which Edgewise makes a root file system that has it"
        )
    pulumi.log.warn("no Python 3.13 on this machine: the local stack's zips are built for the host's Python instead")
    return host_python()
