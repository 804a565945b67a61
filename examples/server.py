"""Where the examples find their server, and a place of their own on it.

An option of the command line comes first, then the environment, then what the demo server uses:

    --host       FTP_HOST       127.0.0.1
    --port       FTP_PORT       2121
    --user       FTP_USER       ftpuser
    --password   FTP_PASSWORD   ftpuser-pw
    --directory  FTP_DIRECTORY  .            (where the login leads)
"""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from usr.ftplib import FTP, error_perm


def _options() -> argparse.Namespace:
    given = os.environ.get
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    add = parser.add_argument
    add("--host", default=given("FTP_HOST", "127.0.0.1"), help="name or address of the server")
    add("--port", default=given("FTP_PORT", "2121"), type=int, help="its port")
    add("--user", default=given("FTP_USER", "ftpuser"), help="who logs in")
    add("--password", default=given("FTP_PASSWORD", "ftpuser-pw"), help="with which password")
    add("--directory", default=given("FTP_DIRECTORY", "."), help="directory to work in")
    return parser.parse_args()


_given = _options()
host: str = _given.host
port: int = _given.port
user: str = _given.user
password: str = _given.password
directory: str = _given.directory


@contextmanager
def scratch(ftp: FTP) -> Iterator[str]:
    """Makes a new directory on the server, current inside the `with`, and removes it afterwards.

    What an example stores or deletes is in there: nothing else on the server is touched.
    """
    ftp.cwd(directory)
    ftp.mkd("example")
    ftp.cwd("example")
    path = ftp.pwd()
    try:
        yield path
    finally:
        remove(ftp, path)


def remove(ftp: FTP, path: str) -> None:
    """Removes a directory of the server with everything in it."""
    ftp.cwd(path)
    names: list[str] = []
    with suppress(error_perm):  # some servers refuse to list an empty directory
        names = ftp.nlst()
    for name in names:
        if name not in (".", ".."):  # which some servers list
            try:
                ftp.delete(name)
            except error_perm:  # not a file
                remove(ftp, name)
    ftp.cwd("..")
    ftp.rmd(path)
