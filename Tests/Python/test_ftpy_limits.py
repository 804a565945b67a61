"""`ftpy -X heapsize=` and `-X timeout=`: what a run may take, and what happens beyond."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pexpect
import pytest
from conftest import FTPY, LOGIN, Directory, ScriptedServer, Server, answer, passive, send, stall

# Memory

GROWTH = {
    "list": "a = []\nwhile True: a.append(0)",
    "str": "a = 'x'\nwhile True: a += a",
    "dict": "a = {}\nwhile True: a[len(a)] = len(a)",
    "bytearray": "a = bytearray()\nwhile True: a += b'abcdef'",
    "small objects": "a = None\nwhile True: a = (a,)",
    "objects": "class A: pass\na = A()\nwhile True: b = A(); b.next = a; a = b",
    "recursion": "import sys\nsys.setrecursionlimit(10**7)\ndef f(n): return f(n + 1) + 1\nf(0)",
    "thread": "import threading\nfailed = []\n"
    "def work():\n    try:\n        a = None\n        while True: a = (a,)\n"
    "    except MemoryError: failed.append(1)\n"
    "t = threading.Thread(target=work); t.start(); t.join()\n"
    "if failed: raise MemoryError",
}


def indented(code: str) -> str:
    return "".join(f"    {line}\n" for line in code.splitlines())


@pytest.mark.parametrize("size", ["64K", "512K", "4M"])
@pytest.mark.parametrize("growth", GROWTH.values(), ids=GROWTH)
def test_what_grows_ends_in_memory_error_and_the_run_goes_on(
    growth: str, size: str, tmp_path: Path
) -> None:
    code = (
        f"from _ftpy import program\ndef grow():\n{indented(growth)}\n"
        "for n in range(3):\n    try: grow()\n    except MemoryError: print('caught', n)\n"
        "print('left', program.memory_used() < program.memory_limit / 2, [1] * 1000 != [])\n"
    )
    done = FTPY.run("-X", f"heapsize={size}", "-c", code, cwd=tmp_path)
    assert done.stdout == "caught 0\ncaught 1\ncaught 2\nleft True True\n"
    assert done.stderr == ""


@pytest.mark.parametrize("size", ["16K", "64K", "1M"])
def test_handlers_that_call_on_and_on_do_not_end_the_process(size: str) -> None:
    """They go on for ever, as in Python; each keeps an exception alive, whose memory runs out."""
    source = "def f():\n    try: f()\n    except Exception: f()\nf()"
    done = FTPY.run("-X", f"heapsize={size}", "-X", "timeout=2", "-c", source, check=False)
    assert "Fatal" not in done.stderr
    assert done.returncode == 124


@pytest.mark.parametrize(
    "arguments",
    [["-c", "a = [0] * 10**6"], ["script.py"], ["-m", "script"], ["-"]],
    ids=["-c", "script", "-m", "-"],
)
def test_an_uncaught_one_is_status_1(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("a = [0] * 10**6")
    command = ["-X", "heapsize=512K", *arguments]
    done = FTPY.run(*command, stdin="a = [0] * 10**6", cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("\nMemoryError\n")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("65536", 65536),
        ("64K", 65536),
        ("64k", 65536),
        ("1M", 1 << 20),
        ("64wK", 131072),
        ("32768w", 65536),
    ],
)
def test_sizes(text: str, size: int, tmp_path: Path) -> None:
    code = (
        "from _ftpy import program; import sys; "
        "print(program.memory_limit, program.memory_used() < 4096, sys._xoptions['heapsize'])"
    )
    expected = f"{size} True {text}\n"
    assert FTPY.run("-X", f"heapsize={text}", "-c", code, cwd=tmp_path).stdout == expected
    assert FTPY.run(f"-qXheapsize={text}", "-c", code, cwd=tmp_path).stdout == expected


@pytest.mark.parametrize(
    "option",
    [
        *("heapsize", "heapsize=", "heapsize=K", "heapsize=12Q", "heapsize=-1", "heapsize=1.5M"),
        *("heapsize=1K", "heapsize=99999999999999999999", "heapsize=9999999999999999M"),
        *("timeout", "timeout=", "timeout=soon", "timeout=0", "timeout=-1", "timeout=inf"),
    ],
)
def test_a_wrong_value_is_status_2(option: str, tmp_path: Path) -> None:
    done = FTPY.run("-X", option, "-c", "print('not run')", cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"ftpy: -X {option.partition('=')[0]}=")


def test_without_the_option_there_is_no_limit(tmp_path: Path) -> None:
    code = "from _ftpy import program; print(program.memory_limit, program.memory_used())"
    assert FTPY.run("-c", code, cwd=tmp_path).stdout == "None 0\n"
    done = FTPY.run("-c", code, "-X", "heapsize=bad", "--progress", cwd=tmp_path)
    assert done.stdout == "None 0\n", "a script's own arguments"


def test_garbage_does_not_count(tmp_path: Path) -> None:
    code = """
