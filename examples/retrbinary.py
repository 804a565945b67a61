"""retrbinary: a file of the server, byte for byte, into the user partition `usr/`."""

import io
import os

import server

from usr.ftplib import FTP

NAME = "firmware.bin"
CONTENT = bytes(range(256)) * 1024

os.makedirs("usr", exist_ok=True)

with FTP(server.host, server.port, server.user, server.password) as ftp, server.scratch(ftp):
    ftp.storbinary("STOR " + NAME, io.BytesIO(CONTENT))

    with open("usr/" + NAME, "wb") as file:
        reply = ftp.retrbinary("RETR " + ftp.pwd() + "/" + NAME, file.write)
    print(reply)

    if reply.startswith("226"):
        print(f"usr/{NAME}: {os.stat('usr/' + NAME).st_size} bytes")

    # The callback is any function of one argument; blocksize is the most it gets at once.
    blocks: list[bytes] = []
    ftp.retrbinary("RETR " + NAME, blocks.append, blocksize=4096)
    if max(map(len, blocks)) <= 4096 and b"".join(blocks) == CONTENT:
        print("the same in blocks of 4096 bytes at most")
