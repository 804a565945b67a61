"""progress_tqdm: a download shown by tqdm (pip install tqdm)."""

import os

import server
from tqdm import tqdm

from usr.ftplib import FTP, TransferProgress

os.makedirs("usr", exist_ok=True)

with FTP(server.host, server.port, server.user, server.password) as ftp:
    ftp.cwd(server.directory)
    with tqdm(desc="firmware.bin", unit="B", unit_scale=True, unit_divisor=1024) as bar:

        def show(progress: TransferProgress) -> None:
            bar.total = progress.total
            bar.update(progress.done - bar.n)

        ftp.download("firmware.bin", "usr/firmware.bin", progress=show)
