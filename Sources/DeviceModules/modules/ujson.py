"""The device's `ujson`: Python's `json`, with what the device writes.

Text stays UTF-8 instead of `\\u` escapes, and bytes are written as text. What is no JSON raises
ValueError, and an object that has no JSON form TypeError, where the device writes its `repr`.
"""

import json as _json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class _Readable(Protocol):
        def read(self) -> str | bytes: ...

    class _Writable(Protocol):
        def write(self, text: str, /) -> object: ...


__all__ = ["dump", "dumps", "load", "loads"]


def __dir__() -> list[str]:
    return __all__


def dumps(obj: object, separators: tuple[str, str] | None = None) -> str:
    """JSON text of an object, by default with a space after each comma and colon."""
    return _json.dumps(obj, ensure_ascii=False, separators=separators, default=_text)


def _text(obj: object) -> str:
    if isinstance(obj, (bytes, bytearray)):
        return str(obj, "utf-8")
    raise TypeError(f"{type(obj).__name__} has no JSON form")


def dump(obj: object, stream: "_Writable", separators: tuple[str, str] | None = None) -> None:
    """Writes `dumps(obj)` to a stream of text."""
    stream.write(dumps(obj, separators))


def loads(string: str | bytes | bytearray, /) -> object:
    """The object that a JSON text, or its UTF-8 bytes, stands for."""
    return _json.loads(string)


def load(stream: "_Readable", /) -> object:
    """The object that the rest of a stream, of text or bytes, stands for."""
    return loads(stream.read())
