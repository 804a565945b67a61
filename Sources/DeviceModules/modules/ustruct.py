"""The device's `ustruct`: Python's `struct` with the sizes of a 32-bit processor.

Without `=<>!` in front, `l`, `L` and `P` take 4 bytes as on the device, not the host's 8. `unpack`
accepts more bytes than the format needs. Text stands for its UTF-8 bytes. Errors are ValueErrors.
"""

import struct as _struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any as _Any

    from _typeshed import ReadableBuffer as _Readable
    from _typeshed import WriteableBuffer as _Writable

__all__ = ["calcsize", "pack", "pack_into", "unpack", "unpack_from"]

_NARROW = str.maketrans("lLP", "iII")


def __dir__() -> list[str]:
    return __all__


def _layout(fmt: str | bytes) -> _struct.Struct:
    text = fmt if isinstance(fmt, str) else str(fmt, "ascii")
    try:
        return _struct.Struct(text if text[:1] in ("=", "<", ">", "!") else text.translate(_NARROW))
    except _struct.error as error:
        raise ValueError(str(error)) from None


def _bytes(value: object) -> "_Any":
    return value.encode() if isinstance(value, str) else value


def calcsize(fmt: str | bytes, /) -> int:
    """Bytes that a format takes."""
    return _layout(fmt).size


def pack(fmt: str | bytes, /, *values: object) -> bytes:
    """The values as bytes."""
    try:
        return _layout(fmt).pack(*map(_bytes, values))
    except _struct.error as error:
        raise ValueError(str(error)) from None


def pack_into(fmt: str | bytes, buffer: "_Writable", offset: int, /, *values: object) -> None:
    """Writes the values into a buffer; an offset below 0 counts from its end."""
    try:
        _layout(fmt).pack_into(buffer, offset, *map(_bytes, values))
    except _struct.error as error:
        raise ValueError(str(error)) from None


def unpack(fmt: str | bytes, data: "str | _Readable", /) -> tuple[object, ...]:
    """The values at the start of the data."""
    return unpack_from(fmt, data)


def unpack_from(
    fmt: str | bytes, data: "str | _Readable", offset: int = 0, /
) -> tuple[object, ...]:
    """The values at an offset; one below 0 counts from the end."""
    try:
        return _layout(fmt).unpack_from(_bytes(data), offset)
    except _struct.error as error:
        raise ValueError(str(error)) from None
