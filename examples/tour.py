"""The whole round: every documented call, each with what came back, as a session to read."""

import io
import os
from collections.abc import Callable
from types import BuiltinMethodType
from typing import ParamSpec, TypeVar

import server

from usr.ftplib import FTP

Given = ParamSpec("Given")
Answer = TypeVar("Answer")

PHOTO = bytes(range(256)) * 1024
NOTES = b"08:00 started\n08:05 23.5 degrees\n08:10 stopped\n"


def call(method: Callable[Given, Answer], *args: Given.args, **named: Given.kwargs) -> Answer:
    """Calls a method of `ftp` and prints both: the call as one would type it, and the answer."""
    typed = [spoken(value) for value in args]
    typed += [f"{name}={spoken(value, name == 'passwd')}" for name, value in named.items()]
    print(f">>> ftp.{method.__name__}({', '.join(typed)})")

    answer = method(*args, **named)
    if answer is not None and method.__name__ != "dir":  # dir has printed its lines itself
        print(answer)
    return answer


def spoken(value: object, secret: bool = False) -> str:
    """The value as one would type it: a file as the `open` that it came from."""
    if secret:
        return "'********'"
    if isinstance(value, (io.BufferedReader, io.BufferedWriter)):
        return f"open({value.name!r}, {value.mode!r})"
    if isinstance(value, BuiltinMethodType):
        return f"{spoken(value.__self__)}.{value.__name__}"
    return repr(value)


def contents(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def tour(ftp: FTP) -> None:
    """Looks around, takes two files up and down again, tidies up."""
    print("\n# Where are we?")
    call(ftp.pwd)
    path = call(ftp.mkd, ftp.pwd() + "/station")
    call(ftp.cwd, path)

    print("\n# Two files of the user partition go up: one as it is, one as text.")
    with open("usr/photo.bin", "rb") as source:
        call(ftp.storbinary, "STOR photo.bin", source)
    with open("usr/notes.txt", "rb") as source:
        call(ftp.storlines, "STOR notes.txt", source)
    call(ftp.nlst)
    call(ftp.dir)

    print("\n# They come back under other names.")
    call(ftp.rename, "photo.bin", "picture.bin")
    with open("usr/picture.bin", "wb") as target:
        call(ftp.retrbinary, "RETR picture.bin", target.write)
    with open("usr/copy.txt", "wb") as target:
        call(ftp.retrlines, "RETR notes.txt", target.write)
    same = contents("usr/picture.bin") == PHOTO and contents("usr/copy.txt") == NOTES
    print("What came down is what went up." if same else "What came down is NOT what went up.")

    print("\n# Each command with its reply, for once.")
    call(ftp.set_debuglevel, 1)
    call(ftp.cwd, "..")
    call(ftp.set_debuglevel, 0)

    print("\n# Nothing is left behind.")
    call(ftp.delete, path + "/picture.bin")
    call(ftp.nlst, "station")
    call(ftp.delete, path + "/notes.txt")


os.makedirs("usr", exist_ok=True)
with open("usr/photo.bin", "wb") as file:
    file.write(PHOTO)
with open("usr/notes.txt", "wb") as file:
    file.write(NOTES)

print(">>> ftp = FTP()")
with FTP() as ftp:
    call(ftp.connect, host=server.host, port=server.port)
    call(ftp.login, user=server.user, passwd=server.password)
    with server.scratch(ftp):
        tour(ftp)
    call(ftp.quit)
