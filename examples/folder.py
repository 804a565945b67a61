"""folder: a folder here is kept equal to a directory of the server."""

import io
import os
import shutil

import server

from usr.ftplib import FTP

shutil.rmtree("usr/folder", ignore_errors=True)

with FTP(server.host, server.port, server.user, server.password) as ftp, server.scratch(ftp):
    for name in ("config.json", "notes.txt"):
        ftp.storbinary("STOR " + name, io.BytesIO(name.encode()))
    ftp.mkd("music")
    ftp.storbinary("STOR music/start.amr", io.BytesIO(b"#!AMR"))

    summary = ftp.download_tree("", "usr/folder")
    print(f"{summary.transferred} files, {summary.made} directory")
    print(f"again: {ftp.download_tree('', 'usr/folder').unchanged} unchanged")

    ftp.delete("notes.txt")
    for action, path in ftp.sync("", "usr/folder", delete=True, dry_run=True).actions:
        print(f"would {action} {path}")
    summary = ftp.sync("", "usr/folder", delete=True, exclude="*.json")
    print(f"{summary.deleted} deleted: {sorted(os.listdir('usr/folder'))}")
