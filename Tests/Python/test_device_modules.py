"""The device's modules as a whole: their names, who comes first, what they leave alone."""

from __future__ import annotations

import ast
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import FTPY, run_script

#: The public names of every module, as `dir` must show them.
NAMES = {
    "utime": (
        "getTimeZone localtime mktime setTimeZone sleep sleep_ms sleep_us ticks_add ticks_cpu "
        "ticks_diff ticks_ms ticks_us time"
    ),
    "usys": (
        "argv byteorder exit implementation maxsize modules path platform print_exception stderr "
        "stdin stdout version version_info"
    ),
    "log": ("CRITICAL DEBUG ERROR INFO Logger NOTSET WARNING basicConfig getLogger set_output"),
    "ql_fs": "file_copy mkdirs path_dirname path_exists path_getsize read_json rmdirs touch",
    "sys_bus": "publish sub_table subscribe unsubscribe",
    "example": "exec",
    "checkNet": "CheckNetwork waitNetworkReady wait_network_connected",
    "ujson": "dump dumps load loads",
    "ustruct": "calcsize pack pack_into unpack unpack_from",
    "ubinascii": "a2b_base64 b2a_base64 crc32 hexlify unhexlify",
    "uhashlib": "md5 sha1 sha256",
    "ure": "compile match search",
    "urandom": "choice getrandbits randint random randrange seed uniform",
    "ucollections": "OrderedDict deque namedtuple",
    "uio": "BytesIO StringIO open",
    "uerrno": (
        "EACCES EADDRINUSE EAGAIN EALREADY EBADF ECONNABORTED ECONNREFUSED ECONNRESET EEXIST "
        "EHOSTUNREACH EINPROGRESS EINVAL EIO EISDIR ENOBUFS ENODEV ENOENT ENOMEM ENOTCONN "
        "EOPNOTSUPP EPERM ETIMEDOUT errorcode"
    ),
    "uzlib": "DecompIO decompress",
    "uselect": "POLLERR POLLHUP POLLIN POLLOUT poll select",
    "uarray": "array",
    "usocket": (
        "AF_INET AF_INET6 IPPROTO_TCP IPPROTO_TCP_SER IPPROTO_UDP SOCK_DGRAM SOCK_RAW SOCK_STREAM "
        "SOL_SOCKET SO_REUSEADDR TCP_CUSTOMIZE_PORT TCP_KEEPALIVE getaddrinfo socket"
    ),
    "ussl": "wrap_socket",
    "micropython": (
        "alloc_emergency_exception_buf const heap_lock heap_locked heap_unlock kbd_intr mem_info "
        "native opt_level qstr_info schedule stack_use viper"
    ),
    "dataCall": (
        "activate deactivate getInfo getPDPContext recordApn setApn setAsynMode setAutoActivate "
        "setAutoConnect setCallback setDNSServer setPDPContext start"
    ),
    "net": (
        "csqQueryPoll getApn getCellInfo getCi getConfig getLac getMcc getMnc getModemFun "
        "getNetMode getServingCi getServingLac getServingMcc getServingMnc getSignal getState "
        "nitzTime operatorName setApn setCallback setConfig setModemFun"
    ),
    "sim": (
        "changePin disablePin enablePin genericAccess getCurSimid getIccid getImsi getPhoneNumber "
        "getSimDet getStatus readPhonebook setCallback setSimDet setSwitchcardCallback switchCard "
        "unblockPin verifyPin writePhonebook"
    ),
    "modem": "getDevFwVersion getDevImei getDevMAC getDevModel getDevProductId getDevSN",
    "misc": "Power",
}
STUBS = ("dataCall", "misc", "modem", "net", "sim")
DEVICE_ONLY = """
    machine fota app_fota audio lcd pm gnss osTimer system ble bt sms voiceCall wifiScan wifilocator
    cellLocator camera WLAN ethernet atcmd qrcode securedata lvgl esim
"""
LIBRARIES = ("umqtt", "request", "ntptime", "uwebsocket", "uasyncio", "aLiYun")

ALL = f"import uos, {', '.join(NAMES)}"


@pytest.mark.parametrize("name", NAMES)
def test_a_module_shows_the_devices_names_and_no_others(name: str, tmp_path: Path) -> None:
    code = f"import {name}; print(dir({name})); [getattr({name}, shown) for shown in dir({name})]"
    shown = ast.literal_eval(FTPY.run("-c", code, cwd=tmp_path).stdout)
    assert shown == sorted(NAMES[name].split())
    starred = f"from {name} import *; print({{*globals()}} >= {set(shown)})"
    assert FTPY.run("-c", starred, cwd=tmp_path).stdout == "True\n"


