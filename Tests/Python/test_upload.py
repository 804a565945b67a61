"""upload(): faults that a scripted server shows."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from conftest import REPOSITORY
from fileserver import Connect, Fault, Files, connecting
from waiting import is_asleep, until

from usr.ftplib import FTP, Error, TransferProgress, error_perm, error_temp

LARGE = os.urandom(3 * 1024 * 1024)
SMALL = os.urandom(100_000)


@pytest.fixture
def connect() -> Iterator[Connect]:
    with connecting() as connect:
        yield connect


@pytest.fixture
def large(tmp_path: Path) -> Path:
    file = tmp_path / "large"
    file.write_bytes(LARGE)
    os.utime(file, (1577934245, 1577934245))
    return file


def test_under_another_name_until_it_is_whole(connect: Connect, large: Path) -> None:
    files = Files({"f": b"old"})
    old: list[bytes] = []

    def look(command: str, files: Files) -> None:
        if command.startswith(("STOR", "RNFR")):
            old.append(files.content["f"])

    files.before = look
    ftp = connect(files)
    result = ftp.upload(large, "f")
    assert files.content == {"f": LARGE}
    assert old == [b"old", b"old"]
    assert (result.size, result.bytes) == (len(LARGE), len(LARGE))
    assert (result.attempts, result.verified) == (1, "size")
    heard: list[str] = ftp.heard  # type: ignore[attr-defined]
    assert [each.split()[0] for each in heard[-3:]] == ["MDTM", "RNFR", "RNTO"]
    assert heard[-3].startswith("MDTM 20200102030405 .f.")


@pytest.mark.parametrize("how", ["reset", "close", "426 Broken off.", "451 Not now.", "421 Bye."])
@pytest.mark.parametrize("after", [0, 1000, 1_500_000])
def test_it_goes_on_behind_what_the_server_has(
    connect: Connect, large: Path, how: str, after: int
) -> None:
    files = Files(faults=[Fault(after, how), Fault(after, how)])
    result = connect(files).upload(large, "d/f")
    assert files.content == {"d/f": LARGE}
    assert result.attempts == 3
    # The server may lose what was under way, as far as buffers reach.
    assert result.size <= result.bytes


@pytest.mark.parametrize("behind", ["taken", "dropped", "refused", "fatal"])
@pytest.mark.parametrize("retries", [0, 5])
def test_what_goes_together(connect: Connect, large: Path, behind: str, retries: int) -> None:
    """All that is asked before, and the end; one by one where the server takes no more."""
    files = Files(behind=behind)
    ftp = connect(files)
    for name in "fg":
        result = ftp.upload(large, name, retries=retries)
        assert (result.attempts, result.verified) == (1, "size")
    assert files.content == {"f": LARGE, "g": LARGE}
    heard: list[str] = ftp.heard  # type: ignore[attr-defined]
    words = [each.split()[0] for each in heard]
    together = ["PASV", "TYPE", "FEAT", "SIZE", "STOR"]
    singly = ["TYPE", "FEAT", "SIZE", "PASV", "STOR"]
    assert words.count("USER") == (1 if behind == "taken" else 2)
    start = len(words) - 1 - words[::-1].index("PASS") + 1
    assert words[start : start + 5] == (together if behind == "taken" else singly)


def test_rest_is_the_last_command_before(connect: Connect, large: Path) -> None:
    files = Files(faults=[Fault(2_000_000, "426 Broken off.")])
    ftp = connect(files)
    assert ftp.upload(large, "f").resumes == 1
    heard: list[str] = ftp.heard  # type: ignore[attr-defined]
    index = heard.index("REST 2000000")
    assert [each.split()[0] for each in heard[index - 3 : index]] == ["PASV", "TYPE", "SIZE"]
    assert heard[index + 1].startswith("STOR .f.")


def test_by_appe_where_there_is_no_rest(connect: Connect, large: Path) -> None:
    files = Files(faults=[Fault(2_000_000, "426 Broken off.")], refusals={"REST": "502 No."})
    ftp = connect(files)
    assert ftp.upload(large, "f").resumes == 1
    assert files.content == {"f": LARGE}
    assert any(each.startswith("APPE .f.") for each in ftp.heard)  # type: ignore[attr-defined]


@pytest.mark.parametrize("refusal", ["502 No.", "451 Append/Restart not permitted, try again."])
def test_from_the_beginning_where_there_is_neither(
    connect: Connect, large: Path, refusal: str
) -> None:
    files = Files(
        faults=[Fault(2_000_000, "426 Broken off.")], refusals={"REST": refusal, "APPE": refusal}
    )
    result = connect(files).upload(large, "f")
    assert files.content == {"f": LARGE}
    assert (result.attempts, result.resumes) == (2, 0)


def test_a_server_that_forgets_rest_is_found_out(connect: Connect, large: Path) -> None:
    files = Files(faults=[Fault(2_000_000, "426 Broken off.")], ignores_rest=True)
    result = connect(files).upload(large, "f")
    assert files.content == {"f": LARGE}
    assert result.attempts == 3


def test_a_later_run_goes_on(connect: Connect, large: Path) -> None:
    files = Files(faults=[Fault(2_000_000, "426 No.")])
    ftp = connect(files)
    with pytest.raises(error_temp, match=r"^426 No\. .*1 attempt"):
        ftp.upload(large, "f", retries=0)
    (part,) = files.content
    assert part.startswith(".f.")
    assert part.endswith(".part")
    result = ftp.upload(large, "f")
    assert files.content == {"f": LARGE}
    assert (result.kept, result.bytes) == (2_000_000, len(LARGE) - 2_000_000)


def test_a_part_of_another_version_is_no_part(connect: Connect, large: Path) -> None:
    files = Files(faults=[Fault(2_000_000, "426 No.")])
    ftp = connect(files)
    with pytest.raises(error_temp):
        ftp.upload(large, "f", retries=0)
    other = os.urandom(len(LARGE))
    large.write_bytes(other)
    result = ftp.upload(large, "f")
    assert files.content["f"] == other
    assert result.kept == 0


def test_no_part_is_left_that_nobody_would_go_on_with(connect: Connect, large: Path) -> None:
    files = Files({"f": b"old"}, faults=[Fault(2_000_000, "426 No.")])
    with pytest.raises(error_temp):
        connect(files).upload(large, "f", retries=0, resume=False)
    assert files.content == {"f": b"old"}


def test_the_reply_to_the_renaming_is_lost(connect: Connect, large: Path) -> None:
    lost: list[str] = []

    def lose(command: str, files: Files) -> None:
        if command.startswith("RNTO") and not lost:
            lost.append(command)
            files.content["f"] = files.content.pop(next(n for n in files.content if "part" in n))
            raise ConnectionError("cut")

    files = Files({"f": b"old"}, before=lose)
    result = connect(files, timeout=2).upload(large, "f")
    assert files.content == {"f": LARGE}
    assert (result.attempts, result.bytes) == (2, len(LARGE))


def test_a_server_that_takes_no_other_name(connect: Connect, large: Path) -> None:
    files = Files({"f": b"old"})

    def forbid(command: str, files: Files) -> None:
        files.refusals = {"STOR": "553 Bad name."} if command.startswith("STOR .") else {}

    files.before = forbid
    assert connect(files).upload(large, "f").attempts == 1
    assert files.content == {"f": LARGE}


@pytest.mark.parametrize("size", [len(LARGE), 1_000_000])
def test_the_old_file_is_no_part_of_the_new_one(connect: Connect, large: Path, size: int) -> None:
    """Where the server takes no other name, and keeps the old file until the new one is whole."""
    files = Files({"f": bytes(size)}, faults=[Fault(1_500_000, "close")], hides=True)

    def refuse(command: str, files: Files) -> None:
        files.refusals = {"STOR": "553 Bad name."} if command.startswith("STOR .") else {}

    files.before = refuse
    result = connect(files).upload(large, "f")
    assert files.content == {"f": LARGE}
    assert (result.attempts, result.resumes) == (2, 0)


def test_a_name_that_is_locked_later_is_given_up(connect: Connect, large: Path) -> None:
    """The session that was lost still has it: the old file is not written for that."""
    files = Files({"f": b"old"}, faults=[Fault(1_500_000, "close")])
    locked: list[str] = []
    names: list[str] = []

    def lock(command: str, files: Files) -> None:
        verb, _, name = command.partition(" ")
        files.refusals = {}
        if verb in ("STOR", "APPE"):
            names.append(name)
            assert files.content["f"] == b"old"
            if name in locked:
                files.refusals = {verb: "550 Used by another process."}
            elif not locked:
                locked.append(name)

    files.before = lock
    result = connect(files).upload(large, "f")
    assert files.content == {"f": LARGE}
    assert (result.attempts, "f" in names, len(set(names))) == (2, False, 2)


def test_what_has_the_files_own_name_is_no_part_before_it_is_begun(
    connect: Connect, large: Path
) -> None:
    """A server that takes no other name, and then fails for once."""
    files = Files({"f": b"old"})
    replies = {"STOR .": ["553 Bad name."], "STOR f": ["425 No connection.", "450 Busy."]}

    def fail(command: str, files: Files) -> None:
        left = next((left for start, left in replies.items() if command.startswith(start)), [])
        files.refusals = {"STOR": left.pop(0)} if left else {}

    files.before = fail
    result = connect(files).upload(large, "f")
    assert (result.attempts, result.kept) == (3, 0)
    assert files.content == {"f": LARGE}


def test_no_room_does_not_touch_the_old_file(connect: Connect, large: Path) -> None:
    files = Files({"f": b"old"}, refusals={"STOR": "552 Disk full."})
    with pytest.raises(error_perm, match=r"^552 Disk full\. "):
        connect(files).upload(large, "f")
    assert files.content == {"f": b"old"}


def test_a_server_that_replaces_nothing(connect: Connect, large: Path) -> None:
    def forbid(command: str, files: Files) -> None:
        exists = command.startswith("RNTO") and "f" in files.content
        files.refusals = {"RNTO": "550 It exists."} if exists else {}

    files = Files({"f": b"old"}, before=forbid)
    connect(files).upload(large, "f")
    assert files.content == {"f": LARGE}


def test_the_old_file_goes_aside_until_the_new_one_is_there(connect: Connect, large: Path) -> None:
    lost: list[str] = []

    def forbid(command: str, files: Files) -> None:
        if b"old" not in files.content.values() and files.content.get("f") != LARGE:
            lost.append(command)
        exists = command.startswith("RNTO") and command[5:] in files.content
        files.refusals = {"RNTO": "550 It exists."} if exists else {}

    files = Files({"f": b"old"}, before=forbid)
    connect(files).upload(large, "f")
    assert files.content == {"f": LARGE}
    assert not lost


def test_a_server_that_renames_nothing(connect: Connect, large: Path) -> None:
    files = Files({"f": b"old"}, refusals={"RNFR": "550 No."})
    deleted: list[str] = []
    files.before = lambda command, _: (
        deleted.append(command) if command.startswith("DELE") else None
    )
    connect(files).upload(large, "f")
    assert files.content == {"f": LARGE}
    assert "DELE f" not in deleted


def test_a_second_upload_that_is_cut_leaves_the_whole_file(connect: Connect, large: Path) -> None:
    files = Files({"f": b"old"}, refusals={"RNFR": "550 No."})

    def cut(command: str, files: Files) -> None:
        if command.startswith("STOR f"):
            files.faults = [Fault(1_000_000, "426 No.")]

    files.before = cut
    with pytest.raises(error_temp, match=r"the server has the whole file as '\.f\..*\.part'"):
        connect(files).upload(large, "f", retries=0)
    (spare,) = [name for name in files.content if name != "f"]
    assert files.content[spare] == LARGE


def test_two_at_once_have_names_of_their_own(connect: Connect, large: Path) -> None:
    """The second begins and ends while the first is at it."""
    files = Files({"f": b"old"})
    ftp = connect(files)
    inner: list[int] = []

    def begin_another(progress: TransferProgress) -> None:
        if progress.done and not inner:
            inner.append(0)
            with FTP(ftp.host, ftp.port, "user", "password", timeout=20) as second:
                inner.append(second.upload(large, "f").attempts)

    result = ftp.upload(large, "f", progress=begin_another)
    assert (result.attempts, result.bytes, inner) == (1, len(LARGE), [0, 1])
    assert files.content == {"f": LARGE}
    heard: list[str] = ftp.heard  # type: ignore[attr-defined]
    stored = [line for line in heard if line.startswith("STOR")]
    assert len(set(stored)) == len(stored) == 2
    # A later run finds the first one's name again.
    ftp.upload(large, "f")
    assert [line for line in heard if line.startswith("STOR")][2] in stored


@pytest.mark.parametrize("moment", ["SIZE", "RNFR"])
@pytest.mark.parametrize("behind", ["taken", "refused"])
@pytest.mark.parametrize("unknown", ["", "SIZE"])
def test_somebody_else_has_given_it_its_name(
    connect: Connect, large: Path, moment: str, behind: str, unknown: str
) -> None:
    """Another run with the same temporary name: the whole file is not written over."""
    moved: list[str] = []

    def move(command: str, files: Files) -> None:
        name = command.partition(" ")[2]
        if command.startswith(moment) and files.content.get(name) == LARGE and not moved:
            moved.append(name)
            files.content["f"] = files.content.pop(name)
        assert not moved or files.content["f"] == LARGE

    refusals = dict.fromkeys(unknown.split(), "502 No.")
    files = Files({"f": b"old"}, before=move, behind=behind, refusals=refusals)
    ftp = connect(files)
    assert ftp.upload(large, "f", retries=0).attempts == 1
    assert moved
    assert files.content == {"f": LARGE}
    assert "STOR f" not in ftp.heard  # type: ignore[attr-defined]


def replaces_nothing(files: Files, command: str) -> bool:
    verb, _, name = command.partition(" ")
    is_taken = verb == "RNTO" and name in files.content
    files.refusals = {"RNTO": "550 It exists."} if is_taken else {}
    return is_taken


@pytest.mark.parametrize("retries", [0, 3])
@pytest.mark.parametrize("verb", ["RNFR f", "RNTO .f."])
@pytest.mark.parametrize("is_done", [False, True])
def test_the_connection_is_lost_while_the_old_file_goes_aside(
    connect: Connect, large: Path, retries: int, verb: str, is_done: bool
) -> None:
    asides: list[str] = []

    def lose(command: str, files: Files) -> None:
        replaces_nothing(files, command)
        if command.startswith(verb) and not asides:
            asides.append(command[5:])
            if is_done and verb == "RNTO .f.":
                files.content[command[5:]] = files.content.pop("f")
            raise ConnectionError("cut")

    files = Files({"f": b"old"}, before=lose)
    ftp = connect(files, timeout=2)
    if retries:
        assert ftp.upload(large, "f", retries=retries).attempts == 2
        assert files.content == {"f": LARGE}
        return
    with pytest.raises(EOFError) as raised:
        ftp.upload(large, "f", retries=retries)
    assert sorted(files.content.values(), key=len) == [b"old", LARGE]
    for name in files.content:
        assert f"'{name}'" in str(raised.value)


def test_the_old_file_goes_back_where_the_new_one_gets_no_name(
    connect: Connect, large: Path
) -> None:
    busy: list[str] = []

    def refuse(command: str, files: Files) -> None:
        if not replaces_nothing(files, command) and command == "RNTO f" and not busy:
            busy.append(command)
            files.refusals = {"RNTO": "450 Busy."}

    files = Files({"f": b"old"}, before=refuse)
    with pytest.raises(error_temp, match=r"^450 Busy\. (?!.*old file)"):
        connect(files).upload(large, "f", retries=0, resume=False)
    assert files.content == {"f": b"old"}


def test_the_hash_is_compared(connect: Connect, large: Path) -> None:
    files = Files({"f": b"old"}, features=("HASH SHA-256*",))
    assert connect(files).upload(large, "f").verified == "hash SHA-256"
    files = Files({"f": b"old"}, features=("HASH SHA-256*",), hash_as=b"x")
    with pytest.raises(Error, match="the content differs"):
        connect(files).upload(large, "f", retries=1)
    assert files.content["f"] == b"old"


def test_a_file_that_changes_meanwhile(connect: Connect, large: Path) -> None:
    new = os.urandom(len(LARGE))

    def change(command: str, _: Files) -> None:
        if command.startswith("STOR") and large.read_bytes() == LARGE:
            large.write_bytes(new)

    files = Files(before=change)
    result = connect(files).upload(large, "f")
    assert files.content["f"] == new
    assert (result.changes, result.attempts) == (1, 2)


def test_file_objects(connect: Connect) -> None:
    files = Files(faults=[Fault(1_000_000, "426 No.")])
    file = io.BytesIO(b"head" + LARGE)
    file.seek(4)
    assert connect(files).upload(file, "f").attempts == 2
    assert files.content == {"f": LARGE}


class ReturnsMore:
    """As the responses of HTTP libraries do that unpack what they read."""

    def __init__(self, blocks: list[bytes]) -> None:
        self.blocks = blocks

    def read(self, _: int) -> bytes:
        return self.blocks.pop(0) if self.blocks else b""


def test_what_read_returns_beyond_what_it_was_asked_for(connect: Connect) -> None:
    files = Files()
    source = ReturnsMore([LARGE[:1_500_000], LARGE[1_500_000:1_500_001], LARGE[1_500_001:]])
    assert connect(files).upload(source, "f").size == len(LARGE)
    assert files.content == {"f": LARGE}


class SaysNotThatItSeeks:
    """As a `mmap` before Python 3.13."""

    def __init__(self, content: bytes) -> None:
        file = io.BytesIO(content)
        (self.read, self.seek, self.tell) = (file.read, file.seek, file.tell)


def test_a_file_need_not_say_that_it_can_go_back(connect: Connect) -> None:
    files = Files(faults=[Fault(1_000_000, "close")])
    assert connect(files).upload(SaysNotThatItSeeks(LARGE), "f").attempts == 2
    assert files.content == {"f": LARGE}


class LiesOfItsPlace(io.BytesIO):
    def tell(self) -> int:
        return 2**63 - 1


def test_a_file_that_stands_where_no_file_can(connect: Connect, tmp_path: Path) -> None:
    """Its size and the place to go back to are sums with what its `tell` says."""
    files = Files(faults=[Fault(1000, "close")])
    with pytest.raises(Error, match=r"has no position \d+ bytes behind its tell\(\)"):
        connect(files).upload(LiesOfItsPlace(LARGE), "f")
    (tmp_path / "small").write_bytes(SMALL)
    with open(tmp_path / "small", "rb") as file:
        file.tell = lambda: -(2**63)  # type: ignore[method-assign]
        assert connect(files).upload(file, "g").size == len(SMALL)


def test_a_pipe_cannot_go_back(connect: Connect) -> None:
    def pipe(content: bytes) -> io.BufferedReader:
        reading, writing = os.pipe()
        with open(writing, "wb") as file:
            file.write(content)
        return open(reading, "rb")

    files = Files()
    with pipe(SMALL[:50_000]) as file:
        assert connect(files).upload(file, "f").size == 50_000
    assert files.content == {"f": SMALL[:50_000]}
    files = Files(faults=[Fault(10, "426 No.")])
    with pipe(SMALL[:50_000]) as file, pytest.raises(Error, match=r"no seek\(\)"):
        connect(files).upload(file, "f")


FROM_PIPE = """
import signal, sys
from usr.ftplib import FTP
signal.signal(signal.SIGUSR1, lambda *_: print("handled", flush=True))
signal.signal(signal.SIGINT, signal.default_int_handler)
ftp = FTP(sys.argv[1], int(sys.argv[2]), "user", "password", timeout=30)
print("ready", flush=True)
try:
    print(ftp.upload(sys.argv[3], "f").size)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@contextmanager
