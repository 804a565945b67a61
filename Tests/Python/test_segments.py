"""download(segments=): when the further connections log in, and what becomes of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import REPOSITORY, Conversation, ScriptedServer, Step
from fileserver import Connect, Fault, Files, connecting, serve
from pythons import Python, able
from realservers import running, session
from waiting import is_asleep, until

from usr.ftplib import FTP, Error, TransferProgress, error_perm

MIB = 1 << 20
LARGE = os.urandom(MIB) * 3
LOGIN = ["USER user", "PASS password"]


@pytest.fixture
def connect() -> Iterator[Connect]:
    with connecting() as connect:
        yield connect


def heard(ftp: FTP) -> list[str]:
    words: list[str] = ftp.heard  # type: ignore[attr-defined]
    return words


def segment_threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name.startswith("ftplib-")]


def hold(progress: TransferProgress) -> None:
    """Holds the first connection up, as a slow link does, until the others have begun."""
    if progress.done:
        until(lambda: not segment_threads())


def test_they_log_in_before_the_first_begins(connect: Connect, tmp_path: Path) -> None:
    """The server does not begin until all have logged in."""
    asked: list[str] = []

    def wait(command: str, _: Files) -> None:
        if command == "RETR f" and not asked:
            asked.append(command)
            until(lambda: heard(ftp).count("TYPE I") == 3)
            asked.append("all have logged in")

    ftp = connect(Files({"f": LARGE}, before=wait))
    result = ftp.download("f", tmp_path / "a", segments=3, progress=hold)
    assert asked == ["RETR f", "all have logged in"]
    assert (tmp_path / "a").read_bytes() == LARGE
    assert (result.segments, result.attempts, result.bytes) == (3, 1, len(LARGE))
    # Once for each connection, and the features and facts once.
    words = heard(ftp)
    assert words[2:7] == ["PASV", "TYPE I", "FEAT", "SIZE f", "MDTM f"]
    assert [words.count(each) for each in ("USER user", "TYPE I", "FEAT")] == [3, 3, 1]
    assert words.count("SIZE f") == words.count("MDTM f") == 2
    assert segment_threads() == []


def test_without_verify_nobody_asks_for_features(connect: Connect, tmp_path: Path) -> None:
    ftp = connect(Files({"f": LARGE}))
    ftp.download("f", tmp_path / "a", segments=3, verify=False)
    words = [each for each in heard(ftp) if each in ("FEAT", "SIZE f", "MDTM f")]
    assert words == ["SIZE f", "MDTM f"]
    assert (tmp_path / "a").read_bytes() == LARGE


@pytest.mark.parametrize("size", [0, 10, 2 * MIB - 1])
def test_a_small_file_has_one_connection(connect: Connect, tmp_path: Path, size: int) -> None:
    ftp = connect(Files({"f": LARGE[:size]}))
    result = ftp.download("f", tmp_path / "a", segments=16)
    assert (tmp_path / "a").read_bytes() == LARGE[:size]
    assert (result.segments, result.attempts) == (1, 1)
    assert heard(ftp).count("USER user") == 1


@pytest.mark.parametrize("refusals", [{}, {"SIZE": "502 No."}, {"SIZE": "421 Bye."}])
def test_a_missing_file_has_one_connection(
    connect: Connect, tmp_path: Path, refusals: dict[str, str]
) -> None:
    ftp = connect(Files(refusals=refusals))
    with pytest.raises(Error, match=r"^(421|550)") as raised:
        ftp.download("f", tmp_path / "a", segments=4, retries=0)
    assert isinstance(raised.value, error_perm) == str(raised.value).startswith("550")
    assert heard(ftp).count("USER user") == 1
    assert os.listdir(tmp_path) == []


def test_a_server_that_does_not_tell_the_size(connect: Connect, tmp_path: Path) -> None:
    ftp = connect(Files({"f": LARGE}, features=(), refusals={"SIZE": "502 No."}))
    result = ftp.download("f", tmp_path / "a", segments=4)
    assert (tmp_path / "a").read_bytes() == LARGE
    assert (result.segments, result.attempts, result.verified) == (1, 1, None)
    assert heard(ftp).count("USER user") == 1


def only_first(files: Files, others: Step) -> ScriptedServer:
    return ScriptedServer([serve(files)], [others])


def test_others_that_are_silent_hold_nothing_up(tmp_path: Path) -> None:
    """They are let in by the system, and never greeted."""
    silence = threading.Event()
    with only_first(Files({"f": LARGE}), lambda talk: talk.server.closing.wait(60)) as server:
        ftp = FTP(server.host, server.port, "user", "password", timeout=60)
        threading.Timer(30, silence.set).start()
        result = ftp.download("f", tmp_path / "a", segments=3)
        assert not silence.is_set()
        assert (tmp_path / "a").read_bytes() == LARGE
        assert (result.segments, result.attempts, result.bytes) == (1, 1, len(LARGE))
        # The first goes on behind its own third: that needs no command.
        assert server.heard.count("RETR f") == 1
        assert segment_threads() == []
        ftp.close()


@pytest.mark.parametrize("word", ["421 Too many.", "530 Only one.", "220 Come in."])
def test_others_that_are_refused(tmp_path: Path, word: str) -> None:
    def refuse(talk: Conversation) -> None:
        talk.say(word)
        if word[0] == "2":
            talk.hear()
            talk.say("530 No.")

    with only_first(Files({"f": LARGE}), refuse) as server:
        ftp = FTP(server.host, server.port, "user", "password", timeout=20)
        result = ftp.download("f", tmp_path / "a", segments=3)
        assert (tmp_path / "a").read_bytes() == LARGE
        assert (result.segments, result.attempts) == (1, 1)
        ftp.close()


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("vsftpd", {"VSFTPD_EXTRA": "max_per_ip=1"}),
        ("pureftpd", {"PUREFTPD_ARGS": "-C 1"}),
        ("proftpd", {"PROFTPD_EXTRA": "MaxClientsPerUser 1"}),
    ],
)
def test_a_server_with_room_for_one(name: str, environment: dict[str, str], tmp_path: Path) -> None:
    with running(name, environment=environment) as server, session(server) as ftp:
        file = server.root / "f"
        file.write_bytes(LARGE * 4)
        server.adopt(file)
        result = ftp.download("f", tmp_path / "a", segments=6)
        assert (tmp_path / "a").read_bytes() == LARGE * 4
        assert (result.segments, result.attempts) == (1, 1)
        assert ftp.pwd() == "/"


def test_a_part_goes_on_whether_its_file_is_named_or_not(tmp_path: Path) -> None:
    """`unique` (RFC 3659) is asked for with `verify`: without it size and time tell the file."""

    def stop(progress: TransferProgress) -> None:
        if progress.done > MIB:
            raise LookupError

    with running("pyftpdlib") as server, session(server) as ftp:
        (server.root / "f").write_bytes(LARGE)
        for first, second in ((True, False), (False, True)):
            ftp.close()
            with pytest.raises(LookupError):
                ftp.download("f", tmp_path / "a", verify=first, progress=stop)
            ftp.close()
            result = ftp.download("f", tmp_path / "a", verify=second)
            assert result.kept > MIB
            assert (tmp_path / "a").read_bytes() == LARGE
            (tmp_path / "a").unlink()


SCRIPT = """
import os, signal, sys, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
from usr.ftplib import FTP
ftp = FTP(sys.argv[1], int(sys.argv[2]), "user", "password", timeout=60)
print("moving", flush=True)
before = len(os.listdir("/proc/self/fd"))
try:
    ftp.download("f", sys.argv[3], segments=4)
