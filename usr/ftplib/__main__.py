"""The client as a program: `python3 -m usr.ftplib get ftp://host/file`, and `ftpy -m usr.ftplib`.

What has none of the commands below for its first word is the command line of CPython's `ftplib`:
`HOST -l`.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import io
import os
import re
import select
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar
from urllib.parse import quote, unquote_to_bytes, urlsplit

if TYPE_CHECKING:
    from ssl import SSLContext

    from usr import ftplib
else:
    # Whatever it is called: `usr.ftplib`, or `ftplib` where the path leads to it.
    ftplib = importlib.import_module((__spec__ or sys).name.removesuffix(".__main__"))

Item = TypeVar("Item")

SCHEMES = ("ftp", "ftps", "ftpes")
ENCODING = "in a user name or password : @ / ? # [ ] % are %3A %40 %2F %3F %23 %5B %5D %25"
EPILOG = """\
URL is ftp://[user[:password]@]host[:port]/path, ftpes:// for TLS by AUTH, ftps:// for TLS from the
first byte. A path starts where the login leads, at the root when it begins with a second slash;
special characters are percent-encoded; ';type=a' at its end means text. Without a password in the
URL it comes from ~/.netrc, without a user in either the login is anonymous.

exit status: 0 all went well, 1 something failed, 2 the command line cannot be meant, 130 Ctrl-C
"""
FIRST = "of several with one name the first stays"
PATTERNS = """\
PATTERN is a name at any depth ('*.log'), or a path from the top of the tree ('logs/*.log'); ** is
any number of directories, a slash at the end means directories alone. --include takes the files
that match one of its patterns, or that lie in a directory that does, --exclude leaves out files,
and directories with all in them. What they leave out is neither transferred nor deleted.

"""


class Failure(Exception):
    """What failed: a line on standard error, and the exit status 1."""


class Unread(Exception):
    """Nobody reads standard output any more."""


class Address:
    """A URL of the command line. `ValueError` for what is none repeats nothing of it."""

    def __init__(self, url: str) -> None:
        if any(letter < " " or letter == "\x7f" for letter in url):
            raise ValueError("has control characters, which are percent-encoded in a URL")
        if any("\ud800" <= letter <= "\udfff" for letter in url):
            raise ValueError("has bytes that are no UTF-8; they are percent-encoded in a URL")
        try:
            self.parts = parts = urlsplit(url)
        except ValueError:
            parts = None
        if parts is None or not parts.hostname:
            raise ValueError(f"names no host, nor an IPv6 address in brackets; {ENCODING}")
        try:
            _ = parts.port
        except ValueError:
            parts = None
        if parts is None:
            raise ValueError(f"its port is no number up to 65535; {ENCODING}")
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        path, _, kind = path.partition(";type=")
        self.kind = kind.lower()
        self.directory, _, name = path.rpartition("/")
        self.encoded_name = name
        self.name = text(unquote_to_bytes(name))
        self.shown = shown(url)

    @property
    def server(self) -> str:
        return f"{self.parts.scheme}://{self.parts.netloc}"

    def parent(self) -> str:
        """The URL of the directory that the last part of the path lies in."""
        return f"{self.server}{self.directory}/"

    def whole(self) -> str:
        """The URL of the directory that the whole path names."""
        return f"{self.server}{self.directory}/{self.encoded_name}"

    def path(self) -> str:
        """The whole path for a tree: directories on the way are made, not changed into."""
        parts = [os.fsdecode(unquote_to_bytes(part)) for part in self.directory.split("/")[1:]]
        parts = [*parts, os.fsdecode(self.name)]
        root = "/" if parts[0] in ("", "/") and len(parts) > 1 else ""
        return root + "/".join(part for part in parts if part.strip("/"))

    def below(self, name: str) -> str:
        """What an error says of a file beside it."""
        return f"{shown(self.parent())}{quote(name, errors='surrogateescape')}"


LOGIN = re.compile(r"(?:[\w.+=-]+://)?+[^:]*(:.*@)", re.DOTALL)
NO_PORT = re.compile(r"([\w.+=-]+://[^:/?#\[]*):(?!\d*(?:[/?#]|$)).*", re.DOTALL)


def shown(word: str) -> str:
    """A word of the command line as it may be shown: a URL without its password.

    That may hold any character that nobody has encoded: it ends at the last @ of all.
    """
    if found := LOGIN.match(word):
        start, end = found.span(1)
        return word[:start] + hidden(found[1]) + word[end:]
    # The host may have been forgotten.
    return NO_PORT.sub(r"\1:...", word)


def hidden(password: str) -> str:
    """What stands for a password, from its colon to its @: dots where it may be more than that."""
    return ":...@" if set(password) & set("/?#") else "@"


def cleaned(line: str) -> str:
    """A line for standard error without the passwords of the command line's URLs."""
    for word in sys.argv[1:]:
        if "://" in word and (found := LOGIN.match(word)):
            password = found[1]
            for form in (password, repr(password)[1:-1]):
                line = line.replace(form, hidden(password))
    return line


