"""The device's `uzlib`: decompression alone, by Python's `zlib`.

`wbits` is as there: 8 to 15 for a zlib header, 0 to take the window's size from it, -8 to -15 for
raw DEFLATE, 24 to 31 for a gzip header. Data that cannot be decompressed raise ValueError.
"""

import io as _io
import zlib as _zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from _typeshed import ReadableBuffer as _Readable
    from _typeshed import WriteableBuffer as _Writable

    class _Source(Protocol):
        def read(self, size: int, /) -> bytes: ...


__all__ = ["DecompIO", "decompress"]

_BLOCK = 4096


def __dir__() -> list[str]:
    return __all__


def decompress(data: "_Readable", wbits: int = 0, bufsize: int = 0, /) -> bytes:
    """The data decompressed. `bufsize` is ignored."""
    try:
        return _zlib.decompress(data, wbits)
    except _zlib.error as error:
        raise ValueError(str(error)) from None


class _Decompressed(_io.RawIOBase):
    def __init__(self, source: "_Source", wbits: int) -> None:
        self._source = source
        self._state = _zlib.decompressobj(wbits)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "_Writable", /) -> int:
        target = memoryview(buffer).cast("B")
        while not self._state.eof:
            block = self._rest or self._source.read(_BLOCK)
            try:
                found = self._state.decompress(block, len(target))
            except _zlib.error as error:
                raise ValueError(str(error)) from None
            self._rest = self._state.unconsumed_tail
            if found:
                target[: len(found)] = found
                return len(found)
            # Behind the last block there may still be something to come out.
            if not block:
                raise EOFError("the compressed data end too early")
        return 0


class DecompIO(_io.BufferedReader):
    """A stream that reads a compressed one decompressed: `read`, `readinto`, `readline`.

    EOFError if the compressed one ends too early.
    """

    def __init__(self, stream: "_Source", wbits: int = 0, /) -> None:
        super().__init__(_Decompressed(stream, wbits))
