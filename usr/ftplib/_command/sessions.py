"""The connections of a command, and the errors on them."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from . import ftplib
from .messages import Failure, reason

if TYPE_CHECKING:
    from ssl import SSLContext


@contextmanager
def named(what: str, sessions: Sessions) -> Iterator[None]:
    """Errors get the name of what they happened to; what comes after them a new session."""
    try:
        yield
    except (*ftplib.all_errors, ValueError) as error:
        if isinstance(error, (TimeoutError, ConnectionError, EOFError)):
            sessions.drop()
        sessions.close()
        raise Failure(f"{what}: {reason(error)}") from None


class Sessions:
    """Connects, once for each directory as long as the URLs stay there."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.url = ""
        self.ftp: ftplib.FTP | None = None
        self.context = None if options.cacert is None else authorities(options.cacert)

    def open(self, url: str) -> ftplib.FTP:
        if self.ftp is None or url != self.url:
            self.close()
            options: dict[str, Any] = {"netrc": self.options.netrc, "timeout": self.options.timeout}
            if url.partition(":")[0] != "ftp":
                options |= {"verify": not self.options.insecure, "context": self.context}
            if self.options.proxy is not None:
                options["proxy"] = self.options.proxy or None
            self.ftp = ftplib.connect_url(url, errors="surrogateescape", **options)
            self.ftp.set_pasv(not self.options.active)
            self.url = url
        return self.ftp

    def close(self) -> None:
        if self.ftp is not None:
            with suppress(*ftplib.all_errors):
                self.ftp.quit()
        self.drop()

    def drop(self) -> None:
        """Closes without a word to the server."""
        if self.ftp is not None:
            self.ftp.close()
            self.ftp = None


def authorities(file: str) -> SSLContext:
    import ssl

    try:
        context = ssl.create_default_context(cafile=file)
    except OSError as error:
        raise Failure(f"{file}: {reason(error)}") from None
    # Debian's Python sets it: a connection that somebody cuts would look like the data's end.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    return context