def uploading(connect: Connect, place: Path, files: Files) -> Iterator[subprocess.Popen[str]]:
    """A process that uploads what comes from a pipe, to which nobody writes yet."""
    os.mkfifo(place)
    ftp = connect(files)
    process = subprocess.Popen(
        [sys.executable, "-c", FROM_PIPE, ftp.host, str(ftp.port), str(place)],
        stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    with process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("has_writer", [False, True])
def test_ctrl_c_while_a_pipe_has_nothing(
    connect: Connect, tmp_path: Path, has_writer: bool
) -> None:
    place, files = tmp_path / "pipe", Files()
    with uploading(connect, place, files) as process, ExitStack() as stack:
        if has_writer:
            writer = stack.enter_context(open(place, "wb", buffering=0))
            writer.write(SMALL[:1000])
            until(lambda: SMALL[:1000] in files.content.values())
        until(lambda: is_asleep(str(process.pid)))
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=10)[0] == "interrupted\n"


@pytest.mark.timeout(60)
def test_a_signal_that_is_handled_ends_no_wait_for_a_pipe(connect: Connect, tmp_path: Path) -> None:
    place, files = tmp_path / "pipe", Files()
    with uploading(connect, place, files) as process:
        assert process.stdout
        process.send_signal(signal.SIGUSR1)
        assert process.stdout.readline() == "handled\n"
        with open(place, "wb", buffering=0) as writer:
            writer.write(SMALL[:1000])
            process.send_signal(signal.SIGUSR1)
            assert process.stdout.readline() == "handled\n"
            writer.write(SMALL[1000:2000])
        assert process.communicate(timeout=10)[0] == "2000\n"
    assert files.content == {"f": SMALL[:2000]}


@pytest.mark.parametrize("content", [b"", b"x", SMALL])
def test_sizes(connect: Connect, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s").write_bytes(content)
    files = Files()
    told: list[TransferProgress] = []
    result = connect(files).upload(tmp_path / "s", "f", progress=told.append)
    assert files.content == {"f": content}
    assert result.size == len(content) == told[-1].done == told[-1].total


def test_what_is_not_there(connect: Connect, tmp_path: Path) -> None:
    ftp = connect(Files())
    with pytest.raises(FileNotFoundError, match="nowhere"):
        ftp.upload(tmp_path / "nowhere", "f")
    with pytest.raises(IsADirectoryError):
        ftp.upload(tmp_path, "f")
    with pytest.raises(TypeError, match="open the file in binary mode"):
        ftp.upload(io.StringIO("text"), "f")  # type: ignore[arg-type]
    assert ftp.pwd() == "/place"
