"""The words of the command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from .addresses import cleaned, proxy, url
from .get import get
from .ls import ls
from .put import put
from .trees import sync

EPILOG = """\
URL is ftp://[user[:password]@]host[:port]/path, ftpes:// for TLS by AUTH, ftps:// for TLS from the
first byte. A path starts where the login leads, at the root when it begins with a second slash;
special characters are percent-encoded, a # as %23; ';type=a' at its end means text, which no server
tells the length of: it is as whole as the server says; ';type=d' the names in a directory. Without
a password in the URL it comes from ~/.netrc, without a user in either the login is anonymous.

exit status: 0 all went well, 1 something failed, 2 the command line cannot be meant, 130 Ctrl-C,
143 SIGTERM
"""
FIRST = "of several with one name the first stays"
PATTERNS = """\
PATTERN is a name at any depth ('*.log'), or a path from the top of the tree ('logs/*.log'); ** is
any number of directories, a slash at the end means directories alone. --include takes the files
that match one of its patterns, or that lie in a directory that does, --exclude leaves out files,
and directories with all in them. What they leave out is neither transferred nor deleted.

"""


class Parser(argparse.ArgumentParser):
    """One that shows no password."""

    def error(self, message: str) -> NoReturn:
        if sys.stderr is None:
            sys.exit(2)
        super().error(cleaned(message))


def make_parser(program: str) -> argparse.ArgumentParser:
    parser = Parser(
        prog=program,
        description="Transfers files by FTP; each goes on after a lost connection, and is whole "
        "in its place or not there.",
        epilog=f"{EPILOG}\n{program} HOST -l and so on is the command line of CPython's ftplib.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def add(name: str, run: Callable[..., bool], summary: str) -> argparse.ArgumentParser:
        own = commands.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        own.set_defaults(run=run, parser=own)
        option = own.add_argument
        option("-q", "--quiet", action="store_true", help="nothing but errors")
        option("--timeout", type=seconds, default=60.0, metavar="S", help="seconds of silence (60)")
        option("--netrc", default=True, metavar="FILE", help="this file in place of ~/.netrc")
        option("--no-netrc", dest="netrc", action="store_const", const=False, help="no such file")
        trust = own.add_mutually_exclusive_group().add_argument
        trust("--cacert", metavar="FILE", help="the authorities that TLS trusts (PEM)")
        trust("-k", "--insecure", action="store_true", help="TLS without verifying the server")
        option(
            "--proxy",
            type=proxy,
            metavar="URL",
            help="socks5, socks5h, http; '' none (environment)",
        )
        option("--active", action="store_true", help="the server opens data connections (PORT)")
        return own

    def transfers(own: argparse.ArgumentParser) -> None:
        option = own.add_argument
        option(
            "--progress", action="store_true", help="a meter even where standard error is no tty"
        )
        option(
            "--retries",
            type=number(0, 1_000_000),
            default=5,
            metavar="N",
            help="new attempts for a file (5)",
        )
        option(
            "-j",
            "--jobs",
            type=number(1, 16),
            default=4,
            metavar="N",
            help="connections for a tree (4)",
        )
        option("-n", "--dry-run", action="store_true", help="trees: only say what would be done")
        add = own.add_argument
        add("--include", action="append", metavar="PATTERN", help="trees: only these files")
        add("--exclude", action="append", metavar="PATTERN", help="trees: all but these")
        own.epilog = PATTERNS + EPILOG

    own = add("get", get, f"fetch files, or trees; {FIRST}")
    own.add_argument("url", type=url, nargs="+", metavar="URL")
    own.add_argument("-o", "--output", metavar="FILE", help="where to; - is standard output")
    own.add_argument("-r", "--recursive", action="store_true", help="a directory with all in it")
    own.add_argument("--restart", action="store_true", help="do not go on from an earlier part")
    own.add_argument(
        "--segments", type=number(1, 16), default=1, metavar="N", help="connections for a file"
    )
    transfers(own)

    own = add("put", put, f"store files, or trees; {FIRST}")
    own.add_argument(
        "file",
        nargs="+",
        metavar="FILE",
        help="- is standard input; with -r '.', '..', 'd/.' are what is in them",
    )
    own.add_argument("url", type=url, metavar="URL", help="a directory if it ends with a slash")
    own.add_argument("-r", "--recursive", action="store_true", help="a folder with all in it")
    own.add_argument("--restart", action="store_true", help="do not go on from an earlier part")
    transfers(own)

    own = add("ls", ls, "list directories")
    own.add_argument("url", type=url, nargs="+", metavar="URL")
    own.add_argument("-l", "--long", action="store_true", help="type, size and time as well")

    own = add("sync", sync, "make TARGET what SOURCE is: only what differs is transferred")
    own.add_argument("source", metavar="SOURCE", help="a URL or a folder")
    own.add_argument("target", metavar="TARGET", help="a folder or a URL")
    own.add_argument("--delete", action="store_true", help="remove what SOURCE has not from TARGET")
    transfers(own)
    return parser


def seconds(word: str) -> float:
    value = float(word)
    # As long as a socket can wait: 2 ** 31 milliseconds.
    if not 0 < value <= 2_147_483:
        raise argparse.ArgumentTypeError("must be above 0 and at most 2147483")
    return value


def number(least: int, most: int) -> Callable[[str], int]:
    """The type of an argument that is one of these numbers."""

    def parse(word: str) -> int:
        if not word.isdecimal() or not least <= int(word[:20]) <= most:
            raise argparse.ArgumentTypeError(f"{word!r} is no number from {least} to {most}")
        return int(word)

    return parse
