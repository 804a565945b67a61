"""pwd: the server's current directory."""

import server

from usr.ftplib import FTP

with FTP(server.host, server.port, server.user, server.password) as ftp:
    print("after the login:", ftp.pwd())
    ftp.cwd(server.directory)
    print("after cwd:", ftp.pwd())
