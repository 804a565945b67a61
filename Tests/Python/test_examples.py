"""Every example runs in ftpy and in python3 against vsftpd, and prints exactly what it promises."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from textwrap import dedent

import pytest
from conftest import DOCUMENTATION, EXAMPLES, FTPY, Directory, Interpreter, Server

SECTIONS = {
    "FTP": "constructor",
    "set_debuglevel": "set_debuglevel",
    "connect": "connect",
    "login": "login",
    "nlst": "nlst",
    "dir": "dir",
    "pwd": "pwd",
    "rename": "rename",
    "delete": "delete",
    "mkd": "mkd",
    "cwd": "cwd",
    "quit": "quit",
    "retrbinary": "retrbinary",
    "retrlines": "retrlines",
    "storbinary": "storbinary",
    "storlines": "storlines",
}
"""What the documentation has a section on, and the example for it."""

PRINTED = {
    "constructor": """
        no host: welcome is None
        host: 220 (vsFTPd 3.0.3)
        host and user: logged in, current directory /
        """,
    "set_debuglevel": r"""
        level 1: each command with its reply, passwords hidden
        *cmd* 'USER ftpuser'
        *resp* '331 Please specify the password.'
        *cmd* 'PASS ********'
        *resp* '230 Login successful.'
        level 2: also each line as it goes over the wire
        *cmd* 'TYPE I'
        *put* 'TYPE I\r\n'
        *get* '200 Switching to Binary mode.\n'
        *resp* '200 Switching to Binary mode.'
        level 0: nothing
        """,
    "connect": """
        220 (vsFTPd 3.0.3)
        127.0.0.1 is ready for a login
        """,
    "login": """
        230 Login successful.
        logged in as ftpuser
        """,
    "nlst": """
        FTP-TEST
        logs
        system_config.json
        3 names in /home/ftpuser
        nlst('.') and nlst(['.']) are the same
        """,
    "dir": """
        -rw-r--r-- 1 user group 12 Jul 26 10:07 FTP-TEST
        drwxr-xr-x 2 user group 4096 Jul 26 10:07 logs
        -rw------- 1 user group 17 Jul 26 10:07 system_config.json
        3 lines for /home/ftpuser
        1 of them directories
        """,
    "pwd": """
        after the login: /
        after cwd: /home/ftpuser
        """,
    "rename": """
        ['config.new']
        250 Rename successful.
        ['config.json']
        """,
    "delete": """
        ['new.log', 'old.log']
        250 Delete operation successful.
        ['new.log']
        a second time: 550 Delete operation failed.
        """,
    "mkd": """
        /home/ftpuser/example/logs
        /home/ftpuser/example/logs/2024
        ['logs']
        """,
    "cwd": """
        250 Directory successfully changed.
        now in /home/ftpuser/example/logs
        one up: /home/ftpuser/example
        nowhere: 550 Failed to change directory.
        """,
    "quit": """
        221 Goodbye.
        closed by agreement
        220 (vsFTPd 3.0.3)
        """,
    "retrbinary": """
        226 Transfer complete.
        usr/firmware.bin: 262144 bytes
        the same in blocks of 4096 bytes at most
        """,
    "retrlines": """
        226 Transfer complete.
        usr/station.log: 3 lines
        ['08:00 started', '08:05 23.5 °C', '08:10 23.7 °C']
        08:00 started
        08:05 23.5 °C
        08:10 23.7 °C
        """,
    "storbinary": """
        226 Transfer complete.
        photo.bin: 262144 bytes on the server
        """,
    "storlines": """
        226 Transfer complete.
        temperature 23.5
        humidity 41
        """,
    "mirror": """
        config.json: 2 bytes, 226 Transfer complete.
        station.log: 14 bytes, 226 Transfer complete.
        config.json: unchanged
        station.log: 27 bytes, 226 Transfer complete.
        """,
    "firmware": """
        2097152 bytes, 1 attempt, checked by size
        from 0 to 2097152
        2097152 bytes again
        error_perm; still 2097152 bytes
        """,
    "logs": """
        now.log: 25 bytes
        2 files: ['old/yesterday.log', 'today.log']
        1 has grown, 1 is as it was
        """,
    "folder": """
        3 files, 1 directory
        again: 3 unchanged
        would delete notes.txt
        1 deleted: ['config.json', 'music']
        """,
    "tour": """
        >>> ftp = FTP()
        >>> ftp.connect(host='127.0.0.1', port=2121)
        220 (vsFTPd 3.0.3)
        >>> ftp.login(user='ftpuser', passwd='********')
        230 Login successful.

        # Where are we?
        >>> ftp.pwd()
        /home/ftpuser/example
        >>> ftp.mkd('/home/ftpuser/example/station')
        /home/ftpuser/example/station
        >>> ftp.cwd('/home/ftpuser/example/station')
        250 Directory successfully changed.

        # Two files of the user partition go up: one as it is, one as text.
        >>> ftp.storbinary('STOR photo.bin', open('usr/photo.bin', 'rb'))
        226 Transfer complete.
        >>> ftp.storlines('STOR notes.txt', open('usr/notes.txt', 'rb'))
        226 Transfer complete.
        >>> ftp.nlst()
        ['notes.txt', 'photo.bin']
        >>> ftp.dir()
        -rw-r--r-- 1 user group 47 Jul 26 10:07 notes.txt
        -rw-r--r-- 1 user group 262144 Jul 26 10:07 photo.bin

        # They come back under other names.
        >>> ftp.rename('photo.bin', 'picture.bin')
        250 Rename successful.
        >>> ftp.retrbinary('RETR picture.bin', open('usr/picture.bin', 'wb').write)
        226 Transfer complete.
        >>> ftp.retrlines('RETR notes.txt', open('usr/copy.txt', 'wb').write)
        226 Transfer complete.
        What came down is what went up.

        # Each command with its reply, for once.
        >>> ftp.set_debuglevel(1)
        >>> ftp.cwd('..')
        *cmd* 'CDUP'
        *resp* '250 Directory successfully changed.'
        250 Directory successfully changed.
        >>> ftp.set_debuglevel(0)

        # Nothing is left behind.
        >>> ftp.delete('/home/ftpuser/example/station/picture.bin')
        250 Delete operation successful.
        >>> ftp.nlst('station')
        ['station/notes.txt']
        >>> ftp.delete('/home/ftpuser/example/station/notes.txt')
        250 Delete operation successful.
        >>> ftp.quit()
        221 Goodbye.
        """,
}
"""What each example prints on the demo server, listings as `as_documented` makes them."""

LISTED = re.compile(
    r"^([-dl][-rwxsStT]{9}) +(\d+) +\S+ +\S+ +(\d+) [A-Z][a-z]{2} +\d+ +[\d:]+ ", re.MULTILINE
)


def listed(line: re.Match[str]) -> str:
    """A line of a listing, without what differs from one machine to the next."""
    mode, links, size = line.groups()
    if mode.startswith("d"):  # the file system's own ideas
        links, size = "2", "4096"
    return f"{mode} {links} user group {size} Jul 26 10:07 "


def as_documented(output: str, server: Server, directory: Directory) -> str:
    """The output with the names, numbers and dates of the demo server in place of this run's."""
    output = output.replace(directory.path, "/home/ftpuser")
    output = output.replace(f"port={server.port}", "port=2121").replace(server.host, "127.0.0.1")
    output = re.sub(r"\(vsFTPd [\d.]+\)", "(vsFTPd 3.0.3)", output)
    output = re.sub(r"'PASS \*+'", "'PASS ********'", output)
    return LISTED.sub(listed, output)


