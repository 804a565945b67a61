"""The documentation's own samples, cut out of it, run in ftpy against vsftpd.

The document is not part of the repository: FTPLIB_DOC names it, or it lies at
`../shared/reference/ftplib-doc.txt`. Where there is none, there is nothing to run.

What is done to a sample, and nothing more:

- 'xxx' and 'xxx.xxx.xxx.xxx' become the server's host, user and password, and 21 its port.
- The body goes into a function: four samples have a `return` at their top level.
- `storbinary` and `storlines` have a `with` whose body stands no deeper than the `with` itself:
  there the lines that follow in the same block are indented.
- If the last line is an expression or an assignment, the function returns its value, so that it
  can be looked at.

File names stay as they are; the files get those names. Each sample is a script of its own, in
which `ftp` and `ftp_obj` are there as its section presupposes. `uos` is not: ftpy has it.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from conftest import DOCUMENTATION, FTPY, Directory, Server, run_script

pytestmark = pytest.mark.skipif(not DOCUMENTATION.exists(), reason=f"no {DOCUMENTATION}")

# Cutting out

SECTION = re.compile(r"^ftp(?:lib)?\.(\w+)\s*$", re.MULTILINE)
TITLE = re.compile(r"[A-Z]\w*( \w+)*\s*")
"""A title over several sections: words alone, as no line of code is."""


def cut_out(document: str) -> dict[str, str]:
    """The code block of each section, by the name that the section is about."""
    blocks = {}
    _, *parts = SECTION.split(document)
    for name, section in zip(parts[::2], parts[1::2], strict=True):
        lines = section.partition("\nExample\n")[2].splitlines()
        end = next((n for n, line in enumerate(lines) if TITLE.fullmatch(line)), len(lines))
        blocks[name] = "\n".join(line.rstrip() for line in lines[:end]).strip()
    return blocks


SAMPLES = cut_out(DOCUMENTATION.read_text(encoding="utf-8")) if DOCUMENTATION.exists() else {}


def promised(name: str) -> str:
    """The result that a sample gives in the comment under its last line."""
    return SAMPLES[name].rpartition("# ")[2].strip()


def texts(name: str) -> list[str]:
    """The texts that a sample prints as they stand."""
    return re.findall(r"print\('(.*)'\)", SAMPLES[name])


def success(name: str, file: str) -> str:
    """The text that a sample prints after a transfer that went well."""
    text = re.search(r"msg = '(.*)'", SAMPLES[name])
    assert text
    return text[1] % (file, "success")


# Making it run


def depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def with_indented_body(code: str) -> str:
    """Indents what follows a `with` in its block, if the next line stands no deeper than it."""
    lines = code.splitlines()
    for n, line in enumerate(lines):
        if line.lstrip().startswith("with ") and depth(lines[n + 1]) <= depth(line):
            for following in range(n + 1, len(lines)):
                if lines[following] and depth(lines[following]) < depth(line):
                    break
                lines[following] = indent(lines[following], "    ")
    return "\n".join(lines)


def with_result(code: str) -> str:
    """Returns the value of the last line."""
    last = ast.parse(code).body[-1]
    lines = code.splitlines()
    if isinstance(last, ast.Expr):
        lines[last.lineno - 1] = "return " + lines[last.lineno - 1]
    elif isinstance(last, ast.Assign):
        lines.append("return " + ast.unparse(last.targets[0]))
    return "\n".join(lines)


def as_function(code: str) -> str:
    return "def sample():\n" + indent(code, "    ")


def with_server(code: str, server: Server) -> str:
    """Puts the server in place of the placeholders."""
    code = code.replace("'xxx.xxx.xxx.xxx'", repr(server.host))
    code = re.sub(r"(user ?= ?)'xxx'", rf"\g<1>{server.user!r}", code)
    code = re.sub(r"(passwd ?= ?)'xxx'", rf"\g<1>{server.password!r}", code)
    return re.sub(r"(port ?= ?)21\b", rf"\g<1>{server.port}", code)


def runnable(name: str, server: Server) -> str:
    return as_function(with_result(with_indented_body(with_server(SAMPLES[name], server))))


@dataclass(frozen=True)
class Device:
    """Where samples run: the server, the account's home on it, and a folder with `usr/` in it."""

    server: Server
    home: Directory
    folder: Path

    def run(self, name: str, before: str = "", after: str = "") -> tuple[list[str], Any]:
        """Runs a sample: the lines that it printed, and its value."""
        script = [
            before,
            runnable(name, self.server),
            "value = sample()",
            after,
            "import json",
            "print(json.dumps(value))",
        ]
        *printed, value = run_script("\n".join(script), self.folder).stdout.splitlines()
        return printed, json.loads(value)

    @property
    def unconnected(self) -> str:
        return "from usr.ftplib import FTP\nftp = ftp_obj = FTP()"

    @property
    def connected(self) -> str:
        return f"{self.unconnected}\nftp.connect({self.server.host!r}, {self.server.port})"

    @property
    def logged_in(self) -> str:
        account = f"{self.server.user!r}, {self.server.password!r}"
        return f"{self.connected}\nftp.login({account})\nftp.cwd({self.home.path!r})"

    def file(self, name: str) -> Path:
        return self.folder / "usr" / name