class Node:
    def __init__(self):
        self.itself = self
        self.data = bytearray(2000)
for _ in range(5000):
    Node()
print("done")
"""
    assert FTPY.run("-X", "heapsize=512K", "-c", code, cwd=tmp_path).stdout == "done\n"


def test_what_the_compiler_takes_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "imported.py").write_text("x = 1\n" * 100)
    code = "import imported; exec('y = 2\\n' * 100); print(imported.x, y, eval('1 + 1'))"
    for size in ("64K", "128K"):
        done = FTPY.run("-X", f"heapsize={size}", "-c", code, cwd=tmp_path)
        assert done.stdout == "1 2 2\n"


def test_what_the_compiler_takes_does_not_count_in_a_thread(tmp_path: Path) -> None:
    functions = (f"def f{n}(a, b):\n    return [a, b, {n}, str(a)]\n" for n in range(60))
    (tmp_path / "imported.py").write_text("".join(functions))
    code = "import _thread\ndef work():\n    import imported; print(imported.f59(1, 2))\n"
    code += "_thread.start_new_thread(work, ())"  # which a root waits for
    done = FTPY.run("--root", tmp_path, "-X", "heapsize=512K", "-c", code)
    assert (done.stdout, done.stderr) == ("[1, 2, 59, '1']\n", "")


THREAD_THAT_GROWS = """
import _thread, utime
def grow():
    utime.sleep_ms(300)
    try:
        blocks = [bytearray(100_000) for _ in range(100)]
        print('no limit')
    except MemoryError:
        print('too much')
_thread.start_new_thread(grow, ())
"""


def test_the_limit_counts_for_threads_that_outlive_the_script(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(THREAD_THAT_GROWS + "raise ValueError('main ends')")
    limit = ("-X", "heapsize=1M", "--root", tmp_path)
    done = FTPY.run(*limit, tmp_path / "script.py", check=False)
    assert done.stdout == "too much\n"
    assert "ValueError: main ends" in done.stderr


def test_the_limit_counts_for_threads_while_the_prompt_waits(tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/main.py").write_text(THREAD_THAT_GROWS)
    command = ["--root", str(tmp_path), "--boot", "-X", "heapsize=1M"]
    prompt = pexpect.spawn(str(FTPY.program), command, timeout=20)
    prompt.expect_exact(">>> ")
    assert prompt.expect_exact(["too much", "no limit"]) == 0
    prompt.close(force=True)


def test_threads_that_go_on_and_on_reach_their_handlers(tmp_path: Path) -> None:
    """On the way to one 3.11 makes an int, again and again until it gets it."""
    code = """
import _thread, utime
end = utime.ticks_add(utime.ticks_ms(), 2000)
def hog(n):
    while utime.ticks_diff(end, utime.ticks_ms()) > 0:
        try:
            if n % 2: exec('z = [%s]' % ','.join(map(str, range(20000))))
            a = [[str(i)] for i in range(10**9)]
        except (MemoryError, RecursionError): pass
        a = None
        n += 1
for n in range(3): _thread.start_new_thread(hog, (n,))
utime.sleep(3)
print('there')
"""
    for _ in range(2):
        options = ("-X", "heapsize=2M", "-X", "timeout=10")
        assert "there\n" in FTPY.run(*options, "-c", code, cwd=tmp_path, check=False).stdout


def test_a_traceback_is_whole_when_memory_is_not_there(tmp_path: Path) -> None:
    code = """
kept = []
def grow():
    while True: kept.append(b"x" * 1000)
for n in range(6):
    try: grow()
    except MemoryError: pass
grow()
"""
    (tmp_path / "script.py").write_text(code)
    done = FTPY.run("-X", "heapsize=256K", "script.py", cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert "\n    grow()\n" in done.stderr
    assert done.stderr.endswith("\nMemoryError\n")


def test_it_is_raised_once(tmp_path: Path) -> None:
    code = """