def options(server: Server, directory: Directory) -> list[str]:
    return [
        f"--host={server.host}",
        f"--port={server.port}",
        f"--user={server.user}",
        f"--password={server.password}",
        f"--directory={directory.path}",
    ]


@pytest.mark.parametrize("example", PRINTED)
def test_prints_what_it_promises(
    example: str, interpreter: Interpreter, vsftpd: Server, directory: Directory, tmp_path: Path
) -> None:
    directory.put("FTP-TEST", b"Hello, FTP!\n")
    directory.put("system_config.json", b'{"replFlag": 0}\r\n', mode=0o600)
    Directory(vsftpd, directory.path + "/logs").make()
    before = directory.names()

    script = EXAMPLES / f"{example}.py"
    done = interpreter.run(script, *options(vsftpd, directory), cwd=tmp_path)

    assert as_documented(done.stdout, vsftpd, directory) == dedent(PRINTED[example]).lstrip("\n")
    assert done.stderr == ""
    assert directory.names() == before, "something is left on the server"
    assert {entry.name for entry in tmp_path.iterdir()} <= {"usr"}, "local files belong in usr/"


def test_options_come_before_environment(
    interpreter: Interpreter, vsftpd: Server, directory: Directory, tmp_path: Path
) -> None:
    environment = {
        "FTP_HOST": vsftpd.host,
        "FTP_PORT": str(vsftpd.port),
        "FTP_USER": vsftpd.user,
        "FTP_PASSWORD": "not the password",
        "FTP_DIRECTORY": directory.path,
    }
    login = EXAMPLES / "login.py"
    refused = interpreter.run(login, cwd=tmp_path, environment=environment, check=False)
    assert refused.returncode == 1
    assert refused.stderr == f"{vsftpd.user} may not log in: 530 Login incorrect.\n"

    pwd = EXAMPLES / "pwd.py"
    done = interpreter.run(
        pwd, "--password", vsftpd.password, cwd=tmp_path, environment=environment
    )
    assert done.stdout == f"after the login: /\nafter cwd: {directory.path}\n"


def test_help_tells_what_the_example_shows(tmp_path: Path) -> None:
    done = FTPY.run(EXAMPLES / "mkd.py", "--help", cwd=tmp_path)
    assert "mkd: makes a directory on the server and returns its path." in done.stdout
    assert "--directory" in done.stdout


@pytest.mark.parametrize(("name", "example"), SECTIONS.items())
def test_each_section_has_its_example(name: str, example: str) -> None:
    assert name in names_used(EXAMPLES / f"{example}.py")
    assert name in names_used(EXAMPLES / "tour.py")


def test_sections_are_those_of_the_documentation() -> None:
    if not DOCUMENTATION.exists():
        pytest.skip(f"no {DOCUMENTATION}")
    text = DOCUMENTATION.read_text(encoding="utf-8")
    assert re.findall(r"^ftp(?:lib)?\.(\w+)\s*$", text, re.MULTILINE) == list(SECTIONS)


def test_each_example_is_tested() -> None:
    scripts = {script.stem for script in EXAMPLES.glob("*.py")}
    more = {"firmware", "folder", "logs", "mirror", "tour"}
    # test_progress.py runs those that need a package of PyPI's.
    others = {"progress_rich", "progress_tqdm"}
    assert scripts - {"server"} - others == set(PRINTED) == {*SECTIONS.values(), *more}


def names_used(script: Path) -> set[str]:
    """The names and attributes in a script."""
    nodes = list(ast.walk(ast.parse(script.read_text(encoding="utf-8"))))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}