@pytest.fixture
def device(vsftpd: Server, tmp_path: Path) -> Iterator[Device]:
    """A device whose account has the home that the documentation shows, with the files there."""
    (tmp_path / "usr").mkdir()
    home = Directory(vsftpd, "/home/ftpuser").make()
    home.put("FTP-TEST", b"Hello, FTP!\n")
    home.put("system_config.json", b'{"replFlag": 0}\r\n', mode=0o600)
    yield Device(vsftpd, home, tmp_path)
    home.remove()


# The samples


def test_all_are_found() -> None:
    assert " ".join(SAMPLES) == (
        "FTP set_debuglevel connect login nlst dir pwd rename delete mkd cwd quit "
        "retrbinary retrlines storbinary storlines"
    )
    assert all(SAMPLES.values())


def test_only_two_need_indentation() -> None:
    broken = []
    for name, code in SAMPLES.items():
        try:
            compile(as_function(code), name, "exec")
        except IndentationError:
            broken.append(name)
        compile(as_function(with_indented_body(code)), name, "exec")
    assert broken == ["storbinary", "storlines"]


def test_constructor(device: Device) -> None:
    after = "value = [value.welcome, value.pwd()]"
    printed, (welcome, path) = device.run("FTP", after=after)
    assert printed == []
    assert welcome.startswith("220 (vsFTPd")
    assert path == "/"  # which only somebody logged in is told


def test_set_debuglevel(device: Device) -> None:
    printed, value = device.run("set_debuglevel", device.logged_in, "ftp.pwd()")
    assert value is None
    assert printed[0] == "*cmd* 'PWD'"
    assert printed[1].startswith('*resp* \'257 "/home/ftpuser"')


def test_connect(device: Device) -> None:
    printed, greeting = device.run("connect", device.unconnected)
    assert printed == []
    assert re.sub(r"[\d.]+\)", "3.0.3)", greeting) == promised("connect")


def test_login(device: Device) -> None:
    assert device.run("login", device.connected) == ([], promised("login"))


def test_nlst(device: Device) -> None:
    printed, names = device.run("nlst", device.logged_in)
    assert printed == []
    assert sorted(names) == ast.literal_eval(promised("nlst"))


def test_dir(device: Device) -> None:
    printed, lines = device.run("dir", device.logged_in)
    assert printed == lines
    first, second = (line.split() for line in sorted(lines, reverse=True))
    shown = [line[2:].split() for line in SAMPLES["dir"].splitlines()[1:]]
    # Mode, links, size, name; the second line has lost its name. Owners and times are its author's.
    assert [first[n] for n in (0, 1, 4, 8)] == [shown[0][n] for n in (0, 1, 4, 8)]
    assert [second[n] for n in (0, 1, 4)] == [shown[1][n] for n in (0, 1, 4)]
    assert second[8] == "system_config.json"


def test_pwd(device: Device) -> None:
    assert device.run("pwd", device.logged_in) == ([], promised("pwd"))


def test_rename(device: Device) -> None:
    assert device.run("rename", device.logged_in) == ([], promised("rename"))
    assert device.home.names() == ["FTP-TEST", "system.json"]


def test_delete(device: Device) -> None:
    device.home.put("system.json", b"{}")
    assert device.run("delete", device.logged_in) == ([], promised("delete"))
    assert device.home.names() == ["FTP-TEST", "system_config.json"]


def test_mkd(device: Device) -> None:
    assert device.run("mkd", device.logged_in) == ([], promised("mkd"))
    assert (device.home.local / "test_dir").is_dir()


def test_cwd(device: Device) -> None:
    Directory(device.server, promised("mkd")).make()
    after = "value = [value, ftp.pwd()]"
    printed, (reply, path) = device.run("cwd", device.logged_in, after)
    assert printed == []
    assert reply == promised("cwd")
    assert path == promised("mkd")


