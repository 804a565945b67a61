"""upload: logs up to the server, each under its name only when it is whole there."""

import os

import server

from usr.ftplib import FTP

os.makedirs("usr/logs", exist_ok=True)
for day in ("monday", "tuesday"):
    with open(f"usr/logs/{day}.log", "w") as file:
        file.write(f"{day}: all is well\n" * 1000)

with FTP(server.host, server.port, server.user, server.password) as ftp, server.scratch(ftp):
    for name in sorted(os.listdir("usr/logs")):
        # Lost connections, silences and refusals for now are tried again; the rest is an exception.
        result = ftp.upload("usr/logs/" + name, name, retries=10)
        print(f"{name}: {result.size} bytes, verified by {result.verified}")
    print(sorted(ftp.nlst()))
