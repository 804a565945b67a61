"""Writes the seeds of the fuzzers: seeds.py FOLDER

Every text in the tables of the Swift tests is one, so that a new row is a new seed. They come as
they are; for fuzzers that take a byte for the cuts first, behind such a byte.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "FTPClientTests"

SOURCES = {
    "replies": ["Protocol/LineBufferTests", "Protocol/ReplyTests", "Session/GreetingTests"],
    "textlines": ["Protocol/TextLineSplitterTests"],
    "networklines": ["Protocol/NetworkLineTests", "Protocol/TextLineSplitterTests"],
    "passive": ["Protocol/PassiveAddressTests", "Session/PassiveModeTests"],
    "transfersize": ["Protocol/TransferSizeTests", "Session/TruncationTests"],
    "path": ["Protocol/PathReplyTests"],
    "filestatus": ["Protocol/FileStatusTests"],
    "facts": ["Protocol/MachineListingTests", "Protocol/Listing/ListingEntryTests"],
    "listing": ["Protocol/Listing/*"],
    "socks": ["Protocol/ProxyHandshakeTests", "Session/ProxySessionTests"],
    "connect": ["Protocol/ProxyHandshakeTests", "Session/ProxySessionTests"],
    "proxyurl": ["Protocol/ProxyTests", "Protocol/ProxyHandshakeTests"],
    "command": ["Protocol/CommandTests", "Protocol/ActiveAddressTests"],
}
SEEDED = {"replies", "textlines", "socks", "connect"}

TEXT = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
NUMBERS = re.compile(r"\[((?:(?:0x[0-9A-Fa-f]{2}|\d{1,3}),\s*)+(?:0x[0-9A-Fa-f]{2}|\d{1,3}))\]")
ESCAPE = re.compile(r"\\(u\{([0-9A-Fa-f]+)\}|.)")
ESCAPES = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", '"': '"', "\\": "\\"}


def unescaped(literal: str) -> bytes:
    """A Swift literal's text; what is interpolated stays as it is written."""
    return ESCAPE.sub(
        lambda match: chr(int(match[2], 16)) if match[2] else ESCAPES.get(match[1], match[0]),
        literal,
    ).encode("utf-8", "replace")


def texts(source: str) -> Iterator[bytes]:
    for match in TEXT.finditer(source):
        yield unescaped(match[1])
    for match in NUMBERS.finditer(source):
        numbers = [int(number, 0) for number in match[1].split(",")]
        if max(numbers) < 256:
            yield bytes(numbers)


def main(folder: Path) -> None:
    for fuzzer, patterns in SOURCES.items():
        own = folder / fuzzer
        own.mkdir(parents=True, exist_ok=True)
        files = [file for pattern in patterns for file in sorted(TESTS.glob(pattern + ".swift"))]
        if not files:
            raise SystemExit(f"no file has seeds for {fuzzer}: {patterns}")
        seeds = {text for file in files for text in texts(file.read_text(encoding="utf-8"))}
        for seed in seeds:
            for first in [b"\x00", b"\x03"] if fuzzer in SEEDED else [b""]:
                content = first + seed
                (own / hashlib.sha256(content).hexdigest()[:16]).write_bytes(content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
