"""mirror: fetches what is new in a directory of the server, in functions with types.

`mypy --strict` checks them against the types that the module brings along.
"""

import io
import os
from collections.abc import Callable

import server

from usr.ftplib import FTP, error_perm

FOLDER = "usr/mirror"


def sizes(ftp: FTP) -> dict[str, int]:
    """The files in the current directory, and how long each is."""
    found: dict[str, int] = {}
    names = ftp.nlst()
    ftp.voidcmd("TYPE I")  # behind nlst(), which asks for text: many servers tell no size of that
    for name in names:
        if not name or "/" in name or name in (".", ".."):  # a file of this folder has no such name
            continue
        try:
            size = ftp.size(name)
        except error_perm:  # a directory, say
            continue
        if size is not None:
            found[name] = size
    return found


def mirror(ftp: FTP, folder: str, report: Callable[[str], object]) -> None:
    """Fetches each file whose size is another than that of its copy in `folder`."""
    for name, size in sorted(sizes(ftp).items()):
        copy = os.path.join(folder, name)
        if os.path.exists(copy) and os.stat(copy).st_size == size:
            report(f"{name}: unchanged")
            continue
        with open(copy + ".part", "wb") as file:
            reply: str = ftp.retrbinary("RETR " + name, file.write)
        os.replace(copy + ".part", copy)  # whole, or the one from before
        report(f"{name}: {size} bytes, {reply}")


os.makedirs(FOLDER, exist_ok=True)

with FTP(server.host, server.port, server.user, server.password) as ftp, server.scratch(ftp):
    ftp.storbinary("STOR config.json", io.BytesIO(b"{}"))
    ftp.storbinary("STOR station.log", io.BytesIO(b"08:00 started\n"))
    mirror(ftp, FOLDER, print)

    ftp.storbinary("APPE station.log", io.BytesIO(b"08:05 23.5 C\n"))
    mirror(ftp, FOLDER, print)
