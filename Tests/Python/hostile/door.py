"""The program that serves the rows (serve.py), as its clients have it."""

from __future__ import annotations

import socket
import subprocess
import sys


class Server:
    """The program that serves the rows."""

    def __init__(self) -> None:
        self._program = subprocess.Popen(
            [sys.executable, "-m", "hostile.serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._program.stdout is not None
        self.port = int(self._program.stdout.readline())

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._program.communicate()

    def rows(self) -> list[Row]:
        with Door(self.port) as door:
            return [Row(line.split("\t")) for line in door.ask("list")]


class Door:
    """A connection to that program: one row at a time."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._lines = self._socket.makefile("rw", encoding="utf-8", newline="")

    def __enter__(self) -> Door:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def ask(self, words: str) -> list[str]:
        self._say(words)
        lines = iter(lambda: self._lines.readline().rstrip("\r\n"), "")
        return list(lines)

    def start(self, number: int) -> int:
        self._say(f"start {number}")
        return int(self._lines.readline())

    def _say(self, words: str) -> None:
        self._lines.write(words + "\r\n")
        self._lines.flush()


class Row:
    """A row as the program describes it."""

    def __init__(self, fields: list[str]) -> None:
        (
            number,
            self.source,
            self.name,
            self.call,
            timeout,
            deadline,
            endless,
            self.says,
            *wanted,
        ) = fields
        self.number, self.timeout, self.deadline = int(number), float(timeout), float(deadline)
        self.is_endless = endless == "1"
        self.wanted = {"documented": wanted[:2], "low": wanted[2:4], "lines": wanted[:2]}