kept = []
try: kept.extend(map(bytearray, [4096] * 999))
except MemoryError: print("caught")
print(len(kept) > 60)
"""
    done = FTPY.run("-X", "heapsize=256K", "-c", code, cwd=tmp_path)
    assert done.stdout == "caught\nTrue\n"


def test_a_handler_can_work(tmp_path: Path) -> None:
    code = """
import sys
kept = []
def fill():
    while True: kept.append((len(kept),))
try:
    fill()
except MemoryError:
    print("no memory after", len(kept) > 1000, {"a": [1, 2]}, "%05d" % 7)
    del kept[:]
kept.extend(range(1000))
print(len(kept))
"""
    done = FTPY.run("-X", "heapsize=512K", "-c", code, cwd=tmp_path)
    assert done.stdout == "no memory after True {'a': [1, 2]} 00007\n1000\n"


#: Everything that a script may do when memory ends: it may fail, and that is all.
EVERYTHING = """
import json, re, threading
def parse():
    text = json.dumps([{"n": i, "words": ["a%d" % i] * 5} for i in range(300)])
    json.loads(text)
def chain():
    x = None
    for i in range(50000): x = (x,)
def form(): "".join("{:>10}|{!r}".format(i, [i]) for i in range(3000))
def fail():
    try: raise ValueError("x" * 100)
    except ValueError as e:
        try: raise KeyError(1) from e
        except KeyError: pass
class Node:
    def __init__(self): self.me = self; self.data = bytearray(500)
def cycles():
    for i in range(1000): Node()
def compiling(): eval(compile("[" + ",".join(["1"] * 2000) + "]", "x", "eval"))
def expression(): re.findall(r"(\\w+)\\s(\\d+)", "word 12 " * 1000)
def threads():
    def work():
        try: sum(len(str(i)) for i in list(range(3000)))
        except MemoryError: pass
    ts = [threading.Thread(target=work) for _ in range(4)]
    for t in ts: t.start()
    for t in ts: t.join()
def recursion(n=0): return recursion(n + 1) if n < 900 else n
def stubborn():
    x = None
    def grow(y): return (y, [y], {1: y})
    for i in range(10000):
        try: x = grow(x)
        except MemoryError: pass
short = 0
for f in (parse, chain, form, fail, cycles, compiling, expression, threads, recursion, stubborn):
    try: f()
    except MemoryError: short += 1
print(short)
"""


@pytest.mark.timeout(300)
def test_no_limit_makes_it_crash_or_hang(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(EVERYTHING)
    sizes = random.Random(11)

    def run(size: int) -> tuple[int, int, str, str]:
        done = FTPY.run("-X", f"heapsize={size}", "script.py", cwd=tmp_path, check=False)
        return size, done.returncode, done.stderr, done.stdout

    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(run, (int(4096 * 2 ** (sizes.random() * 10)) for _ in range(100))))
    assert [end for end in ends if end[1] not in (0, 1)] == []
    assert [end for end in ends if end[1] == 1 and "MemoryError" not in end[2]] == []
    assert len({shortages for *_, shortages in ends}) > 2, "some fit and some do not"


@pytest.mark.parametrize("size", ["64K", "128K", "512K"])
def test_transfers_fit_a_small_heap(
    size: str, vsftpd: Server, directory: Directory, tmp_path: Path
) -> None:
    content = random.Random(1).randbytes(8 << 20)
    directory.put("big.bin", content)
    directory.put("lines.txt", b"a line of text\r\n" * 65536)
    (tmp_path / "up.bin").write_bytes(content)
    code = f"""
from usr.ftplib import FTP
import hashlib
with FTP({vsftpd.host!r}, {vsftpd.port}, {vsftpd.user!r}, {vsftpd.password!r}, timeout=20) as ftp:
    ftp.cwd({directory.path!r})
    digest = hashlib.sha256()
    ftp.retrbinary("RETR big.bin", digest.update)
    print(digest.hexdigest())
    with open("up.bin", "rb") as file:
        ftp.storbinary("STOR up.bin", file)
    with open("lines.txt", "wb") as file:
        ftp.retrlines("RETR lines.txt", file.write)
    with open("lines.txt", "rb") as file:
        ftp.storlines("STOR lines2.txt", file)
