"""`get`: files and trees from a server."""

from __future__ import annotations

import argparse
import os

from . import ftplib
from .addresses import Address, command
from .messages import Failure, every, meter, printable
from .places import Places, here, in_its_place
from .sessions import Sessions, named
from .streams import Output, Sink
from .trees import require_tree, tree


def get(options: argparse.Namespace, sessions: Sessions) -> bool:
    require_tree(options)
    if options.recursive and options.segments > 1:
        options.parser.error("--segments is for files, -j for trees")
    if options.recursive and options.output == "-":
        options.parser.error("-o - is for files")
    several = len(options.url) > 1 and options.output not in (None, "-")
    if several and not os.path.isdir(here(options.output)):
        raise Failure(f"{options.output}: is no directory, for several files")
    output = Output() if options.output == "-" else None
    places = Places()

    def one(address: Address) -> None:
        if output:
            with named(address.shown, sessions):
                fetch(sessions.open(address.parent()), address, output)
            return
        target = local_target(address, options)
        taking = places.take(os.path.realpath(target), address.shown, keeping=options.recursive)
        with taking, named(address.shown, sessions):
            if options.recursive:
                tree(sessions.open(address.whole()).download_tree, "", target, options)
            else:
                download(sessions.open(address.parent()), address, target, options)

    return every(options.url, one)


def local_target(address: Address, options: argparse.Namespace) -> str:
    """Where a file or a tree goes to."""
    if options.output is None:
        return local_name(address, "directory" if options.recursive else "file")
    target = here(options.output)
    if options.recursive:
        several = len(options.url) > 1
        return os.path.join(target, local_name(address, "directory")) if several else target
    if os.path.isdir(target) or options.output.endswith("/"):
        return os.path.join(target, local_name(address, "file"))
    return target


def local_name(address: Address, kind: str) -> str:
    """The last part of the path, as the user has written it: never a name of the server's."""
    name = os.fsdecode(address.name)
    if kind == "directory" and not name:  # a slash at its end says that it is one
        name = os.path.basename(address.path())
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise Failure(f"{address.shown}: names no {kind}; say with -o where it is to go")
    return name


def fetch(ftp: ftplib.FTP, address: Address, output: Sink) -> None:
    """A file, or a listing, to a stream."""
    if address.kind == "d":
        path = os.fsdecode(address.name)
        for name, _ in ftp.listdir(path):
            shown = printable(name) if isinstance(output, Output) else name
            output.write(os.fsencode(shown) + b"\n")
    elif address.kind == "a":
        ftp.retrlines(command("RETR", address.name), lambda line: output.write(memoryview(line)))
    else:
        ftp.retrbinary(command("RETR", address.name), output.write)
    output.flush()


def download(ftp: ftplib.FTP, address: Address, target: str, options: argparse.Namespace) -> None:
    if address.kind in ("a", "d"):
        with in_its_place(target) as file:
            fetch(ftp, address, file)
        return
    ftp.download(
        address.name,
        target,
        progress=meter(options),
        resume=not options.restart,
        retries=options.retries,
        segments=options.segments,
    )
