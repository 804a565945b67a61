"""nlst: the names in a directory, as a list."""

import server

from usr.ftplib import FTP

with FTP(server.host, server.port, server.user, server.password) as ftp:
    ftp.cwd(server.directory)

    names = ftp.nlst()
    for name in sorted(names):
        print(name)
    print(f"{len(names)} names in {ftp.pwd()}")

    # Another directory than the current one: a string, or a list as the documentation has it.
    if ftp.nlst(".") == ftp.nlst(["."]):
        print("nlst('.') and nlst(['.']) are the same")