except KeyboardInterrupt:
    left = [each.name for each in threading.enumerate() if each is not threading.main_thread()]
    print("interrupted", left, len(os.listdir("/proc/self/fd")) - before, flush=True)
"""


@pytest.mark.parametrize("point", ["MDTM f", "RETR f"])
def test_ctrl_c_while_they_log_in(tmp_path: Path, point: str) -> None:
    """The first waits for its facts, or for data; the others for the greeting."""
    reached = threading.Event()

    def note(command: str, _: Files) -> None:
        if command == point:
            reached.set()
            if point == "MDTM f":
                server.closing.wait(60)

    files = Files({"f": LARGE * 2}, before=note, faults=[Fault(MIB, "stall")])
    server = only_first(files, lambda talk: talk.server.closing.wait(60))
    with server:
        with subprocess.Popen(
            [sys.executable, "-c", SCRIPT, server.host, str(server.port), str(tmp_path / "a")],
            stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        ) as process:  # fmt: skip
            assert process.stdout
            assert reached.wait(30)
            until(lambda: is_asleep(str(process.pid)))
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
            process.wait(30)
            assert time.monotonic() - begun < 20
            assert process.stdout.read() == "moving\ninterrupted [] 0\n"
        server.forgive()
    assert set(os.listdir(tmp_path)) <= {".a.part", ".a.part.state"}


JOINING = """
import os, signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from usr.ftplib import FTP

class Slow(FTP):
    def connect(self, *arguments, **keywords):
        if threading.current_thread() is not threading.main_thread():
            os.write(1, b"on its way\\n")
            time.sleep(4)
        return super().connect(*arguments, **keywords)

