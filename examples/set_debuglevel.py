"""set_debuglevel: looks over the client's shoulder while it talks to the server."""

import server

from usr.ftplib import FTP

with FTP(server.host, server.port) as ftp:
    print("level 1: each command with its reply, passwords hidden")
    ftp.set_debuglevel(1)
    ftp.login(server.user, server.password)

    print("level 2: also each line as it goes over the wire")
    ftp.set_debuglevel(2)
    ftp.sendcmd("TYPE I")

    print("level 0: nothing")
    ftp.set_debuglevel(0)
    ftp.sendcmd("TYPE A")
