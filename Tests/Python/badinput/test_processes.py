"""Signals, forks, exits and threads at random points of transfers with real servers.

Each round is a process of its own, which must end in time, and in the way that Python has for it.
BAD_INPUT_ROUNDS
makes more of them than the two of a short run.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import FTPY, REPOSITORY
from pythons import able
from realservers import running

if TYPE_CHECKING:
    from conftest import Server

ROUNDS = int(os.environ.get("BAD_INPUT_ROUNDS", "2"))
PROGRAMS = {str(python): python.program for python in able()} | {"ftpy": FTPY.program}

BEGIN = """
import atexit, faulthandler, io, os, random, signal, sys, threading, time
from usr.ftplib import FTP, all_errors

HOST, PORT, USER, PASSWORD, SEED = sys.argv[1], int(sys.argv[2]), *sys.argv[3:]
chance = random.Random(int(SEED))
faulthandler.enable()
signal.signal(signal.SIGINT, signal.default_int_handler)
PAUSE = chance.random() * 0.15
CONTENT = bytes(range(256)) * 4000

def log_in():
    return FTP(HOST, PORT, USER, PASSWORD, timeout=20)

def transfers(ftp, name, callback=None, count=10_000):
    for _ in range(count):
        blocks = []
        ftp.storbinary("STOR " + name, io.BytesIO(CONTENT), 10_000)
        ftp.retrbinary("RETR " + name, callback or blocks.append, 10_000)
        assert callback or b"".join(blocks) == CONTENT
        ftp.retrlines("LIST", blocks.append)

def quietly(call, *arguments):
    try:
        call(*arguments)
    except all_errors:
        pass

NAME = f"file-{os.getpid()}"
ftp = log_in()
"""

SCENARIOS: dict[str, tuple[signal.Signals | None, set[int], str]] = {
    "SIGINT": (
        signal.SIGINT,
        {0},
        """
try:
    print("begun", flush=True)
    transfers(ftp, NAME)
except KeyboardInterrupt:
    pass
# In step again, or with an exception that says "connect again".
try:
    assert ftp.pwd() == "/", ftp.lastresp
    transfers(ftp, NAME, count=1)
except all_errors as error:
    assert "connect again" in str(error), error
ftp.close()
""",
    ),
    "SIGINT, uncaught": (
        signal.SIGINT,
        {-signal.SIGINT, 128 + signal.SIGINT, 1},
        """
print("begun", flush=True)
transfers(ftp, NAME)
""",
    ),
    "SIGTERM": (
        signal.SIGTERM,
        {-signal.SIGTERM},
        """
print("begun", flush=True)
transfers(ftp, NAME)
""",
    ),
    "SIGTERM, a handler that exits": (
        signal.SIGTERM,
        {7},
        """
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
print("begun", flush=True)
transfers(ftp, NAME)
""",
    ),
    "exit in a callback": (
        None,
        {7},
        """
def callback(block):
    if chance.random() < 0.02:
        sys.exit(7)
transfers(ftp, NAME, callback)
""",
    ),
    "a daemon thread at the end": (
        None,
        {0},
        """
threading.Thread(target=quietly, args=[transfers, ftp, NAME], daemon=True).start()
time.sleep(PAUSE)
""",
    ),
    "daemon threads and atexit": (
        None,
        {0},
        """
atexit.register(ftp.close)
second = log_in()
atexit.register(quietly, second.quit)
for each, name in ((ftp, NAME), (second, NAME + "b")):
    threading.Thread(target=quietly, args=[transfers, each, name], daemon=True).start()
time.sleep(PAUSE)
""",
    ),
    "a daemon thread, SystemExit": (
        None,
        {7},
        """
threading.Thread(target=quietly, args=[transfers, ftp, NAME], daemon=True).start()
time.sleep(PAUSE)
sys.exit(7)
""",
    ),
    "fork beside a transfer": (
        None,
        {0},
        """
thread = threading.Thread(target=transfers, args=[ftp, NAME, None, 6])
thread.start()
while thread.is_alive():
    time.sleep(PAUSE / 10)
    child = os.fork()
    if child == 0:
        quietly(ftp.close)
        if chance.random() < 0.5:
            os._exit(0)
        # The whole end of an interpreter, in a process that has one thread of two.
        sys.exit(0)
    assert os.waitpid(child, 0)[1] == 0
    chance.random()
thread.join()
print(ftp.pwd())
""",
    ),
    "fork in a callback": (
        None,
        {0},
        """
def callback(block):
    if chance.random() < 0.05:
        child = os.fork()
        if child == 0:
            ftp.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
transfers(ftp, NAME, callback, 4)
assert ftp.pwd() == "/"
""",
    ),
    "threads that share an object": (
        None,
        {0},
        """
sys.setswitchinterval(1e-5)
end = time.monotonic() + 0.5
unexpected = []
def fight(seed):
    mine = random.Random(seed)
    calls = [
        lambda: ftp.pwd(), lambda: ftp.nlst(), lambda: ftp.listdir(), lambda: ftp.size(NAME),
        lambda: ftp.retrbinary("RETR " + NAME, len), lambda: ftp.abort(), lambda: ftp.close(),
        lambda: ftp.connect(HOST, PORT), lambda: ftp.login(USER, PASSWORD), lambda: ftp.getline(),
        lambda: ftp.storbinary("STOR " + NAME, io.BytesIO(CONTENT)), lambda: list(ftp.mlsd()),
        lambda: setattr(ftp, "sock", None), lambda: setattr(ftp, "file", None), lambda: ftp.quit(),
        lambda: ftp.ntransfercmd("RETR " + NAME)[0].close(), lambda: ftp.makeport().close(),
    ]
    while time.monotonic() < end:
        try:
            mine.choice(calls)()
        # A name or a number from somebody else's reply is a ValueError.
        except (*all_errors, ValueError):
            pass
        except BaseException as error:
            unexpected.append(repr(error))
ftp.timeout = 1
ftp.sock.settimeout(1)
threads = [threading.Thread(target=fight, args=[chance.random()]) for _ in range(6)]
for thread in threads:
    thread.start()
time.sleep(PAUSE)
ftp.close()
for thread in threads:
    thread.join(30)
assert not any(thread.is_alive() for thread in threads)
assert not unexpected, unexpected
ftp.close()
with log_in() as ftp:
    assert ftp.pwd() == "/"
""",
    ),
}


@pytest.fixture(scope="module", params=["vsftpd", "pyftpdlib"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with running(request.param) as server:
        yield server


ended: Counter[str] = Counter()


@pytest.mark.timeout(60 + ROUNDS * 60)
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_process_ends_as_python_has_it(
    server: Server, tmp_path: Path, program: str, scenario: str
) -> None:
    sent, expected, source = SCENARIOS[scenario]
    script = tmp_path / "script.py"
    script.write_text(BEGIN + source, encoding="utf-8")
    seeds = random.Random() if ROUNDS > 2 else random.Random(f"{program} {scenario}")
    for _ in range(ROUNDS):
        seed = str(seeds.randrange(1 << 30))
        arguments = (server.host, str(server.port), server.user, server.password, seed)
        with subprocess.Popen(
            [PROGRAMS[program], "-W", "ignore", script, *arguments],
            env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as child:
            try:
                if sent is not None:
                    assert child.stdout
                    assert child.stdout.readline() == "begun\n"
                    time.sleep(seeds.random() * 0.2)
                    child.send_signal(sent)
                _, said = child.communicate(timeout=50)
            except BaseException:
                child.kill()
                raise
        assert child.returncode in expected, f"seed {seed}: {child.returncode}\n{said[-3000:]}"
        ended[scenario] += 1