def visible(line: str) -> str:
    """A line without what would move a terminal's cursor, or worse: names and servers' words."""
    return "".join(letter if letter.isprintable() else "?" for letter in line)


def text(name: bytes) -> str | bytes:
    """A path for the server: text where it is UTF-8, otherwise the bytes, sent as they are."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        return name


def is_url(word: str) -> bool:
    return word.partition("://")[0] in SCHEMES and "://" in word


def url(word: str) -> Address:
    """The type of an argument that must be a URL."""
    if not is_url(word):
        raise argparse.ArgumentTypeError(
            f"{shown(word)!r} is no URL: ftp://, ftps:// or ftpes://HOST/PATH"
        )
    try:
        return Address(word)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{shown(word)!r}: {error}") from None


def reason(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


@contextmanager
def named(what: str, sessions: Sessions) -> Iterator[None]:
    """Errors get the name of what they happened to; what comes after them a new session."""
    try:
        yield
    except (*ftplib.all_errors, ValueError) as error:
        if isinstance(error, (TimeoutError, ConnectionError, EOFError)):
            sessions.drop()
        sessions.close()
        raise Failure(f"{what}: {reason(error)}") from None


def every(items: Iterable[Item], run: Callable[[Item], None]) -> bool:
    """Runs for each; what fails is told, and the rest has its turn. Whether all went well."""
    well = True
    for item in items:
        try:
            run(item)
        except Failure as failure:
            complain(str(failure))
            well = False
    return well


class Places:
    """What a command has written: as cp has it, nothing that comes later replaces that."""

    def __init__(self) -> None:
        self.taken: dict[str, str] = {}

    @contextmanager
    def take(self, place: str, source: str, *, keeping: bool) -> Iterator[None]:
        """For what comes from `source`; free again where that fails, if not `keeping` parts."""
        if place in self.taken:
            made = f"{place}, just made from {self.taken[place]}"
            raise Failure(f"{source}: will not overwrite {made}")
        self.taken[place] = source
        try:
            yield
        except Failure:
            if not keeping:
                del self.taken[place]
            raise


class Sessions:
    """Connects, once for each directory as long as the URLs stay there."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.url = ""
        self.ftp: ftplib.FTP | None = None
        self.context = None if options.cacert is None else authorities(options.cacert)

    def open(self, url: str) -> ftplib.FTP:
        if self.ftp is None or url != self.url:
            self.close()
            options: dict[str, Any] = {"netrc": self.options.netrc, "timeout": self.options.timeout}
            if url.partition(":")[0] != "ftp":
                options |= {"verify": not self.options.insecure, "context": self.context}
            if self.options.proxy is not None:
                options["proxy"] = self.options.proxy or None
            self.ftp = ftplib.connect_url(url, errors="surrogateescape", **options)
            self.ftp.set_pasv(not self.options.active)
            self.url = url
        return self.ftp

    def close(self) -> None:
        if self.ftp is not None:
            with suppress(*ftplib.all_errors):
                self.ftp.quit()
        self.drop()

    def drop(self) -> None:
        """Closes without a word to the server."""
        if self.ftp is not None:
            self.ftp.close()
            self.ftp = None


def authorities(file: str) -> SSLContext:
    import ssl

    try:
        context = ssl.create_default_context(cafile=file)
    except OSError as error:
        raise Failure(f"{file}: {reason(error)}") from None
    # Debian's Python sets it: a connection that somebody cuts would look like the data's end.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    return context


class Sink(Protocol):
    """What bytes are written to."""

    def write(self, data: bytes | memoryview, /) -> object: ...

    def flush(self) -> object: ...


