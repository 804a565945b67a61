"""The device's `utime`: the host's clock, with the device's tuples and tick counters.

Unlike in Python's `time`, `localtime` gives eight items, `time` a whole number, ticks wrap at
0x3FFFFFFF, and there is no `gmtime` or `strftime`. Unlike on the device, the time zone is the
host's, with its summer time, until `setTimeZone`.
"""

import time as _time
from _collections_abc import Sequence as _Sequence
from operator import index as _index

__all__ = [
    "getTimeZone",
    "localtime",
    "mktime",
    "setTimeZone",
    "sleep",
    "sleep_ms",
    "sleep_us",
    "ticks_add",
    "ticks_cpu",
    "ticks_diff",
    "ticks_ms",
    "ticks_us",
    "time",
]

_LAST_TICK = 0x3FFFFFFF
_HALF = (_LAST_TICK + 1) // 2

_zone: int | None = None


def __dir__() -> list[str]:
    return __all__


def time() -> int:
    """Seconds since 1970."""
    return int(_time.time())


def localtime(secs: int | None = None, /) -> tuple[int, ...]:
    """`(year, month, day, hour, minute, second, weekday, yearday)`, Monday being 0.

    Without an argument the time now; `secs` counts from 1970, as `time` and `mktime` do.
    """
    seconds = time() if secs is None else _index(secs)
    if _zone is None:
        return tuple(_time.localtime(seconds)[:8])
    return tuple(_time.gmtime(seconds + _zone * 3600)[:8])


def mktime(date: "_Sequence[int]", /) -> int:
    """The reverse of `localtime`, for eight items or the nine of Python's `time`."""
    if len(date) not in (8, 9):
        raise TypeError(f"mktime needs a tuple of 8 or 9 items, not {len(date)}")
    year, month, day, hour, minute, second = (_index(item) for item in date[:6])
    if _zone is None:
        return int(_time.mktime((year, month, day, hour, minute, second, 0, 0, -1)))
    from calendar import timegm  # only here: slow to import, and few scripts set a time zone

    years, month = divmod(month - 1, 12)
    return timegm((year + years, month + 1, day, hour, minute, second)) - _zone * 3600


def getTimeZone() -> int:
    """Hours east of UTC: what setTimeZone was given, or else this computer's."""
    return _time.localtime().tm_gmtoff // 3600 if _zone is None else _zone


def setTimeZone(offset: int, /) -> int:
    """Sets the zone of `localtime` and `mktime`, not the host's. 0; ValueError beyond 12 hours."""
    global _zone
    hours = _index(offset)
    if not -12 <= hours <= 12:
        raise ValueError(f"a time zone is from -12 to 12 hours, not {hours}")
    _zone = hours
    return 0


def sleep(seconds: float, /) -> None:
    """Waits; not at all for 0 or less. Ctrl-C ends it."""
    _time.sleep(max(seconds, 0))


def sleep_ms(ms: int, /) -> None:
    """Waits that many milliseconds; not at all for 0 or less."""
    _time.sleep(max(_index(ms), 0) / 1_000)


def sleep_us(us: int, /) -> None:
    """Waits at least that many microseconds; not at all for 0 or less."""
    _time.sleep(max(_index(us), 0) / 1_000_000)


def ticks_ms() -> int:
    """A counter of milliseconds that wraps after 0x3FFFFFFF: compare two with `ticks_diff`."""
    return _time.monotonic_ns() // 1_000_000 & _LAST_TICK


def ticks_us() -> int:
    """The same in microseconds."""
    return _time.monotonic_ns() // 1_000 & _LAST_TICK


def ticks_cpu() -> int:
    """The same in the finest unit there is: here nanoseconds."""
    return _time.perf_counter_ns() & _LAST_TICK


def ticks_add(ticks: int, delta: int, /) -> int:
    """The count `delta` after `ticks`, or before it if negative."""
    return ticks + delta & _LAST_TICK


def ticks_diff(ticks1: int, ticks2: int, /) -> int:
    """From `ticks2`, the older, to `ticks1`. Negative if `ticks1` is the older one after all."""
    return (ticks1 - ticks2 + _HALF & _LAST_TICK) - _HALF