@pytest.mark.parametrize(
    "absent",
    [
        "utime.gmtime",
        "utime.strftime",
        "uhashlib.sha512",
        "ure.findall",
        "ujson.JSONDecodeError",
        "log.FileHandler",
        "uzlib.compress",
        "usys.getrefcount",
        "usocket.create_connection",
    ],
)
def test_names_that_the_device_does_not_have(absent: str, tmp_path: Path) -> None:
    module, name = absent.split(".")
    done = FTPY.run("-c", f"import {module}; {absent}", cwd=tmp_path, check=False)
    assert f"AttributeError: module '{module}' has no attribute '{name}'" in done.stderr


def test_help_lists_the_modules_and_describes_each(tmp_path: Path) -> None:
    listed = FTPY.run("-W", "ignore", "-c", "help('modules')", cwd=tmp_path).stdout.split()
    assert {"uos", *NAMES} <= set(listed)
    assert not {"_ftpy", "machine"} & set(listed)
    for name in NAMES:
        said = FTPY.run("-c", f"import {name}; help({name})", cwd=tmp_path).stdout
        assert said.startswith(f"Help on module {name}:\n\nNAME\n    {name} - ")
        assert "The device's" in said or "MicroPython's" in said


def test_the_text_for_one_function(tmp_path: Path) -> None:
    said = FTPY.run("-c", "import utime; help(utime.sleep_ms)", cwd=tmp_path).stdout
    assert said.startswith("Help on function sleep_ms in module utime:\n")
    assert "milliseconds" in said