"""
    done = FTPY.run("-X", f"heapsize={size}", "-c", code, cwd=tmp_path)
    assert done.stdout == hashlib.sha256(content).hexdigest() + "\n"
    assert directory.read("up.bin") == content
    assert (tmp_path / "lines.txt").read_bytes() == b"a line of text\n" * 65536
    assert directory.read("lines2.txt").count(b"\n") == 65536


# Time

FOREVER = {
    "loop": "while True: pass",
    "sleep": "import time; time.sleep(60)",
    "receive": "import socket; a, b = socket.socketpair(); a.recv(1)",
    "input": "input()",
    "lock": "import threading; l = threading.Lock(); l.acquire(); l.acquire()",
    "thread": "import threading\nthreading.Thread(target=threading.Event().wait).start()",
    "swallowed once": "import time\ntry: time.sleep(60)\nexcept BaseException: pass\n",
    "other status": "import sys, time\ntry: time.sleep(60)\nfinally: sys.exit(3)\n",
}


def timed(code: str, folder: Path, seconds: float = 1.5) -> tuple[str, str]:
    """Runs code that does not end by itself; returns its output and its errors."""
    (folder / "script.py").write_text(code)
    start = time.monotonic()
    # Open at both ends: standard input that says nothing and does not end.
    reading, writing = os.pipe()
    try:
        done = subprocess.run(
            [FTPY.program, "-X", f"timeout={seconds}", "script.py"],
            cwd=folder,
            stdin=reading,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
    finally:
        os.close(reading)
        os.close(writing)
    assert time.monotonic() - start < 20
    assert done.returncode == 124
    return done.stdout, done.stderr


@pytest.mark.parametrize("code", FOREVER.values(), ids=FOREVER)
def test_a_run_ends_when_its_time_is_over(code: str, tmp_path: Path) -> None:
    said = timed(code, tmp_path)[1]
    assert said.startswith("ftpy: timeout: the run took longer than 1.5 s")


def test_it_says_where_the_script_was(tmp_path: Path) -> None:
    said = timed("import threading\n\nthreading.Event().wait()\n", tmp_path)[1]
    place = f"{tmp_path / 'script.py'} line 3"
    assert said == f"ftpy: timeout: the run took longer than 1.5 s, in {place}\n"


def test_a_transfer_that_stands_still_ends(
    scripted: Callable[..., ScriptedServer], tmp_path: Path
) -> None:
    server = scripted(
        [*LOGIN, answer("TYPE"), passive(), answer("RETR", "150 ok"), send(b"half"), stall()]
    )
    code = f"""
from usr.ftplib import FTP
ftp = FTP({server.host!r}, {server.port}, "user", "password")
ftp.retrbinary("RETR f", print)
"""
    output, said = timed(code, tmp_path, 1)
    assert output == "b'half'\n"
    place = f"{tmp_path / 'script.py'} line 4"
    assert said == f"ftpy: timeout: the run took longer than 1 s, in {place}\n"


def test_it_cleans_up_behind_itself(tmp_path: Path) -> None:
    code = """
import atexit, time
atexit.register(print, "at exit")
try:
    time.sleep(60)
finally:
    time.sleep(0.2)
    print("finally")
