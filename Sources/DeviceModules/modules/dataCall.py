"""The device's `dataCall`, as a stub: a data call that is always up, on the loopback address.

Every setting is accepted and forgotten.
"""

from _ftpy.stub import announce as _announce

__all__ = [
    "activate",
    "deactivate",
    "getInfo",
    "getPDPContext",
    "recordApn",
    "setApn",
    "setAsynMode",
    "setAutoActivate",
    "setAutoConnect",
    "setCallback",
    "setDNSServer",
    "setPDPContext",
    "start",
]

_announce(__name__, "it reports a data call that is always up, at 127.0.0.1")

_ADDRESSES = {0: "127.0.0.1", 1: "::1"}


def __dir__() -> list[str]:
    return __all__


def getInfo(profileID: int, ipType: int, /) -> "tuple[object, ...] | int":
    """`(profileID, ipType, [1, 0, address, dns, dns])`, for ipType 2 with a second list for IPv6.

    -1 for a profile outside 1 to 8 or an unknown type.
    """
    if not 1 <= profileID <= 8 or ipType not in (0, 1, 2):
        return -1
    kinds = (0, 1) if ipType == 2 else (ipType,)
    return profileID, ipType, *([1, 0, *[_ADDRESSES[kind]] * 3] for kind in kinds)


def getPDPContext(profileID: int, /) -> tuple[int, str, str, str, int]:
    """`(ipType, apn, username, password, authType)`: IPv4 and IPv6, all else empty."""
    return 2, "", "", "", 0


def _accept(*settings: object) -> int:
    """0, the device's word for success. Nothing is changed."""
    return 0


activate = deactivate = recordApn = setApn = setAsynMode = setAutoActivate = _accept
setAutoConnect = setCallback = setDNSServer = setPDPContext = start = _accept