@pytest.mark.parametrize("name", ["utime", "net"])
def test_running_a_module_says_that_there_is_nothing_to_run(name: str, tmp_path: Path) -> None:
    done = FTPY.run("-m", name, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert f"No code object available for {name}" in done.stderr


# Stubs


@pytest.mark.parametrize("name", STUBS)
def test_a_stub_says_so_in_one_line(name: str, tmp_path: Path) -> None:
    code = f"import {name}, importlib; importlib.reload({name}); from {name} import *"
    said = FTPY.run("-c", code, cwd=tmp_path).stderr
    assert said.startswith(f"ftpy: {name} is a stub on this host: ")
    assert said.count("\n") == 1


def test_the_others_say_nothing(tmp_path: Path) -> None:
    others = ", ".join(name for name in NAMES if name not in STUBS)
    done = FTPY.run("-c", f"import uos, {others}", cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("", "")


# What only the device has


@pytest.mark.parametrize("name", DEVICE_ONLY.split())
def test_hardware_is_an_import_error_that_says_why(name: str, tmp_path: Path) -> None:
    source = f"""
try:
    import {name}
except ImportError as error:
    print(type(error).__name__, error.name, error)
"""
    said = run_script(source, tmp_path).stdout
    assert said.startswith(f"ModuleNotFoundError {name} {name} runs only on the device")
    assert ("hardware" in said) == (name not in ("osTimer", "system"))
    assert f"Your own {name}.py beside the script is imported instead" in said


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_firmwares_libraries(name: str, tmp_path: Path) -> None:
    done = FTPY.run("-c", f"from {name} import x", cwd=tmp_path, check=False)
    assert f"ModuleNotFoundError: {name} is a library of the device's firmware" in done.stderr


def test_other_modules_are_missing_as_ever(tmp_path: Path) -> None:
    done = FTPY.run("-c", "import nonsense", cwd=tmp_path, check=False)
    assert done.stderr.endswith("ModuleNotFoundError: No module named 'nonsense'\n")


# Who comes first


@pytest.mark.parametrize("name", ["machine", "umqtt", *STUBS])
@pytest.mark.parametrize("place", ["script's folder", "PYTHONPATH"])
def test_a_file_of_ones_own_stands_in(name: str, place: str, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    own = tmp_path if place == "script's folder" else tmp_path / "mine"
    (own / f"{name}.py").write_text("word = 'mine'")
    done = run_script(
        f"import {name}; print({name}.word)",
        tmp_path,
        environment={"PYTHONPATH": str(tmp_path / "mine")},
    )
    assert (done.stdout, done.stderr) == ("mine\n", "")


@pytest.mark.parametrize("name", ["machine", "net"])
def test_a_file_in_usr(name: str, tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / f"usr/{name}.py").write_text("word = 'mine'")
    (tmp_path / "usr/main.py").write_text(f"import {name}; print({name}.word)")
    assert FTPY.run("usr/main.py", cwd=tmp_path).stdout == "mine\n"
    code = f"from usr.{name} import word; print(word)"
    assert FTPY.run("-c", code, cwd=tmp_path).stdout == "mine\n"


def test_a_mock_in_sys_modules(tmp_path: Path) -> None:
    source = """
import sys, types
sys.modules['machine'] = types.SimpleNamespace(Pin=3)
from machine import Pin
print(Pin)
"""
    assert run_script(source, tmp_path).stdout == "3\n"


@pytest.mark.parametrize("name", ["utime", "log", "ql_fs", "example", "micropython"])
def test_what_works_here_comes_before_files_as_on_the_device(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong one')")
    done = run_script(f"import {name}; print({name}.__spec__.origin)", tmp_path)
    assert done.stdout == f"<ftpy>/{name}\n"
    verbose = FTPY.run("-v", "script.py", cwd=tmp_path)
    file = tmp_path / f"{name}.py"
    assert f"# ftpy: {name} is built in; {file} is not loaded\n" in verbose.stderr


# The standard library


def test_the_standard_library_is_unharmed(tmp_path: Path) -> None:
    source = f"""
{ALL}
import gc, _thread, sys
gc.mem_free(), _thread.get_heap_size(), sys.print_exception
import _ftpy.queue

import asyncio, concurrent.futures, json, logging, multiprocessing.pool, queue, socket, threading
import array, binascii, collections, errno, hashlib, io, os, random, re, select, ssl, struct, time
import zlib

assert queue.Queue().put(1) is None and queue.Empty and json.JSONDecodeError and time.strftime
assert socket.socket is not usocket.socket and socket.create_connection and logging.FileHandler
assert struct.calcsize('@l') == 8 and hashlib.md5(b'').hexdigest() and re.findall

async def add(a, b):
    await asyncio.sleep(0.001)
    return a + b

assert asyncio.run(add(1, 2)) == 3
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    assert list(pool.map(len, ['a', 'bb'])) == [1, 2]
with multiprocessing.pool.ThreadPool(2) as pool:
    assert pool.map(len, ['a', 'bb']) == [1, 2]
one, two = socket.socketpair()
one.sendall(b'line')
assert two.makefile('rb').read(4) == b'line'
assert gc.collect() >= 0 and gc.get_threshold()[0] > 0 and gc.isenabled()
assert threading.stack_size(1 << 23) == 0 and threading.stack_size(0) == 1 << 23
logging.basicConfig(level=logging.INFO, format='%(message)s', stream=sys.stdout)
logging.info('all is well')
"""
    assert run_script(source, tmp_path).stdout == "all is well\n"


@pytest.mark.parametrize("name", ["gc", "_thread", "sys"])
def test_python_own_modules_miss_names_as_ever(name: str, tmp_path: Path) -> None:
    code = f"import {name}; print(hasattr({name}, 'nonsense')); {name}.nonsense"
    done = FTPY.run("-c", code, cwd=tmp_path, check=False)
    assert done.stdout == "False\n"
    assert f"AttributeError: module '{name}' has no attribute 'nonsense'" in done.stderr


# The binary


def test_a_copy_alone_in_an_empty_folder_has_them_all(tmp_path: Path) -> None:
    shutil.copy(FTPY.program, tmp_path / "ftpy")
    code = f"{ALL}; import _ftpy.queue, gc; gc.mem_free(); print(utime.ticks_diff(5, 3))"
    done = subprocess.run(
        ["./ftpy", "-c", code], cwd=tmp_path, env={}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "2\n"
    assert len(done.stderr.splitlines()) == len(STUBS)
    assert [entry.name for entry in tmp_path.iterdir()] == ["ftpy"], "no cache, nothing unpacked"


def test_none_is_run_before_a_script_asks(tmp_path: Path) -> None:
    late = {"_ftpy.memory", "_ftpy.additions", *NAMES}
    for imported in ("sys", "sys, threading, gc, logging"):
        code = f"import {imported}; print({late} & set(sys.modules))"
        assert FTPY.run("-c", code, cwd=tmp_path).stdout == "set()\n"
