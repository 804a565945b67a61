"""delete: removes a file of the server."""

import io

import server

from usr.ftplib import FTP, error_perm

with FTP(server.host, server.port, server.user, server.password) as ftp, server.scratch(ftp):
    ftp.storbinary("STOR new.log", io.BytesIO(b"started\n"))
    ftp.storbinary("STOR old.log", io.BytesIO(b"started\nstopped\n"))
    print(ftp.nlst())

    reply = ftp.delete("old.log")
    print(reply)
    if reply.startswith("250"):
        print(ftp.nlst())

    # What the server refuses is an exception that carries its reply.
    try:
        ftp.delete("old.log")
    except error_perm as refusal:
        print("a second time:", refusal)
