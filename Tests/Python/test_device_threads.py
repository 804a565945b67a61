"""`_thread`, `gc` and `micropython` as the device has them; its `queue` and `sys_bus`."""

from __future__ import annotations

import ast
import signal
import subprocess
from pathlib import Path

import pytest
from conftest import FTPY, run_script


def printed(source: str, folder: Path) -> list[str]:
    """The lines that a script prints."""
    return run_script(source, folder).stdout.splitlines()


# `_thread`


@pytest.mark.parametrize("size", [8192, 16 * 1024, 64 * 1024, 1 << 20, 1 << 24])
def test_a_stack_of_the_devices_size_is_enough(size: int, tmp_path: Path) -> None:
    source = f"""
import _thread
print(_thread.stack_size({size}))
done = _thread.allocate_lock()
done.acquire()
def deep(n):
    return n and max([n], key=lambda x: deep(n - 1))
def work():
    import ssl
    ssl.create_default_context()
    deep(250)
    done.release()
_thread.start_new_thread(work, ())
done.acquire()
print('done', _thread.stack_size() >= {size}, _thread.stack_size())
"""
    assert printed(source, tmp_path) == ["0", "done True 0"]


@pytest.mark.parametrize(
    "step",
    ["sorted([1, 2], key=lambda x: endless())", "list(map(lambda x: endless(), [1]))", "repr(R())"],
)
def test_endless_recursion_through_c_fits_the_least_stack(step: str, tmp_path: Path) -> None:
    source = f"""
import _thread
_thread.stack_size(8192)
done = _thread.allocate_lock()
done.acquire()
class R:
    def __repr__(self): return repr(self)
def endless(): {step}
def work():
    try: endless()
    except RecursionError: print('RecursionError')
    done.release()
_thread.start_new_thread(work, ())
done.acquire()
"""
    assert printed(source, tmp_path) == ["RecursionError"]


def test_a_negative_stack_is_still_an_error(tmp_path: Path) -> None:
    done = FTPY.run("-c", "import _thread; _thread.stack_size(-1)", cwd=tmp_path, check=False)
    assert "ValueError: size must be 0 or a positive value" in done.stderr


def test_whether_a_thread_runs(tmp_path: Path) -> None:
    source = """
import _thread
wait, done = _thread.allocate_lock(), _thread.allocate_lock()
wait.acquire(); done.acquire()
def work():
    wait.acquire()
    done.release()
number = _thread.start_new_thread(work, ())
print(_thread.threadIsRunning(number), _thread.threadIsRunning(_thread.get_ident()))
wait.release(); done.acquire()
while _thread.threadIsRunning(number): pass
print(_thread.threadIsRunning(number), _thread.threadIsRunning(0))
_thread.delete_lock(done)
"""
    assert printed(source, tmp_path) == ["True True", "False False"]


@pytest.mark.parametrize("root", [[], ["--root", "."]], ids=["", "root"])
@pytest.mark.parametrize("function", ["start_new_thread", "start_new"])
def test_a_list_of_arguments(function: str, root: list[str], tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        f"import _thread, utime\nstart = _thread.{function}\n"
        "print(start(print, (), {'end': ''}) > 0)\n"
        "start(print, [1, 2])\nutime.sleep_ms(100)\n"
        "start(print, [3], {'end': '.'})\nutime.sleep_ms(100)\n"
        "for wrong in ((1, []), (print, 1)):\n"
        "    try: start(*wrong)\n"
        "    except TypeError: continue\n"
        "    print(wrong)\n"
    )
    assert FTPY.run(*root, "script.py", cwd=tmp_path).stdout == "True\n1 2\n3."


def test_a_thread_cannot_be_stopped_from_outside(tmp_path: Path) -> None:
    source = """
import _thread
wait, done = _thread.allocate_lock(), _thread.allocate_lock()
wait.acquire(); done.acquire()
def work():
    wait.acquire()
    done.release()
number = _thread.start_new_thread(work, ())
try:
    _thread.stop_thread(number)
except RuntimeError as error:
    print(error)
wait.release(); done.acquire()
while _thread.threadIsRunning(number): pass
print(_thread.stop_thread(number))
def ends():
    try:
        _thread.stop_thread(0)
        print('goes on')
    finally:
        done.release()
_thread.start_new_thread(ends, ())
done.acquire()
"""
    first, *rest = printed(source, tmp_path)
    assert first.endswith(
        "cannot be stopped: that works only on the device. Let its function return"
    )
    assert rest == ["None"]


