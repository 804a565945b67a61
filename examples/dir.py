"""dir: prints a directory as the server shows it, and returns the lines."""

import server

from usr.ftplib import FTP

with FTP(server.host, server.port, server.user, server.password) as ftp:
    ftp.cwd(server.directory)

    lines = ftp.dir()
    print(f"{len(lines)} lines for {ftp.pwd()}")

    # With a callback nothing is printed: here it counts the directories.
    found: list[str] = []
    ftp.dir(callback=found.append)
    print(f"{sum(line.startswith('d') for line in found)} of them directories")
