"""The device's `urandom`: Python's generator under the device's name. Not for passwords or keys.

A seed gives other numbers than on the device. Bytes come from `uos.urandom`.
"""

from random import choice, getrandbits, randint, random, randrange, seed, uniform

__all__ = ["choice", "getrandbits", "randint", "random", "randrange", "seed", "uniform"]


def __dir__() -> list[str]:
    return __all__