class Output:
    """Standard output. `Unread` is that its reader has left: servers break pipes as well."""

    def __init__(self) -> None:
        if sys.stdout is None:
            raise Failure("standard output is closed")
        # With PYTHONUNBUFFERED it is a raw file, which may take less than it is given.
        self.stream: RawOrBuffered = sys.stdout.buffer

    def write(self, data: bytes | memoryview, /) -> None:
        rest = memoryview(data).cast("B")
        while rest:
            try:
                count = self.stream.write(rest)
            except BlockingIOError as error:
                rest = rest[error.characters_written :]
                self.wait()
            except OSError as error:
                raise unwritten(error) from None
            else:
                if count is None:
                    self.wait()
                else:
                    rest = rest[count:]

    def flush(self) -> None:
        while True:
            try:
                sys.stdout.flush()
            except BlockingIOError:
                self.wait()
            except OSError as error:
                raise unwritten(error) from None
            else:
                return

    def wait(self) -> None:
        """Until somebody reads, where the file that was handed to us does not block by itself."""
        wait_for(self.stream.fileno(), select.POLLOUT)


class RawOrBuffered(Protocol):
    """A binary file; None is that a raw one does not block, and can take nothing now."""

    def write(self, data: memoryview, /) -> int | None: ...

    def fileno(self) -> int: ...


def wait_for(descriptor: int, event: int) -> None:
    readiness = select.poll()
    readiness.register(descriptor, event)
    readiness.poll()


class Waiting(io.RawIOBase):
    """A raw file that blocks, whatever the one behind it does: for Python a pause is an end."""

    def __init__(self, file: io.FileIO | io.RawIOBase, name: str) -> None:
        self.file = file
        self.name = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        while (count := self.file.readinto(buffer)) is None:
            wait_for(self.file.fileno(), select.POLLIN)
        return count


def unwritten(error: OSError) -> Exception:
    if isinstance(error, BrokenPipeError):
        return Unread()
    return Failure(f"standard output: {reason(error)}")


def say(line: str) -> None:
    """A line on standard output. Not by print(), which a raw file's short count does not reach."""
    output = Output()
    output.write(f"{line}\n".encode(sys.stdout.encoding, sys.stdout.errors or "strict"))
    if sys.stdout.line_buffering:
        output.flush()


def meter(options: argparse.Namespace) -> Callable[[Any], object] | None:
    """What shows a transfer: asked for, or where somebody looks."""
    watched = options.progress or (sys.stderr is not None and sys.stderr.isatty())
    return ftplib.progress_bar() if watched and not options.quiet else None


# get


def get(options: argparse.Namespace, sessions: Sessions) -> bool:
    several = len(options.url) > 1 and options.output not in (None, "-")
    if several and not os.path.isdir(options.output):
        raise Failure(f"{options.output}: is no directory, for several files")
    output = Output() if options.output == "-" and not options.recursive else None
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
    target: str | None = options.output
    if options.recursive:
        return target or local_name(address, "directory")
    if target is None or os.path.isdir(target) or target.endswith("/"):
        return os.path.join(target or "", local_name(address, "file"))
    return target


def local_name(address: Address, kind: str) -> str:
    """The last part of the path, as the user has written it: never a name of the server's."""
    name = os.fsdecode(address.name)
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise Failure(f"{address.shown}: names no {kind}; say with -o where it is to go")
    return name


def fetch(ftp: ftplib.FTP, address: Address, output: Sink) -> None:
    """A file, or a listing, to a stream."""
    if address.kind == "d":
        path = os.fsdecode(address.name)
        for name, _ in ftp.listdir(path):
            output.write(os.fsencode(name) + b"\n")
    elif address.kind == "a":
        ftp.retrlines(command("RETR", address.name), lambda line: output.write(memoryview(line)))
    else:
        ftp.retrbinary(command("RETR", address.name), output.write)
    output.flush()


def command(verb: str, name: str | bytes) -> str | bytes:
    return f"{verb} {name}" if isinstance(name, str) else verb.encode() + b" " + name


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


