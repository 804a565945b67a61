"""`put`: files and trees to a server."""

from __future__ import annotations

import argparse
import os
import sys

from . import ftplib
from .addresses import Address, is_url, shown
from .messages import Failure, every, meter
from .places import Places, here
from .sessions import Sessions, named
from .streams import reading, standard_input
from .textupload import TextUpload
from .trees import require_tree, tree


def put(options: argparse.Namespace, sessions: Sessions) -> bool:
    address: Address = options.url
    require_tree(options)
    if address.name and len(options.file) > 1:
        raise Failure(f"{address.shown}: must end with a slash, for several files")
    for file in filter(is_url, options.file):
        options.parser.error(f"{shown(file)!r} is a URL; FILE is here, and the URL comes last")

    places = Places()

    def one(file: str) -> None:
        if not address.name and file == "-":
            raise Failure(f"{address.shown}: needs a name at its end for what comes from -")
        if file == "-" and sys.stdin is None:
            raise Failure("standard input is closed")
        name = address.name or last_name(file)
        if not name and not options.recursive:
            raise Failure(f"{file!r} names no file; -r stores what is in a folder")
        place = address.shown if address.name else address.below(os.fsdecode(name))
        taking = places.take(place, file, keeping=options.recursive)
        with taking, named(place, sessions):
            if options.recursive:
                ftp = sessions.open(address.server + "/")
                names = (address.path(), "" if address.name else os.fsdecode(name))
                tree(ftp.upload_tree, file, "/".join(filter(None, names)), options)
            elif address.kind == "a":
                with reading(file if file == "-" else here(file)) as source:
                    TextUpload(sessions, address.parent(), name).store(source)
            else:
                upload(sessions.open(address.parent()), file, name, options)

    return every(options.file, one)


def last_name(file: str) -> str:
    """The name that a file or folder has on the server.

    As cp has it, `.`, `..` and what ends so have none: what is in them goes to the URL itself.
    """
    name = os.path.basename(file.rstrip("/"))
    return "" if name in (".", "..") else name


def upload(ftp: ftplib.FTP, file: str, name: str | bytes, options: argparse.Namespace) -> None:
    ftp.upload(
        standard_input() if file == "-" else file,
        name,
        progress=meter(options),
        resume=not options.restart,
        retries=options.retries,
    )
