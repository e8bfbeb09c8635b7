"""The exit codes of what a device's client raises."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from edgewise.cli.exits import CliError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST_SERVER_ERROR: Final = 500


@contextmanager
def edge_exit_codes() -> Iterator[None]:
    """Turn the client's errors into the verb's.

    Raises
    ------
    CliError
        With `ExitCode.BAD_INPUT` for a photo that can't be used, `REFUSED` for 4xx, `UNAVAILABLE` for the rest.
    """
    from edgewise.device.client import EdgeError, UnreachableError
    from edgewise.models.faces import FaceError

    try:
        yield
    except FaceError as error:
        raise CliError(str(error), ExitCode.BAD_INPUT) from error
    except EdgeError as error:
        code = ExitCode.UNAVAILABLE if error.status >= FIRST_SERVER_ERROR else ExitCode.REFUSED
        raise CliError(str(error), code) from error
    except UnreachableError as error:
        raise CliError(str(error), ExitCode.UNAVAILABLE) from error
