"""The device's `uarray`: Python's `array` under the device's name.

`l` and `L` take 8 bytes on most hosts and 4 on the device: `i` and `I` are 4 on both.
"""

from array import array

__all__ = ["array"]


def __dir__() -> list[str]:
    return __all__