def test_quit(device: Device) -> None:
    assert device.run("quit", device.logged_in) == ([], promised("quit"))


binary = pytest.mark.parametrize(
    "content",
    [b"", b"\n", bytes(range(256)), b"\r\n\xff\xf4\x00" * 1000, os.urandom(3 << 20 | 17)],
    ids=["empty", "one byte", "every byte", "line ends and telnet", "3 MiB and 17"],
)

text = pytest.mark.parametrize(
    "content",
    [b"", b"one\ntwo\n", b"\n  indented  \n\n\n", "grün 23.5 °C\n".encode(), b"x" * 5000 + b"\n"],
    ids=["empty", "two lines", "blank lines", "umlauts", "long line"],
)


@binary
def test_retrbinary(device: Device, content: bytes) -> None:
    device.home.put("ftp_file.bin", content)
    printed, value = device.run("retrbinary", device.logged_in)
    assert printed == [success("retrbinary", "ftp_file.bin")]
    assert value is True
    assert device.file("ftp_file.bin").read_bytes() == content


@text
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("last", [b"", b"unterminated"], ids=["terminated", "unterminated"])
def test_retrlines(device: Device, content: bytes, last: bytes, end: str) -> None:
    content += last
    device.home.put("ftp_file.txt", content.replace(b"\n", end.encode()))
    printed, value = device.run("retrlines", device.logged_in)
    assert printed == [success("retrlines", "ftp_file.txt")]
    assert value is True
    assert device.file("ftp_file.txt").read_bytes() == content


@binary
def test_storbinary(device: Device, content: bytes) -> None:
    device.file("ftp_file.bin").write_bytes(content)
    printed, value = device.run("storbinary", device.logged_in)
    assert printed == [texts("storbinary")[0], success("storbinary", "ftp_file.bin")]
    assert value is True
    assert device.home.read("ftp_file.bin") == content


@text
def test_storlines(device: Device, content: bytes) -> None:
    device.file("ftp_file.txt").write_bytes(content)
    printed, value = device.run("storlines", device.logged_in)
    assert printed == [texts("storlines")[0], success("storlines", "ftp_file.txt")]
    assert value is True
    # Lines go over the wire with CRLF, which the server may or may not make its own.
    assert device.home.read("ftp_file.txt").replace(b"\r\n", b"\n") == content


# The four with a `return` at their top level, as files that run


def as_chunk(name: str, before: str) -> str:
    """A sample as a script: its body repaired, `ftp` made before it, and nothing else."""
    return before + "\n" + with_indented_body(SAMPLES[name])


@pytest.mark.parametrize("root", [False, True], ids=["here", "in a root"])
@pytest.mark.parametrize("name", ["retrbinary", "retrlines", "storbinary", "storlines"])
def test_samples_with_a_return_run_as_they_stand(device: Device, name: str, root: bool) -> None:
    file = "ftp_file.txt" if name.endswith("lines") else "ftp_file.bin"
    content = b"one\n\ntwo \xff\n" if name.startswith("retr") else b"one\n\ntwo\n"
    printed = [success(name, file)]
    if name.startswith("retr"):
        device.home.put(file, content)
    else:
        device.file(file).write_bytes(content)
        printed.insert(0, texts(name)[0])
    (device.folder / "sample.py").write_text(as_chunk(name, device.logged_in))
    options = ["--root", "."] if root else []
    done = FTPY.run(*options, "sample.py", cwd=device.folder)
    assert done.stdout.splitlines() == printed
    assert device.file(file).read_bytes() == content
    assert device.home.read(file).replace(b"\r\n", b"\n") == content


def test_the_value_of_a_sample_is_its_exit_status(device: Device) -> None:
    # A server's other word for success is what the samples take for a failure.
    before = device.logged_in.replace(
        "\nftp.cwd", "\nftp.retrbinary = lambda *_: '250 Done.'\nftp.cwd"
    )
    (device.folder / "sample.py").write_text(as_chunk("retrbinary", before))
    done = FTPY.run("sample.py", cwd=device.folder, check=False)
    assert (done.returncode, done.stdout) == (1, "Down ftp_file.bin to device falied.\n")


@pytest.mark.parametrize("name", ["storbinary", "storlines"])
def test_upload_of_a_file_that_is_not_there(device: Device, name: str) -> None:
    assert device.run(name, device.logged_in) == ([texts(name)[1]], None)
