"""retrlines: a text file of the server, line by line."""

import io
import os

import server

from usr.ftplib import FTP

NAME = "station.log"
CONTENT = b"08:00 started\n08:05 23.5 \xc2\xb0C\n08:10 23.7 \xc2\xb0C\n"

os.makedirs("usr", exist_ok=True)

with FTP(server.host, server.port, server.user, server.password) as ftp, server.scratch(ftp):
    ftp.storlines("STOR " + NAME, io.BytesIO(CONTENT))

    # Into a file: each line goes in with its line end.
    with open("usr/" + NAME, "wb+") as file:
        reply = ftp.retrlines("RETR " + ftp.pwd() + "/" + NAME, file.write)
        file.seek(0)
        received = file.read()
    print(reply)

    if reply.startswith("226") and received == CONTENT:
        print(f"usr/{NAME}: {received.count(10)} lines")

    # Into a list: each line is a string without its line end.
    lines: list[str] = []
    ftp.retrlines("RETR " + NAME, lines.append)
    print(lines)

    # And without a callback: printed.
    ftp.retrlines("RETR " + NAME)
