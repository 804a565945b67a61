"""The device's `net`, as a stub: registered in an LTE test network, with a good signal.

Country code 001 and network 01 are those of test networks (ITU-T E.212). Settings are accepted and
forgotten.
"""

from _ftpy.stub import announce as _announce

__all__ = [
    "csqQueryPoll",
    "getApn",
    "getCellInfo",
    "getCi",
    "getConfig",
    "getLac",
    "getMcc",
    "getMnc",
    "getModemFun",
    "getNetMode",
    "getServingCi",
    "getServingLac",
    "getServingMcc",
    "getServingMnc",
    "getSignal",
    "getState",
    "nitzTime",
    "operatorName",
    "setApn",
    "setCallback",
    "setConfig",
    "setModemFun",
]

_announce(__name__, "it reports a test network with a good signal")

_LTE = 7
_CELL, _AREA = 1, 1


def __dir__() -> list[str]:
    return __all__


def getState() -> tuple[list[int], list[int]]:
    """For voice and for data `[1, area, cell, 7, 0, 0]`; 1: registered, 7: LTE."""
    return [1, _AREA, _CELL, _LTE, 0, 0], [1, _AREA, _CELL, _LTE, 0, 0]


def csqQueryPoll() -> int:
    """The signal's strength on a scale of 0 to 31."""
    return 25


def getSignal(sinrEnable: int = 0, /) -> tuple[list[int], list[int]]:
    """Of GSM `[99, 99, 255, 255]`, unknown; of LTE `[rssi, rsrp, rsrq, cqi]`, and `sinr` for 1."""
    return [99, 99, 255, 255], [-65, -95, -10, 15, *([20] if sinrEnable else [])]


def getConfig() -> tuple[int, bool]:
    """LTE alone, no roaming."""
    return 5, False


def getNetMode() -> tuple[int, str, str, int]:
    """`(0, mcc, mnc, 7)`: chosen by itself, LTE."""
    return 0, "001", "01", _LTE


def operatorName() -> tuple[str, str, str, str]:
    """`(long name, short name, mcc, mnc)`."""
    return "ftpy", "ftpy", "001", "01"


def nitzTime() -> tuple[str, int, int]:
    """The network's time, here the host's: `('26/11/25,21:36:18 0', seconds since 1970, 0)`."""
    import time

    now = int(time.time())
    return time.strftime("%y/%m/%d,%H:%M:%S 0", time.gmtime(now)), now, 0


def getCellInfo() -> tuple[list[object], list[object], list[tuple[int, ...]]]:
    """Cells of GSM, of UMTS, of LTE: one, the serving one."""
    return [], [], [(0, _CELL, 1, 1, 0, _AREA, 0, -95, -10, 20)]


def getCi() -> list[int]:
    """Numbers of the cells around."""
    return [_CELL]


def getServingCi() -> int:
    """Number of the serving cell."""
    return _CELL


def getLac() -> list[int]:
    """Areas of the cells around."""
    return [_AREA]


def getServingLac() -> int:
    """Area of the serving cell."""
    return _AREA


def getMcc() -> list[int]:
    """Country codes of the cells around."""
    return [1]


def getServingMcc() -> int:
    """Country code of the serving cell."""
    return 1


def getMnc() -> list[int]:
    """Network codes of the cells around."""
    return [1]


def getServingMnc() -> int:
    """Network code of the serving cell."""
    return 1


def getModemFun() -> int:
    """1: full functionality."""
    return 1


def getApn(*which: int) -> str:
    """No access point name."""
    return ""


def _accept(*settings: object) -> int:
    """0, the device's word for success. Nothing is changed."""
    return 0


setApn = setCallback = setConfig = setModemFun = _accept
