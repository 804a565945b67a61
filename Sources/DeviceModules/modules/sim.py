"""The device's `sim`, as a stub: a test card that is ready, without phone number or phone book.

What would change a card fails with -1, the device's word for it.
"""

from _ftpy.stub import announce as _announce

__all__ = [
    "changePin",
    "disablePin",
    "enablePin",
    "genericAccess",
    "getCurSimid",
    "getIccid",
    "getImsi",
    "getPhoneNumber",
    "getSimDet",
    "getStatus",
    "readPhonebook",
    "setCallback",
    "setSimDet",
    "setSwitchcardCallback",
    "switchCard",
    "unblockPin",
    "verifyPin",
    "writePhonebook",
]

_announce(__name__, "it reports a test card that is ready")


def __dir__() -> list[str]:
    return __all__


def getStatus() -> int:
    """1: the card is ready."""
    return 1


def getImsi() -> str:
    """An IMSI of the test network 001 01."""
    return "001010000000001"


def getIccid() -> str:
    """An ICCID of nobody: 20 digits."""
    return "89000000000000000000"


def getPhoneNumber() -> str:
    """No number is written on the card."""
    return ""


def getCurSimid() -> int:
    """0: the first slot."""
    return 0


def getSimDet() -> tuple[int, int]:
    """`(0, 0)`: no detection of changed cards."""
    return 0, 0


def readPhonebook(storage: int, start: int, end: int, username: str, /) -> tuple[int, list[object]]:
    """`(0, [])`: no entries."""
    return 0, []


def _accept(*settings: object) -> int:
    """0: accepted, and never called."""
    return 0


def _refuse(*settings: object) -> int:
    """-1: there is no card to change."""
    return -1


setCallback = setSwitchcardCallback = setSimDet = _accept
changePin = disablePin = enablePin = genericAccess = switchCard = _refuse
unblockPin = verifyPin = writePhonebook = _refuse
