"""firmware: a file comes down, whole or not at all, and goes on where it was interrupted."""

import io
import os

import server

from usr.ftplib import FTP, TransferProgress

os.makedirs("usr", exist_ok=True)
steps: list[int] = []


def show(progress: TransferProgress) -> None:
    steps.append(progress.done)


with FTP(server.host, server.port, server.user, server.password) as ftp, server.scratch(ftp):
    ftp.storbinary("STOR firmware.bin", io.BytesIO(bytes(range(256)) * 8192))

    result = ftp.download("firmware.bin", "usr/firmware.bin", retries=10, progress=show)
    print(f"{result.size} bytes, {result.attempts} attempt, checked by {result.verified}")
    print(f"from {steps[0]} to {steps[-1]}")

    # Over several connections, each with a part of its own.
    result = ftp.download("firmware.bin", "usr/firmware.bin", segments=2)
    print(f"{result.size} bytes again")

    # What is wrong with this side is said at once, and leaves the file that was there.
    try:
        ftp.download("missing.bin", "usr/firmware.bin")
    except Exception as error:
        print(f"{type(error).__name__}; still {os.stat('usr/firmware.bin').st_size} bytes")