@contextmanager
def in_its_place(target: str) -> Iterator[Sink]:
    """A file that gets its name when it is whole.

    What is no regular file is written to itself, and so is what a process has open already.
    """
    target, is_open = followed(target)
    if is_open or (os.path.exists(target) and not os.path.isfile(target)):
        with open(target, "wb") as file:
            yield file
        return
    if os.path.isfile(target):
        # Who may not write it may not replace it.
        open(target, "r+b").close()
    part = os.path.join(os.path.dirname(target), f".{os.urandom(8).hex()}.part")
    try:
        with open(part, "xb") as file:
            yield file
        if os.path.exists(target):
            os.chmod(part, os.stat(target).st_mode & 0o777)
        os.replace(part, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(part)
        raise


def followed(path: str) -> tuple[str, bool]:
    """Where links at a path's end lead, and whether to an open file of a process.

    That is where /dev/stdout and /dev/fd/3 lead. What such a link says is no path to it.
    """
    for _ in range(40):
        if not os.path.islink(path):
            return path, False
        folder = os.path.dirname(path)
        if is_of_processes(folder or "."):
            return path, True
        path = os.path.join(folder, os.readlink(path))
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)


def is_of_processes(folder: str) -> bool:
    """Whether a folder is one of procfs."""
    try:
        return os.stat(folder).st_dev == os.stat("/proc/self").st_dev
    except OSError:
        return False


# put


def put(options: argparse.Namespace, sessions: Sessions) -> bool:
    address: Address = options.url
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
                with reading(file) as source:
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


def reading(file: str) -> IO[bytes]:
    return standard_input() if file == "-" else open(file, "rb")


def standard_input() -> IO[bytes]:
    stream = sys.stdin.buffer
    if stream.seekable() or not isinstance(stream, io.BufferedReader):
        return stream
    return io.BufferedReader(Waiting(stream.raw, stream.name))