ftp = Slow(sys.argv[1], int(sys.argv[2]), sys.argv[4], sys.argv[5], timeout=60)
try:
    {call}
except KeyboardInterrupt:
    print([each.name for each in threading.enumerate() if each is not threading.main_thread()])
"""


@pytest.mark.parametrize(
    "call",
    [
        "ftp.download('f', sys.argv[3] + '/a', segments=3)",
        "ftp.download_tree('/', sys.argv[3] + '/t', connections=3)",
    ],
    ids=["segments", "tree"],
)
@pytest.mark.parametrize("python", able(), ids=str)
def test_ctrl_c_while_their_threads_are_waited_for(
    tmp_path: Path, call: str, python: Python
) -> None:
    """Python 3.11 and 3.12 then take a thread for one that has ended, and go on without it."""
    with running("pyftpdlib") as server:
        for name in "fgh":
            (server.root / name).write_bytes(LARGE)
        program = [str(python.program), "-c", JOINING.format(call=call)]
        account = [server.user, server.password]
        with subprocess.Popen(
            [*program, server.host, str(server.port), str(tmp_path), *account],
            stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        ) as process:  # fmt: skip
            assert process.stdout
            assert process.stdout.readline() == "on its way\n"
            time.sleep(2)
            process.send_signal(signal.SIGINT)
            said = process.stdout.read()
        assert process.returncode == 0
        assert said.splitlines()[-1] == "[]"


def test_they_begin_at_once_where_the_server_is_far_away(tmp_path: Path) -> None:
    """Though the first one would be at it for less than two seconds: it takes several ways there
    and back until it has gathered its speed."""
    relay, limit = __import__("relay"), {"VSFTPD_EXTRA": "local_max_rate=10000000"}
    with (
        running("vsftpd", environment=limit) as server,
        relay.Relay(server.host, server.port, delay=0.03) as link,
        FTP(link.host, link.port, server.user, server.password, timeout=20) as ftp,
    ):
        (server.root / "f").write_bytes(LARGE * 5)
        result = ftp.download("f", tmp_path / "f", segments=4, verify=False)
        assert (tmp_path / "f").read_bytes() == LARGE * 5
    assert result.segments > 1


KILLED = """
import os, sys
from usr.ftplib import FTP

def progress(report):
    if report.done > 4 << 20:
        os._exit(9)

ftp = FTP(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], timeout=20)
ftp.download("f", sys.argv[5], segments=4, progress=progress)
"""


@pytest.mark.parametrize("segments", [1, 4])
def test_a_part_with_holes_is_no_part_in_order(tmp_path: Path, segments: int) -> None:
    """The process is killed before it has noted what is in place."""
    relay, limit = __import__("relay"), {"VSFTPD_EXTRA": "local_max_rate=10000000"}
    with (
        running("vsftpd", environment=limit) as server,
        relay.Relay(server.host, server.port, delay=0.03) as link,
    ):
        (server.root / "f").write_bytes(LARGE * 5)
        own = [link.host, str(link.port), server.user, server.password, str(tmp_path / "f")]
        child = subprocess.run(
            [sys.executable, "-c", KILLED, *own], env=os.environ | {"PYTHONPATH": str(REPOSITORY)}
        )
        assert child.returncode == 9
        part = (tmp_path / ".f.part").read_bytes()
        assert part != (LARGE * 5)[: len(part)], "it has no holes"
        with FTP(link.host, link.port, server.user, server.password, timeout=20) as ftp:
            ftp.download("f", tmp_path / "f", segments=segments)
        assert (tmp_path / "f").read_bytes() == LARGE * 5


STALLED = """
import sys
from usr.ftplib import FTP
ftp = FTP(sys.argv[1], int(sys.argv[2]), "user", "password", timeout=30)
ftp.download("f", sys.argv[3], segments=3)
"""


@pytest.mark.timeout(60)
def test_a_killed_run_leaves_what_it_has(connect: Connect, tmp_path: Path) -> None:
    """Everything but the last seconds, without a word from the one that ends."""
    files = Files({"f": LARGE}, faults=[Fault(MIB // 2, "stall") for _ in range(3)])
    ftp = connect(files)
    with subprocess.Popen(
        [sys.executable, "-c", STALLED, ftp.host, str(ftp.port), str(tmp_path / "a")],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    ) as process:
        state = tmp_path / ".a.part.state"
        try:
            until(lambda: state.exists() and "-" in state.read_text().split("\n")[3])
        finally:
            process.kill()
    result = ftp.download("f", tmp_path / "a", segments=3)
    assert (tmp_path / "a").read_bytes() == LARGE
    assert result.kept >= MIB // 2
