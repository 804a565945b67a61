"""progress_rich: a folder comes down over several connections, shown by rich (pip install rich)."""

import server
from rich.progress import Progress, TaskID

from usr.ftplib import FTP, TransferProgress

with FTP(server.host, server.port, server.user, server.password) as ftp, Progress() as bars:
    tasks: dict[object, TaskID] = {}

    def show(progress: TransferProgress) -> None:
        if progress.name not in tasks:
            tasks[progress.name] = bars.add_task(str(progress.name), total=progress.total)
        bars.update(tasks[progress.name], completed=progress.done, total=progress.total)

    ftp.download_tree(server.directory, "usr", progress=show)
