"""cwd: changes the server's current directory."""

import server

from usr.ftplib import FTP, error_perm

with FTP(server.host, server.port, server.user, server.password) as ftp, server.scratch(ftp):
    path = ftp.mkd("logs")

    reply = ftp.cwd(path)
    print(reply)
    if reply.startswith("250"):
        print("now in", ftp.pwd())

    ftp.cwd("..")
    print("one up:", ftp.pwd())

    try:
        ftp.cwd("nowhere")
    except error_perm as refusal:
        print("nowhere:", refusal)