class Lines:
    """The lines of a file, and whether any of them has been asked for."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source = source
        self.are_read = False

    def readline(self, size: int, /) -> bytes:
        self.are_read = True
        return self.source.readline(size)


class TextUpload:
    """Text to the server, as `upload` does it with bytes: what is there stays until it is whole.

    It is stored under a name beside its own, which it gets then. Where the server takes no such
    name, or does not rename, it is stored under its own.
    """

    # Replies to STOR that may be due to the name. Not 552: the file has no room under any.
    FORBID_NAME = ("500", "501", "504", "550", "553")

    def __init__(self, sessions: Sessions, url: str, name: str | bytes) -> None:
        self.sessions = sessions
        self.url = url
        self.name = name
        self.part = beside(name)
        self.start: int | None = None

    def store(self, source: IO[bytes]) -> None:
        ftp = self.sessions.open(self.url)
        self.start = source.tell() if source.seekable() else None
        lines = Lines(source)
        try:
            ftp.storlines(command("STOR", self.part), lines)
        except BaseException as error:
            if lines.are_read or str(error)[:3] not in self.FORBID_NAME:
                self.remove(error)
                raise
            ftp.storlines(command("STOR", self.name), source)
            return
        try:
            ftp.rename(self.part, self.name)
        except ftplib.error_perm as error:
            self.store_again(ftp, source, error)
        except BaseException as error:
            self.remove(error)
            raise

    def store_again(self, ftp: ftplib.FTP, source: IO[bytes], refusal: Exception) -> None:
        """Under its own name, which it could not be given. Until it is whole the part stays."""
        if self.start is None:
            raise self.told_of_part(refusal)
        source.seek(self.start)
        lines = Lines(source)
        try:
            ftp.storlines(command("STOR", self.name), lines)
        except ftplib.all_errors as error:
            if lines.are_read:
                raise self.told_of_part(error) from None
            self.remove(error)
            raise
        self.remove()

    def told_of_part(self, error: Exception) -> ftplib.Error:
        if not isinstance(error, ftplib.Error):
            self.sessions.drop()
        return ftplib.Error(f"{reason(error)}; the server has the whole file as '{self.part}'")

    def remove(self, error: BaseException | None = None) -> None:
        """Deletes the part: over a new connection where this one may stand in the middle."""
        if error and not isinstance(error, (ftplib.error_perm, ftplib.error_temp)):
            self.sessions.drop()
        if isinstance(error, KeyboardInterrupt):
            # Who wants it to end does not wait long for a server that has gone.
            self.sessions.options.timeout = min(5.0, self.sessions.options.timeout)
        with suppress(*ftplib.all_errors, ValueError):
            self.sessions.open(self.url).delete(self.part)


def beside(name: str | bytes) -> str:
    """A hidden name that nobody has, in the directory of a file on the server."""
    path = name if isinstance(name, bytes) else name.encode(errors="surrogateescape")
    folder, slash, last = path.rpartition(b"/")
    ending = f".{os.urandom(4).hex()}.part"
    # At most 255 bytes, and whole letters: some servers take no other names.
    start = last[: 254 - len(ending)].decode(errors="ignore")
    return (folder + slash).decode(errors="surrogateescape") + f".{start}{ending}"


# ls


def ls(options: argparse.Namespace, sessions: Sessions) -> bool:
    if sys.stdout is None:
        raise Failure("standard output is closed")
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="surrogateescape")

    def one(address: Address) -> None:
        with named(address.shown, sessions):
            for name, facts in sorted(entries(address, sessions)):
                say(long(name, facts) if options.long else printable(name))

    return every(options.url, one)


def entries(address: Address, sessions: Sessions) -> list[tuple[str, dict[str, str]]]:
    """What a directory holds, or the one file that the path names."""
    ftp = sessions.open(address.parent())
    if not address.name:
        return ftp.listdir()
    here = ftp.pwd()
    try:
        ftp.cwd(address.name if isinstance(address.name, str) else os.fsdecode(address.name))
    except ftplib.error_perm:
        found = [entry for entry in ftp.listdir() if entry[0] == os.fsdecode(address.name)]
        if not found:
            raise
        return found
    found = ftp.listdir()
    ftp.cwd(here)
    return found


def long(name: str, facts: dict[str, str]) -> str:
    """`dir` or `file`, the size, the time, the name."""
    kind = facts.get("type", "").lower()
    kind = "link" if "slink" in kind or "symlink" in kind else kind or "?"
    moment = facts.get("modify", "")
    day = f"{moment[:4]}-{moment[4:6]}-{moment[6:8]}" if len(moment) >= 8 else ""
    clock = f"{moment[8:10]}:{moment[10:12]}" if len(moment) >= 12 else ""
    return f"{kind:4} {facts.get('size', ''):>12} {day:10} {clock:5} {printable(name)}"


def printable(name: str) -> str:
    """For a terminal without what would move its cursor; as it is for a program."""
    if sys.stdout is None or not sys.stdout.isatty():
        return name
    return visible(name)


# sync


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


def complain(line: str) -> None:
    # To print(), no file at all is standard output.
    if sys.stderr is not None:
        # Also where no terminal is: a log is looked at in one later.
        line = cleaned(line).encode(errors="backslashreplace").decode()
        print(f"ftplib: {visible(line)}", file=sys.stderr)


# The command line


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
        option("--cacert", metavar="FILE", help="the authorities that TLS trusts (PEM)")
        option("-k", "--insecure", action="store_true", help="TLS without verifying the server")
        option("--proxy", metavar="URL", help="socks5, socks5h, http; '' none (environment)")
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


def run(words: Sequence[str]) -> bool:
    """Whether all went well."""
    spec = globals()["__spec__"]
    name = spec.name.removesuffix(".__main__").removeprefix("_ftpy.") if spec else "ftplib"
    interpreter = os.path.basename(sys.executable or "python3")
    options = make_parser(f"{interpreter} -m {name}").parse_args(words)
    sessions = Sessions(options)
    try:
        well: bool = options.run(options, sessions)
    finally:
        sessions.close()
    if well and sys.stdout is not None:
        Output().flush()
    return well


def forget_output() -> None:
    """What Python still holds back goes now, or nowhere: its own end must not fail as well."""
    try:
        if sys.stdout is not None:
            Output().flush()
    except (Failure, Unread):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> None:
    try:
        if len(sys.argv) > 1 and sys.argv[1] in ("get", "put", "ls", "sync", "-h", "--help"):
            well = run(sys.argv[1:])
        else:
            ftplib.test()
            well = True
    except (Unread, BrokenPipeError):
        # The reader has enough.
        well = False
    except KeyboardInterrupt:
        # As a shell expects it of a program that Ctrl-C ended: status 130, and its loop ends too.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
        well = False
    except (Failure, *ftplib.all_errors, ValueError) as error:
        complain(reason(error))
        well = False
    if not well:
        forget_output()
        sys.exit(1)


if __name__ == "__main__":
    main()
