"""Shift this process's wall clock by the seconds in a file. Runs as ``sitecustomize`` in an environment.

``time.time``, ``time_ns``, ``gmtime``, ``localtime`` and ``strftime`` without a time, ``datetime.now``, ``utcnow``
and ``today`` follow the file at once; monotonic clocks don't. Standard library only: it is copied beside AWS's
runtime client and knows nothing of this project.
"""

from __future__ import annotations

import datetime
import mmap
import os
import struct
import time
from datetime import date as real_date
from datetime import datetime as real_datetime
from typing import Any

_VARIABLE = "EDGEWISE_CLOCK_FILE"


def _install(seen: mmap.mmap) -> None:
    real_time, real_ns = time.time, time.time_ns
    real_gmtime, real_localtime, real_strftime = time.gmtime, time.localtime, time.strftime
    unpack = struct.Struct("d").unpack_from

    def offset() -> float:
        return float(unpack(seen)[0])

    def strftime(form: str, when: Any = None) -> str:
        return real_strftime(form, time.localtime() if when is None else when)

    class Alike(type):
        """What is a date stays one, whichever of the two classes made it; subclasses of others are left alone."""

        def __instancecheck__(cls, instance: object) -> bool:
            if cls in (Date, DateTime):
                return isinstance(instance, cls.__mro__[1])
            return super().__instancecheck__(instance)

        def __subclasscheck__(cls, other: type) -> bool:
            if cls in (Date, DateTime):
                return issubclass(other, cls.__mro__[1])
            return super().__subclasscheck__(other)

    class Date(real_date, metaclass=Alike):
        @classmethod
        def today(cls) -> Any:
            return real_date.fromtimestamp(time.time())

    class DateTime(real_datetime, metaclass=Alike):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return real_datetime.fromtimestamp(time.time(), tz)

        @classmethod
        def utcnow(cls) -> Any:
            return real_datetime.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None)

        @classmethod
        def today(cls) -> Any:
            return real_datetime.fromtimestamp(time.time())

    Date.__name__, DateTime.__name__ = "date", "datetime"
    replaced: dict[Any, dict[str, Any]] = {
        time: {
            "time": lambda: real_time() + offset(),
            "time_ns": lambda: real_ns() + int(offset() * 1e9),
            "gmtime": lambda when=None: real_gmtime(time.time() if when is None else when),
            "localtime": lambda when=None: real_localtime(time.time() if when is None else when),
            "strftime": strftime,
        },
        datetime: {"date": Date, "datetime": DateTime},
    }
    for module, names in replaced.items():
        for name, value in names.items():
            setattr(module, name, value)


def _start() -> None:
    try:
        with open(os.environ[_VARIABLE], "rb") as file:  # noqa: PTH123  # pathlib would cost milliseconds at each start
            seen = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)
    except (KeyError, OSError, ValueError):
        return  # no such clock: the machine's own
    _install(seen)


_start()
