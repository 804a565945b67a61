"""storlines: a text file of the user partition `usr/`, line by line, onto the server."""

import server

from usr.ftplib import FTP

try:
    import uos
except ImportError:  # the device's module, which ftpy has; for python3 its own will do
    import os as uos

NAME = "report.txt"
CONTENT = b"temperature 23.5\nhumidity 41\n"

if "usr" not in uos.listdir():
    uos.mkdir("usr")
with open("usr/" + NAME, "wb") as file:
    file.write(CONTENT)

if NAME not in uos.listdir("usr/"):
    raise SystemExit(f"usr/{NAME} is missing")

with FTP(server.host, server.port, server.user, server.password) as ftp, server.scratch(ftp):
    with open("usr/" + NAME, "rb") as file:
        reply = ftp.storlines("STOR " + NAME, file)
    print(reply)

    if reply.startswith("226"):
        ftp.retrlines("RETR " + NAME)