def test_semaphores(tmp_path: Path) -> None:
    source = """
import _thread
s = _thread.allocate_semphore(2)
print(s.acquire(), s.getCnt(), s.acquire(), s.getCnt())
def work():
    s.release()
_thread.start_new_thread(work, ())
print(s.acquire(), s.getCnt())
for _ in range(3): s.release()
print(s.getCnt(), _thread.delete_semphore(s))
"""
    assert printed(source, tmp_path) == [
        "True (2, 1) True (2, 0)",
        "True (2, 0)",
        "(2, 2) None",
    ]


# `gc` and `micropython`


def test_memory(tmp_path: Path) -> None:
    source = """
import gc, _thread, micropython
from gc import mem_free, mem_alloc
before = mem_alloc()
ballast = b'x' * 50_000_000
grown = mem_alloc() - before
print(40_000_000 < grown < 80_000_000, 0 < mem_free(), 0 < _thread.get_heap_size())
print(gc.threshold(), gc.threshold(4096), gc.threshold())
micropython.mem_info()
"""
    grown, threshold, info = printed(source, tmp_path)
    assert grown == "True True True"
    assert threshold == "-1 None 4096"
    assert info.startswith("mem: total=")


def test_micropython(tmp_path: Path) -> None:
    source = """
import micropython
from micropython import const
SIZE = const(42)
@micropython.native
def one(): return micropython.stack_use()
@micropython.viper
def two(x: int) -> int: return x + one()
print(SIZE, one(), two(0), micropython.opt_level(), micropython.opt_level(1))
print(micropython.alloc_emergency_exception_buf(100))
"""
    assert printed(source, tmp_path) == ["42 2 3 0 None", "None"]
    assert (
        FTPY.run("-O", "-c", "import micropython as m; print(m.opt_level())", cwd=tmp_path).stdout
        == "1\n"
    )


def test_ctrl_c_can_be_a_key_like_any_other(tmp_path: Path) -> None:
    source = """
import micropython, os, signal
micropython.kbd_intr(-1)
os.kill(os.getpid(), signal.SIGINT)
print('ignored')
micropython.kbd_intr(3)
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    print('interrupted')
"""
    assert printed(source, tmp_path) == ["ignored", "interrupted"]


def test_a_scheduled_call_runs_in_the_main_thread(tmp_path: Path) -> None:
    source = """
import _thread, micropython, utime
main = _thread.get_ident()
calls = []
def note(word):
    calls.append((word, _thread.get_ident() == main))
def fail(word):
    raise ValueError(word)
def elsewhere():
    micropython.schedule(note, 'thread')
micropython.schedule(note, 'main')
_thread.start_new_thread(elsewhere, ())
while len(calls) < 2: utime.sleep_ms(1)
print(sorted(calls))
print(micropython.schedule(fail, 'printed'))
print('goes on')
try:
    micropython.schedule(1, 2)
except TypeError:
    print('TypeError')
def fill(_):
    try:
        for _ in range(10000): micropython.schedule(note, 'more')
    except RuntimeError as error:
        print(error)
micropython.schedule(fill, None)
print('end')
"""
    done = run_script(source, tmp_path)
    lines = done.stdout.splitlines()
    assert lines[0] == "[('main', True), ('thread', True)]"
    assert lines[1:].count("ValueError: printed") == 1
    assert "goes on" in lines
    assert lines[-3:] == ["TypeError", "schedule queue full", "end"]
    assert done.stderr == ""


def test_a_scheduled_call_may_end_the_script(tmp_path: Path) -> None:
    source = """
import micropython, sys, utime
micropython.schedule(sys.exit, 4)
while True: utime.sleep_ms(1)
"""
    assert run_script(source, tmp_path, check=False).returncode == 4


