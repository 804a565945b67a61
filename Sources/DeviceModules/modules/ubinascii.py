"""The device's `ubinascii`: Python's `binascii`, which also takes text where the device does.

Text stands for its UTF-8 bytes. Base64 with wrong padding and what is no hexadecimal raise
ValueError, as in Python.
"""

import binascii as _binascii

__all__ = ["a2b_base64", "b2a_base64", "crc32", "hexlify", "unhexlify"]


def __dir__() -> list[str]:
    return __all__


def _bytes(data: str | bytes | bytearray | memoryview) -> bytes:
    # Through a view, which a number or a list does not have: bytes() makes something of those.
    return data.encode() if isinstance(data, str) else bytes(memoryview(data))


def hexlify(data: str | bytes | bytearray | memoryview, sep: str | bytes | None = None, /) -> bytes:
    """Two hexadecimal digits for each byte, as bytes, with a separator between if one is given."""
    return _binascii.hexlify(_bytes(data), sep) if sep else _binascii.hexlify(_bytes(data))


def unhexlify(data: str | bytes | bytearray | memoryview, /) -> bytes:
    """The bytes that hexadecimal digits stand for."""
    return _binascii.unhexlify(_bytes(data))


def a2b_base64(data: str | bytes | bytearray | memoryview, /) -> bytes:
    """The bytes that Base64 stands for."""
    return _binascii.a2b_base64(_bytes(data))


def b2a_base64(data: str | bytes | bytearray | memoryview, /) -> bytes:
    """Base64 on one line, with a newline at its end."""
    return _binascii.b2a_base64(_bytes(data))


def crc32(data: str | bytes | bytearray | memoryview, value: int = 0, /) -> int:
    """The CRC-32 of the data, continued from that of the data before it."""
    return _binascii.crc32(_bytes(data), value)
