"""The device's `uhashlib`: MD5, SHA-1 and SHA-256, with `update` and `digest` alone.

As on the device there is no `hexdigest`: `ubinascii.hexlify(h.digest())`. Text is taken as its
UTF-8 bytes. Unlike there, a hash can go on after `digest`.
"""

import hashlib as _hashlib

__all__ = ["md5", "sha1", "sha256"]


def __dir__() -> list[str]:
    return __all__


class _Hash:
    __slots__ = ("_state",)

    def __init__(self, data: str | bytes | bytearray | memoryview = b"", /) -> None:
        self._state = _hashlib.new(type(self).__name__, usedforsecurity=False)
        self.update(data)

    def update(self, data: str | bytes | bytearray | memoryview, /) -> None:
        """Takes more data in."""
        self._state.update(data.encode() if isinstance(data, str) else data)

    def digest(self) -> bytes:
        """The hash of all data so far."""
        return self._state.digest()


class md5(_Hash):
    """MD5: 16 bytes."""

    __slots__ = ()


class sha1(_Hash):
    """SHA-1: 20 bytes."""

    __slots__ = ()


class sha256(_Hash):
    """SHA-256: 32 bytes."""

    __slots__ = ()
