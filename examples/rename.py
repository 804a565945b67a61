"""rename: gives a file of the server another name."""

import io

import server

from usr.ftplib import FTP

with FTP(server.host, server.port, server.user, server.password) as ftp, server.scratch(ftp):
    ftp.storbinary("STOR config.new", io.BytesIO(b'{"interval": 60}\n'))
    print(ftp.nlst())

    from_name = ftp.pwd() + "/config.new"
    to_name = ftp.pwd() + "/config.json"
    reply = ftp.rename(from_name, to_name)

    print(reply)
    if reply.startswith("250"):
        print(ftp.nlst())
