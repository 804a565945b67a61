"""download: a firmware file down to `usr/`, on a link that may break at any time."""

import io
import os

import server

from usr.ftplib import FTP, TransferProgress

NAME = "firmware.bin"
CONTENT = bytes(range(256)) * 1024

os.makedirs("usr", exist_ok=True)
with open("usr/" + NAME, "wb") as file:
    file.write(b"the firmware of today")

with FTP(server.host, server.port, server.user, server.password) as ftp, server.scratch(ftp):
    ftp.storbinary("STOR " + NAME, io.BytesIO(CONTENT))

    # Called at most ten times a second.
    def show(progress: TransferProgress) -> None:
        if progress.done in (0, progress.total):
            print(f"{progress.done} of {progress.total}")

    # Until the new file is whole, usr/firmware.bin is the old one.
    result = ftp.download(NAME, "usr/" + NAME, progress=show)
    print(f"{result.size} bytes, attempts: {result.attempts}, verified by {result.verified}")

    with open("usr/" + NAME, "rb") as new:
        print("the same" if new.read() == CONTENT else "different")

    # A file that is not there costs the old one nothing.
    try:
        ftp.download("nowhere.bin", "usr/" + NAME)
    except Exception as error:
        print(f"{type(error).__name__}: {str(error)[:26]}")
    print(os.stat("usr/" + NAME).st_size, os.listdir("usr"))
