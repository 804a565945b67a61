"""The URLs of the command line, and how they may be shown: without passwords."""

from __future__ import annotations

import argparse
import os
import re
import sys
from urllib.parse import quote, unquote_to_bytes, urlsplit

SCHEMES = ("ftp", "ftps", "ftpes")
ENCODING = "in a user name or password : @ / ? # [ ] % are %3A %40 %2F %3F %23 %5B %5D %25"


class Address:
    """A URL of the command line. `ValueError` for what is none repeats nothing of it."""

    def __init__(self, url: str) -> None:
        if any(letter < " " or letter == "\x7f" for letter in url):
            raise ValueError("has control characters, which are percent-encoded in a URL")
        if any("\ud800" <= letter <= "\udfff" for letter in url):
            raise ValueError("has bytes that are no UTF-8; they are percent-encoded in a URL")
        try:
            self.parts = parts = urlsplit(url)
        except ValueError:
            parts = None
        if parts is None or not parts.hostname:
            raise ValueError(f"names no host, nor an IPv6 address in brackets; {ENCODING}")
        try:
            port = parts.port
        except ValueError:
            port = 0
        if port == 0:
            raise ValueError(f"its port is no number from 1 to 65535; {ENCODING}")
        if "#" in url:
            raise ValueError("has a #, which is %23 in a URL")
        # FTP knows no query: a ? is a character like any other.
        path = parts.path + (f"?{parts.query}" if parts.query or url.endswith("?") else "")
        whole, mark, kind = path.rpartition(";type=")
        if mark and "/" not in kind:
            path = whole
        else:
            kind = "i"
        self.kind = kind.lower()
        if self.kind not in ("a", "i", "d"):
            raise ValueError("its ;type= is none of a (text), i (binary) and d (the names)")
        self.directory, _, name = path.rpartition("/")
        self.encoded_name = name
        self.name = text(unquote_to_bytes(name))
        self.shown = shown(url)

    @property
    def server(self) -> str:
        return f"{self.parts.scheme}://{self.parts.netloc}"

    def parent(self) -> str:
        """The URL of the directory that the last part of the path lies in."""
        return f"{self.server}{self.directory}/"

    def whole(self) -> str:
        """The URL of the directory that the whole path names."""
        return f"{self.server}{self.directory}/{self.encoded_name}"

    def path(self) -> str:
        """The whole path for a tree: directories on the way are made, not changed into."""
        parts = [os.fsdecode(unquote_to_bytes(part)) for part in self.directory.split("/")[1:]]
        parts = [*parts, os.fsdecode(self.name)]
        # A second slash, or one that is encoded.
        root = "/" if (parts[0] == "" and len(parts) > 1) or parts[0].startswith("/") else ""
        path = "/".join(part for part in parts if part.strip("/"))
        return root + path.lstrip("/") if root else path

    def below(self, name: str) -> str:
        """What an error says of a file beside it."""
        return f"{shown(self.parent())}{quote(name, errors='surrogateescape')}"


LOGIN = re.compile(r"(?:[\w.+=-]+://)?+[^:]*(:.*@)", re.DOTALL)
NO_PORT = re.compile(r"([\w.+=-]+://[^:/?#\[]*):(?!\d*(?:[/?#]|$)).*", re.DOTALL)


def shown(word: str) -> str:
    """A word of the command line as it may be shown: a URL without its password.

    That may hold any character that nobody has encoded: it ends at the last @ of all.
    """
    if found := LOGIN.match(word):
        start, end = found.span(1)
        return word[:start] + hidden(found[1]) + word[end:]
    # The host may have been forgotten.
    return NO_PORT.sub(r"\1:...", word)


def hidden(password: str) -> str:
    """What stands for a password, from its colon to its @: dots where it may be more than that."""
    return ":...@" if set(password) & set("/?#") else "@"


def cleaned(line: str) -> str:
    """A line for standard error without the passwords of the command line's URLs."""
    for word in sys.argv[1:]:
        if "://" in word and (found := LOGIN.match(word)):
            password = found[1]
            for form in (password, repr(password)[1:-1]):
                line = line.replace(form, hidden(password))
    return line


def text(name: bytes) -> str | bytes:
    """A path for the server: text where it is UTF-8, otherwise the bytes, sent as they are."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name


def is_url(word: str) -> bool:
    return word.partition("://")[0].lower() in SCHEMES and "://" in word


def url(word: str) -> Address:
    """The type of an argument that must be a URL."""
    if not is_url(word):
        raise argparse.ArgumentTypeError(
            f"{shown(word)!r} is no URL: ftp://, ftps:// or ftpes://HOST/PATH"
        )
    try:
        return Address(word)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{shown(word)!r}: {error}") from None


def proxy(word: str) -> str:
    """The type of an argument that must be a proxy's URL, or empty."""
    if word and not re.match(r"(?i)(socks5h?|socks|http)://.", word):
        raise argparse.ArgumentTypeError(
            f"{shown(word)!r} is no proxy: socks5://, socks5h:// or http://HOST:PORT"
        )
    return word


def command(verb: str, name: str | bytes) -> str | bytes:
    return f"{verb} {name}" if isinstance(name, str) else verb.encode() + b" " + name
