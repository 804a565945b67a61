"""The device's `modem`, as a stub: a device that is this program, with an IMEI of zeros."""

from _ftpy.program import version as _version
from _ftpy.stub import announce as _announce

__all__ = [
    "getDevFwVersion",
    "getDevImei",
    "getDevMAC",
    "getDevModel",
    "getDevProductId",
    "getDevSN",
]

_announce(__name__, "it names this program in place of a device")


def __dir__() -> list[str]:
    return __all__


def getDevImei() -> str:
    """Fifteen zeros."""
    return "000000000000000"


def getDevModel() -> str:
    """`ftpy`."""
    return "ftpy"


def getDevSN() -> str:
    """A serial number of zeros."""
    return "000000000000000"


def getDevFwVersion() -> str:
    """`ftpy` and its version."""
    return f"ftpy {_version}"


def getDevProductId() -> str:
    """`ftpy`."""
    return "ftpy"


def getDevMAC() -> int:
    """-1: there is none, as on most devices."""
    return -1