def test_the_heap_is_locked_in_name(tmp_path: Path) -> None:
    code = (
        "import micropython as m; m.heap_lock(); m.heap_lock(); print(m.heap_locked(), [1] * 3, "
        "m.heap_unlock(), m.heap_unlock(), m.heap_locked()); m.qstr_info()"
    )
    said = FTPY.run("-c", code, cwd=tmp_path).stdout.splitlines()
    assert said[0] == "2 [1, 1, 1] 1 0 0"
    assert said[1].startswith("qstr pool: n_pool=")


# `queue`: only for scripts of the device


def test_the_devices_queue(tmp_path: Path) -> None:
    source = """
import _ftpy.queue as queue, _thread
q = queue.Queue()
print(q.empty(), q.size(), q.put(), q.put('a'), q.size(), q.empty(), q.get(), q.get(), q.empty())
small = queue.Queue(2)
print(small.put(1), small.put(2), small.put(3), small.size(), small.get(), small.put(4))
full = queue.Queue()
print([full.put(n) for n in range(101)].count(True))
def work():
    for n in range(1000):
        while not small.put(n): pass
small = queue.Queue(maxsize=3)
_thread.start_new_thread(work, ())
print([small.get() for _ in range(1000)] == list(range(1000)))
"""
    assert printed(source, tmp_path) == [
        "True 0 True True 2 False None a True",
        "True True False 2 1 True",
        "100",
        "True",
    ]


def test_it_does_not_take_the_place_of_pythons(tmp_path: Path) -> None:
    source = """
import _ftpy.queue, queue
print(dir(_ftpy.queue), queue.__file__.endswith('queue.py'), queue.Queue is _ftpy.queue.Queue)
"""
    assert printed(source, tmp_path) == ["['Queue'] True False"]


def test_ctrl_c_ends_a_get(tmp_path: Path) -> None:
    code = "import _ftpy.queue as q; print('waits', flush=True); q.Queue().get()"
    with subprocess.Popen(
        [FTPY.program, "-c", code],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as waiting:
        assert waiting.stdout
        assert waiting.stdout.readline() == "waits\n"
        waiting.send_signal(signal.SIGINT)
        said = waiting.communicate(timeout=20)[1]
    assert said.endswith("KeyboardInterrupt\n")


# `sys_bus`


def test_messages_reach_every_subscriber(tmp_path: Path) -> None:
    source = """
import sys_bus
heard = []
def one(topic, msg): heard.append(('one', topic, msg))
def two(topic, msg): heard.append(('two', topic, msg))
sys_bus.subscribe('t', one)
sys_bus.subscribe('t', two)
sys_bus.subscribe(7, one)
print(sys_bus.publish('t', {'x': 1}), sys_bus.publish(7, None), sys_bus.publish('none', 1))
import threading
for thread in threading.enumerate()[1:]: thread.join()
print(sorted(heard, key=str))
print(sys_bus.sub_table('t') == [one, two], sys_bus.sub_table() == {'t': [one, two], 7: [one]})
print(sys_bus.unsubscribe('t', one), sys_bus.unsubscribe('t', one), sys_bus.sub_table('t') == [two])
print(sys_bus.unsubscribe('t'), sys_bus.unsubscribe('t'), sys_bus.unsubscribe('none', one))
"""
    lines = printed(source, tmp_path)
    assert lines[0] == "None None None"
    assert ast.literal_eval(lines[1]) == [
        ("one", "t", {"x": 1}),
        ("one", 7, None),
        ("two", "t", {"x": 1}),
    ]
    assert lines[2:] == ["True True", "True False True", "True False False"]


def test_a_subscriber_has_a_thread_of_its_own_and_is_waited_for(tmp_path: Path) -> None:
    source = """
import sys_bus, threading
go = threading.Event()
def slow(topic, msg):
    go.wait()
    print(threading.current_thread() is not threading.main_thread(), msg)
sys_bus.subscribe('t', slow)
sys_bus.publish('t', 'late')
print('published')
go.set()
"""
    assert printed(source, tmp_path) == ["published", "True late"]


def test_a_failing_subscriber_shows_its_traceback(tmp_path: Path) -> None:
    source = """
import sys_bus
sys_bus.subscribe('t', lambda topic, msg: 1 / 0)
sys_bus.publish('t', 1)
"""
    assert "ZeroDivisionError: division by zero" in run_script(source, tmp_path).stderr