"""
    output, said = timed(code, tmp_path)
    assert output == "finally\nat exit\n"
    assert said.endswith("line 5\n")


@pytest.mark.parametrize(
    "code",
    [
        "import time\nwhile True:\n    try: time.sleep(60)\n    except BaseException: pass",
        "while True:\n  try:\n    for _ in iter(int, 1): str()\n  except BaseException: pass",
        "import atexit, time\natexit.register(time.sleep, 60)\ntime.sleep(60)",
        "sum(range(10**11))",
        "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())\n"
        "while True: time.sleep(1)",
    ],
    ids=["sleeps", "computes", "at exit", "one long call", "signals blocked"],
)
def test_nothing_outlives_the_grace(code: str, tmp_path: Path) -> None:
    said = timed(code, tmp_path)[1]
    assert said.endswith("ftpy: timeout: the run did not end within 2 s after its time: killed\n")


@pytest.mark.parametrize(
    ("code", "status"), [("pass", 0), ("raise SystemExit(7)", 7), ("1 / 0", 1)]
)
def test_a_run_that_ends_in_time_is_as_it_was(code: str, status: int, tmp_path: Path) -> None:
    done = FTPY.run("-X", "timeout=30", "-c", code, cwd=tmp_path, check=False)
    assert done.returncode == status
    assert "timeout" not in done.stderr


def test_ctrl_c_still_comes_through(tmp_path: Path) -> None:
    code = "import os, time; os.kill(os.getpid(), 2); time.sleep(60)"
    done = FTPY.run("-X", "timeout=30", "-c", code, cwd=tmp_path, check=False)
    assert done.returncode == -2
    assert done.stderr.endswith("KeyboardInterrupt\n")


def test_a_script_that_closes_all_descriptors_is_ended_too(tmp_path: Path) -> None:
    code = "import os; os.closerange(3, 256)\nwhile True: pass"
    done = FTPY.run("-X", "timeout=1", "-c", code, cwd=tmp_path, check=False)
    assert (done.returncode, "took longer than 1 s" in done.stderr) == (124, True)
    # Nor is anything written into what has been opened since.
    code = "import os; os.closerange(3, 256); [os.open(f, os.O_RDWR | os.O_CREAT) for f in 'fg']"
    FTPY.run("-X", "timeout=30", "-c", code, cwd=tmp_path)
    assert [(tmp_path / name).read_bytes() for name in "fg"] == [b"", b""]


def test_a_forks_child_ends_like_one(tmp_path: Path) -> None:
    code = """
import os, sys
child = os.fork()
if not child:
    sys.exit(5)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert FTPY.run("-X", "timeout=30", "-c", code, cwd=tmp_path).stdout == "5\n"


def test_the_script_of_power_on_has_a_limit_too(tmp_path: Path) -> None:
    main = tmp_path / "usr/main.py"
    main.parent.mkdir()
    main.write_text("try: x = bytearray(1 << 20)\nexcept MemoryError: print('too much')\n")
    options = ("-X", "heapsize=64K", "--root", tmp_path, "--boot")
    assert FTPY.run(*options, stdin="print('the prompt')\n").stdout == "too much\nthe prompt\n"


def test_compiled_code_has_a_limit_as_its_source_has(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("a = []\nfor n in range(300): a.append(bytes(10_000))\nprint('no limit')")
    code = "import py_compile; py_compile.compile('script.py', 'script.pyc'); "
    FTPY.run("-c", code + "py_compile.compile('script.py', 'compiled')", cwd=tmp_path)
    for name in ("script.py", "script.pyc", "compiled"):
        done = FTPY.run("-X", "heapsize=64K", name, cwd=tmp_path, check=False)
        assert done.stdout == ""
        assert done.stderr.endswith("\nMemoryError\n")
        assert done.returncode == 1
        assert FTPY.run("-X", "heapsize=16M", name, cwd=tmp_path).stdout == "no limit\n"


THREAD = """
import _thread, utime
def loop():
    print('waits', flush=True)
    while True: utime.sleep(1)
_thread.start_new_thread(loop, ())
"""


@pytest.mark.parametrize("limit", [[], ["-X", "heapsize=512K"]], ids=["", "heapsize"])
def test_ctrl_c_ends_threads_that_outlive_the_script(limit: list[str], tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(THREAD)
    command = [FTPY.program, *limit, "--root", "device", "script.py"]
    (tmp_path / "device").mkdir()
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, text=True, **streams) as run:  # type: ignore[call-overload]
        assert run.stdout.readline() == "waits\n"
        time.sleep(0.3)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=30)
    assert (out, err, run.returncode) == ("", "KeyboardInterrupt\n", -signal.SIGINT)


def test_the_time_ends_threads_that_outlive_the_script(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(THREAD)
    (tmp_path / "device").mkdir()
    done = FTPY.run("-X", "timeout=1", "--root", "device", "script.py", cwd=tmp_path, check=False)
    assert done.returncode == 124
    place = f"{tmp_path / 'script.py'} line 5"
    assert done.stderr == f"ftpy: timeout: the run took longer than 1 s, in {place}\n"


def test_no_prompt_comes_when_the_time_is_over(tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/main.py").write_text("while True: pass\n")
    options = ("-X", "timeout=1", "--root", tmp_path, "--boot", "-i")
    done = FTPY.run(*options, stdin="print('the prompt')\n", check=False)
    place = f"{tmp_path / 'usr/main.py'} line 1"
    said = f"ftpy: timeout: the run took longer than 1 s, in {place}\n"
    assert (done.returncode, done.stdout, done.stderr) == (124, "", said)
