"""logs: log files go up, in a folder of this station's own; those that have gone up stay away."""

import os

import server

from usr.ftplib import FTP

os.makedirs("usr/logs/old", exist_ok=True)
for name in ("today.log", "old/yesterday.log", "old/core.dump"):
    with open(f"usr/logs/{name}", "w") as file:
        file.write(f"{name}: 08:00 started\n")

with FTP(server.host, server.port, server.user, server.password) as ftp, server.scratch(ftp):
    # One file: under another name until it is whole.
    result = ftp.upload("usr/logs/today.log", "now.log")
    print(f"now.log: {result.size} bytes")

    # All of them, and only logs.
    summary = ftp.upload_tree("usr/logs", "station-7", include="*.log")
    print(f"{summary.transferred} files: {sorted(path for _, path in summary.actions if path)}")

    with open("usr/logs/today.log", "a") as file:
        file.write("08:05 23.5 C\n")
    summary = ftp.upload_tree("usr/logs", "station-7", include="*.log")
    print(f"{summary.transferred} has grown, {summary.unchanged} is as it was")
