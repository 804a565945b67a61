"""`sync`, and the trees of `get` and `put`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from . import ftplib
from .addresses import is_url, url
from .messages import Failure, complain, meter, printable, reason
from .sessions import Sessions, named
from .streams import say


def sync(options: argparse.Namespace, sessions: Sessions) -> bool:
    source, target = options.source, options.target
    if is_url(source) == is_url(target):
        options.parser.error("one of SOURCE and TARGET is a URL, the other one a folder here")
    try:
        address = url(source if is_url(source) else target)
    except argparse.ArgumentTypeError as error:
        options.parser.error(str(error))
    with named(address.shown, sessions):
        if is_url(source):
            ftp = sessions.open(address.whole())
            tree(ftp.download_tree, "", target, options)
        else:
            ftp = sessions.open(address.server + "/")
            tree(ftp.upload_tree, source, address.path(), options)
    return True


def require_tree(options: argparse.Namespace) -> None:
    """Refuses a command line that only means something with -r, and has none."""
    if not options.recursive and (options.dry_run or options.include or options.exclude):
        options.parser.error("-n, --include and --exclude need -r")


def tree(
    run: Callable[..., ftplib.TreeSummary], source: str, target: str, options: argparse.Namespace
) -> None:
    """Runs over a tree, and says what was done: on standard output; failures on the other one."""
    more: dict[str, Any] = {
        "include": options.include,
        "exclude": options.exclude,
        "dry_run": options.dry_run,
        "delete": getattr(options, "delete", False),
        "connections": options.jobs,
        "resume": not getattr(options, "restart", False),
        "retries": options.retries,
        "progress": meter(options),
    }
    try:
        summary = run(source, target, **more)
    except ftplib.TreeError as error:
        tell(error.summary, options)
        for path, cause in error.summary.errors:
            complain(f"{printable(path)}: {reason(cause)}")
        raise Failure(f"{len(error.summary.errors)} of the paths failed") from None
    tell(summary, options)


def tell(summary: ftplib.TreeSummary, options: argparse.Namespace) -> None:
    if options.dry_run:
        for action, path in summary.actions:
            say(f"{action} {printable(path) or '.'}")
    if options.quiet:
        return
    for path, why in summary.refused:
        complain(f"{printable(path)}: left out: {why}")
    files = "1 file" if summary.transferred == 1 else f"{summary.transferred} files"
    would = "would be " if options.dry_run else ""
    say(
        f"{files} {would}transferred ({summary.size} bytes), "
        f"{summary.unchanged} unchanged, {summary.deleted} deleted"
    )
