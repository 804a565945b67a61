"""`put` of text, whole or not there."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import IO

from . import ftplib
from .addresses import command
from .messages import complain, reason
from .sessions import Sessions


class Lines:
    """The lines of a file, and whether any of them has been asked for."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source = source
        self.are_read = False

    def readline(self, size: int, /) -> bytes:
        self.are_read = True
        return self.source.readline(size)


class TextUpload:
    """Text to the server, as `upload` does it with bytes: what is there stays until it is whole.

    It is stored under a name beside its own, which it gets then. Where the server takes no such
    name, or does not rename, it is stored under its own.
    """

    # Replies to STOR that may be due to the name. Not 552: the file has no room under any.
    FORBID_NAME = ("500", "501", "504", "550", "553")

    def __init__(self, sessions: Sessions, url: str, name: str | bytes) -> None:
        self.sessions = sessions
        self.url = url
        self.name = name
        self.part = beside(name)
        self.start: int | None = None

    def store(self, source: IO[bytes]) -> None:
        ftp = self.sessions.open(self.url)
        self.start = source.tell() if source.seekable() else None
        lines = Lines(source)
        try:
            ftp.storlines(command("STOR", self.part), lines)
        except BaseException as error:
            if lines.are_read or str(error)[:3] not in self.FORBID_NAME:
                self.remove(error)
                raise
            ftp.storlines(command("STOR", self.name), source)
            return
        try:
            ftp.rename(self.part, self.name)
        except ftplib.error_perm as error:
            self.store_again(ftp, source, error)
        except BaseException as error:
            self.remove(error)
            raise

    def store_again(self, ftp: ftplib.FTP, source: IO[bytes], refusal: Exception) -> None:
        """Under its own name, which it could not be given. Until it is whole the part stays.

        Servers empty a file at STOR: whatever fails then but a refusal, the part is the only copy.
        """
        if self.start is None:
            raise self.told_of_part(refusal)
        source.seek(self.start)
        lines = Lines(source)
        try:
            ftp.storlines(command("STOR", self.name), lines)
        except ftplib.all_errors as error:
            if lines.are_read or not isinstance(error, ftplib.error_perm):
                raise self.told_of_part(error) from None
            self.remove(error)
            raise
        except BaseException:
            complain(f"the server has the whole file as '{self.part}'")
            raise
        self.remove()

    def told_of_part(self, error: Exception) -> ftplib.Error:
        if not isinstance(error, ftplib.Error):
            self.sessions.drop()
        return ftplib.Error(f"{reason(error)}; the server has the whole file as '{self.part}'")

    def remove(self, error: BaseException | None = None) -> None:
        """Deletes the part: over a new connection where this one may stand in the middle."""
        if error and not isinstance(error, (ftplib.error_perm, ftplib.error_temp)):
            self.sessions.drop()
        if isinstance(error, KeyboardInterrupt):
            # Who wants it to end does not wait long for a server that has gone.
            self.sessions.options.timeout = min(5.0, self.sessions.options.timeout)
        with suppress(*ftplib.all_errors, ValueError):
            self.sessions.open(self.url).delete(self.part)


def beside(name: str | bytes) -> str:
    """A hidden name that nobody has, in the directory of a file on the server."""
    path = name if isinstance(name, bytes) else name.encode(errors="surrogateescape")
    folder, slash, last = path.rpartition(b"/")
    ending = f".{os.urandom(4).hex()}.part"
    # At most 255 bytes, and whole letters: some servers take no other names.
    start = last[: 254 - len(ending)].decode(errors="ignore")
    return (folder + slash).decode(errors="surrogateescape") + f".{start}{ending}"
