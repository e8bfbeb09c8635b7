"""Sign a device's requests, also when its clock is wrong."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inference.contract import DEVICE_ID, FUNCTION_NAME, KEY_ID, MAX_EXPIRY_AHEAD_S, authorization

if TYPE_CHECKING:
    from collections.abc import Callable

# Long enough for a slow uplink and a clock that is half a minute off, short enough that a signature which
# somebody reads in a log is soon worth nothing.
LIFETIME_S: Final = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """Who asks, and what for.

    Attributes
    ----------
    function, device_id : str
        The names in the request's path.
    kid : str
        Which of the function's keys ``key`` was derived from.
    key : str
        The device's key, see `inference.contract.device_key`. It is in no message and no ``repr``.
    """

    function: str
    device_id: str
    kid: str
    key: str

    def __post_init__(self) -> None:
        """Refuse what the gate would refuse, while the cause is still in sight."""
        for field, value, pattern in (
            ("function", self.function, FUNCTION_NAME),
            ("device_id", self.device_id, DEVICE_ID),
            ("kid", self.kid, KEY_ID),
        ):
            if not pattern.fullmatch(value):
                raise ValueError(f"{field} {value!r}: expected {pattern.pattern}")
        if not self.key.isascii() or not self.key.strip():
            raise ValueError("key: expected the device's key, 64 hexadecimal digits")

    def __repr__(self) -> str:
        """Leave the key out: a repr ends up in logs."""
        return f"Device(function={self.function!r}, device_id={self.device_id!r}, kid={self.kid!r})"


class Signer:
    """Signs requests by its own clock, until the server tells the time.

    Parameters
    ----------
    device : Device
        Who signs.
    lifetime_s : int
        How long a signature is good for, 1 to `inference.contract.MAX_EXPIRY_AHEAD_S`.
    clock : callable
        Unix time in seconds.
    """

    def __init__(self, device: Device, *, lifetime_s: int = LIFETIME_S, clock: Callable[[], float] = time.time) -> None:
        if not 1 <= lifetime_s <= MAX_EXPIRY_AHEAD_S:
            raise ValueError(
                f"lifetime_s {lifetime_s}: expected 1 to {MAX_EXPIRY_AHEAD_S}; the gate refuses more (contract)"
            )
        self._device = device
        self._lifetime_s = lifetime_s
        self._clock = clock
        self._ahead_s = 0.0

    def authorization(self) -> str:
        """Return the header of a request that is sent now."""
        device = self._device
        return authorization(
            device.key,
            kid=device.kid,
            function=device.function,
            device_id=device.device_id,
            expires=int(self._clock() + self._ahead_s) + self._lifetime_s,
        )

    def set_time(self, server_time_s: float) -> None:
        """Go by the server's clock from now on.

        Parameters
        ----------
        server_time_s : float
            The server's Unix time, as a 401 carries it.
        """
        self._ahead_s = server_time_s - self._clock()
