"""mkd: makes a directory on the server and returns its path."""

import server

from usr.ftplib import FTP

with FTP(server.host, server.port, server.user, server.password) as ftp, server.scratch(ftp):
    path = ftp.mkd(ftp.pwd() + "/logs")
    print(path)

    # A path within the current directory does as well.
    print(ftp.mkd("logs/2024"))

    print(ftp.nlst())
