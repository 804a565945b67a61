"""`ftpy --root DIR`: DIR is the device's `/` for the script, and stays all that it is."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from threading import Timer

import pexpect
import pytest
from conftest import FTPY, Directory, Interpreter


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "device"
    root.mkdir()
    return root


def run(root: Path, code: str, *, check: bool = True, cwd: Path | None = None) -> str:
    """Runs code in the root: its output, with its errors behind."""
    done = FTPY.run("--root", root, "-c", code, cwd=cwd or root.parent, check=check)
    return done.stdout + done.stderr


# The command line

SHOW = "import sys; print(uos.getcwd(), uos.listdir('/'), sys.path[0], sys.argv)"


@pytest.mark.parametrize("form", ["script", "-c", "-m", "-", "pipe", "app", "in the root"])
@pytest.mark.parametrize(
    "option", [["--root", "device"], ["--root=device"], ["-q", "--root", "./device/"]]
)
def test_every_form(form: str, option: list[str], root: Path, tmp_path: Path) -> None:
    (root / "usr").mkdir()
    (root / "usr/show.py").write_text(SHOW)
    (tmp_path / "show.py").write_text(SHOW)
    (tmp_path / "app").mkdir()
    (tmp_path / "app/__main__.py").write_text(SHOW)
    arguments, name, first = {
        "script": (["show.py", "a"], str(tmp_path / "show.py"), root),
        "-c": (["-c", SHOW, "a"], "-c", root),
        "-m": (["-m", "usr.show", "a"], str(root / "usr/show.py"), root),
        "-": (["-", "a"], "-", root),
        "pipe": ([], "", root),
        "app": (["app", "a"], str(tmp_path / "app"), tmp_path / "app"),
        "in the root": (["device/usr/show.py", "a"], str(root / "usr/show.py"), root),
    }[form]
    done = FTPY.run(*option, *arguments, stdin=SHOW, cwd=tmp_path)
    argv = [name, "a"] if arguments else [""]
    assert done.stdout == f"/ ['bak', 'usr'] {first} {argv}\n"
    assert sorted(entry.name for entry in root.iterdir()) == ["bak", "usr"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--root"], "--root needs a folder: --root DIR"),
        (["--root="], "--root : No such file or directory"),
        (["--root", ""], "--root : No such file or directory"),
        (["--root", "missing", "-c", "print(1)"], "--root missing: No such file or directory"),
        (["--root=file", "-c", "print(1)"], "--root file: Not a directory"),
        (
            ["--root", "/", "-c", "print(1)"],
            "--root /: this is the computer's own root; take a folder in it",
        ),
        (["--root", "odd", "-c", "print(1)"], "--root odd: usr: Not a directory"),
        (
            ["--boot", "-c", "1"],
            "--boot runs usr/main.py and then the prompt: it takes no script, -c, -m or -",
        ),
        (
            ["--boot", "x.py"],
            "--boot runs usr/main.py and then the prompt: it takes no script, -c, -m or -",
        ),
        (
            ["--boot", "-"],
            "--boot runs usr/main.py and then the prompt: it takes no script, -c, -m or -",
        ),
    ],
    ids=" ".join,
)
def test_a_wrong_command_line_is_status_2(
    arguments: list[str], sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd/usr").touch()
    done = FTPY.run(*arguments, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"ftpy: {sentence}\n")


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    done = FTPY.run("-c", "1", environment={"FTPY_ROOT": str(tmp_path / "no")}, check=False)
    assert done.returncode == 2
    assert done.stderr == f"ftpy: FTPY_ROOT {tmp_path / 'no'}: No such file or directory\n"


@pytest.mark.parametrize(
    "arguments",
    [["script.py", "--root", "no"], ["-c", "", "--root", "no"], ["-W", "--root=no", "script.py"]],
)
def test_a_scripts_options_are_not_ours(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("import sys; print(sys.argv[1:])")
    assert FTPY.run(*arguments, cwd=tmp_path).stdout in ("['--root', 'no']\n", "[]\n", "")


def test_a_root_whose_name_is_not_utf8(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"ger\xe4t")
    root.mkdir()
    assert run(root, "open('/usr/x', 'w').write('y'); print(uos.getcwd())") == "/\n"
    assert (root / "usr/x").read_text() == "y"


def test_help_and_version_need_no_root(tmp_path: Path) -> None:
    assert FTPY.run("--root", "no", "-V", cwd=tmp_path).stdout.startswith("ftpy ")
    assert FTPY.run("--root", "no", "--boot", "-h", cwd=tmp_path).stdout.startswith("usage: ftpy ")


def test_without_a_root_paths_are_the_hosts(tmp_path: Path) -> None:
    code = (
        f"print(uos.getcwd(), open({str(tmp_path / 'x')!r}, 'w').write('y'), type(open).__name__)"
    )
    assert FTPY.run("-c", code, cwd=tmp_path).stdout == f"{tmp_path} 1 builtin_function_or_method\n"


# Paths

HERE = "usr/here.txt"


@pytest.mark.parametrize(
    "path",
    [
        "/usr/here.txt",
        "usr/here.txt",
        "//usr//here.txt",
        "/usr/./../usr/here.txt",
        "/../../usr/here.txt",
        "../../../usr/here.txt",
        "./usr/here.txt",
        "bak/../usr/here.txt",
        "/usr/link.txt",
        "/usr/again/here.txt",
    ],
)
def test_paths_of_the_device(path: str, root: Path) -> None:
    (root / "usr").mkdir()
    (root / HERE).write_text("found")
    (root / "usr/link.txt").symlink_to("here.txt")
    (root / "usr/again").symlink_to(root / "usr")
    assert run(root, f"print(open({path!r}).read(), uos.stat({path!r})[6])") == "found 5\n"


def test_the_working_directory(root: Path) -> None:
    code = """
print(uos.getcwd())
uos.chdir('/usr'); print(uos.getcwd())
open('x', 'w').close(); print(uos.listdir(), uos.listdir('/'), uos.listdir('..'))
uos.mkdir('deep'); uos.chdir('deep'); print(uos.getcwd())
uos.chdir('../../..'); print(uos.getcwd())
"""
    assert run(root, code).splitlines() == [
        "/",
        "/usr",
        "['x'] ['bak', 'usr'] ['bak', 'usr']",
        "/usr/deep",
        "/",
    ]


OUT = {
    "a link to a file": "/usr/file",
    "a link to a folder": "/usr/folder/secret",
    "a link in the middle": "/usr/folder/deeper/secret",
    "a link to nothing": "/usr/nothing",
    "a chain": "/usr/chain",
    "relative": "usr/up/outside/secret",
}
CALLS = (
    "open({!r})",
    "open({!r}, 'w')",
    "open({!r}, 'ab')",
    "uos.stat({!r})",
    "uos.listdir({!r})",
    "uos.chdir({!r})",
    "uos.statvfs({!r})",
)


@pytest.fixture
def links(root: Path) -> Path:
    """A root with links that lead out of it, to a folder in which nothing may happen."""
    outside = root.parent / "outside"
    (outside / "deeper").mkdir(parents=True)
    (outside / "secret").write_text("secret")
    (outside / "deeper/secret").write_text("secret")
    (root / "usr").mkdir()
    (root / "usr/file").symlink_to(outside / "secret")
    (root / "usr/folder").symlink_to(outside)
    (root / "usr/nothing").symlink_to("../../outside/new")
    (root / "usr/chain").symlink_to("file")
    (root / "usr/up").symlink_to("../..")
    return outside


def state(folder: Path) -> list[tuple[str, str]]:
    return sorted((str(p), p.read_text() if p.is_file() else "") for p in folder.rglob("*"))


@pytest.mark.parametrize("kind", OUT)
@pytest.mark.parametrize("call", CALLS)
def test_no_link_leads_out(kind: str, call: str, root: Path, links: Path) -> None:
    before = state(links)
    said = run(root, call.format(OUT[kind]), check=False)
    assert said.endswith(
        f"PermissionError: [Errno 13] A link leads out of the device's root: {OUT[kind]!r}\n"
    )
    assert state(links) == before


@pytest.mark.parametrize(
    "call",
    [
        "uos.remove('/usr/folder/secret')",
        "uos.rename('/usr/folder/secret', '/usr/mine')",
        "uos.rename('/usr/mine', '/usr/folder/mine')",
        "uos.mkdir('/usr/folder/new')",
        "uos.rmdir('/usr/folder/deeper')",
    ],
)
def test_nothing_is_changed_behind_a_link(call: str, root: Path, links: Path) -> None:
    (root / "usr/mine").touch()
    before = state(links)
    assert "PermissionError: [Errno 13]" in run(root, call, check=False)
    assert state(links) == before


def test_links_themselves_can_go(root: Path, links: Path) -> None:
    code = """
uos.remove('/usr/file'); uos.rename('/usr/folder', '/usr/f'); uos.rmdir('/usr/f')
print(uos.listdir('usr'))
"""
    assert run(root, code) == "['chain', 'nothing', 'up']\n"
    assert (links / "secret").read_text() == "secret"


def test_the_root_itself_stays(root: Path) -> None:
    for call in (
        "uos.remove('/')",
        "uos.rmdir('/usr/..')",
        "uos.rename('/', '/usr/x')",
    ):
        assert "OSError: [Errno 16]" in run(root, call, check=False)
    for call in ("uos.mkdir('/')", "uos.mkdir('')", "uos.mkdir('/usr/..')", "uos.mkdir('/usr')"):
        assert "FileExistsError: [Errno 17]" in run(root, call, check=False)
    assert root.is_dir()


def test_the_hosts_own_usr_is_not_touched(root: Path) -> None:
    code = """
import sys
print(uos.listdir('/usr'), 'lib' in uos.listdir('/usr'))
for path in ('/usr/bin/env', '/etc/passwd', '/usr/lib'):
    try: uos.stat(path)
    except OSError as e: print(e.args[0])
sys.path.append('/usr/lib/python3/dist-packages/')
sys.path.append('/usr')
try: import local
except ImportError as e: print(e)
"""
    assert run(root, code).splitlines() == ["[] False", "2", "2", "2", "No module named 'local'"]


def test_the_hosts_path_of_a_file_in_the_root_means_that_file(root: Path) -> None:
    (root / "usr").mkdir()
    (root / "usr/tool.py").write_text("def source():\n    return open(__file__).readline()\n")
    assert run(root, "from usr.tool import source; print(source())") == "def source():\n\n"
    assert run(root, f"print(uos.listdir({str(root)!r}))") == "['bak', 'usr']\n"


def test_errors_have_the_number_first_and_say_where(root: Path) -> None:
    code = "try: open('/usr/missing')\nexcept OSError as e: print(e.args[0], e)"
    assert run(root, code) == f"2 [Errno 2] No such file or directory: '{root}/usr/missing'\n"


def test_outside_of_the_root_there_are_no_relative_paths(root: Path) -> None:
    code = "import os; os.chdir('/'); print(uos.listdir('/')); open('etc/passwd')"
    said = run(root, code, check=False)
    assert said.startswith("['bak', 'usr']\n")
    assert said.endswith("FileNotFoundError: [Errno 2] Outside of the device's root: '/'\n")


# Imports


def test_modules_of_the_root(root: Path) -> None:
    (root / "usr/package").mkdir(parents=True)
    (root / "usr/tool.py").write_text("word = open('/usr/word').read()\nfrom usr import other\n")
    (root / "usr/other.py").write_text("name = __name__, __file__")
    (root / "usr/package/__init__.py").write_text("from .part import z")
    (root / "usr/package/part.py").write_text("z = open('/usr/word').read().upper()")
    (root / "usr/word").write_text("hello")
    (root / "top.py").write_text("x = open('/usr/word').read()")
    code = """
from usr.tool import word; from usr import other; import usr.package, top
print(word, other.name, usr.package.z, top.x)
import sys
sys.path.append('/usr/')
import tool; print(tool.word, tool.__file__)
uos.chdir('/usr'); from usr.ftplib import FTP; from usr.package import part; print(FTP.__module__)
"""
    assert run(root, code).splitlines() == [
        f"hello ('usr.other', '{root}/usr/other.py') HELLO hello",
        f"hello {root}/usr/tool.py",
        "ftplib",
    ]
    assert not list(root.rglob("__pycache__"))


def test_tracebacks_show_the_roots_files(root: Path) -> None:
    (root / "usr").mkdir()
    (root / "usr/tool.py").write_text("def fail():\n    return 1 / 0\n")
    (root / "usr/broken.py").write_text("import usr.nothing\n")
    said = run(root, "from usr.tool import fail; fail()", check=False)
    assert f'  File "{root}/usr/tool.py", line 2, in fail\n    return 1 / 0\n' in said
    said = run(root, "import usr.broken", check=False)
    assert said.splitlines()[-3:] == [
        f'  File "{root}/usr/broken.py", line 1, in <module>',
        "    import usr.nothing",
        "ModuleNotFoundError: No module named 'usr.nothing'",
    ]
    assert "_ftpy" not in said


def test_a_script_outside_brings_its_neighbours(root: Path, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project/main.py").write_text(
        "import neighbour, sys; print(neighbour.opened, open is neighbour.open, sys.path[:2])"
    )
    (tmp_path / "project/neighbour.py").write_text("opened = type(open).__name__\nopen = open")
    done = FTPY.run("--root", "device", "project/main.py", cwd=tmp_path)
    assert done.stdout == (
        f"builtin_function_or_method False {[str(root), str(tmp_path / 'project')]}\n"
    )


def test_a_script_inside_finds_its_neighbours_as_on_the_device(root: Path) -> None:
    (root / "usr").mkdir()
    (root / "usr/near.py").touch()
    (root / "usr/main.py").write_text("import usr.near\nimport near")
    said = FTPY.run("--root", root, root / "usr/main.py", check=False).stderr
    assert said.endswith(
        "line 2, in <module>\n    import near\nModuleNotFoundError: No module named 'near'\n"
    )


def test_a_root_below_a_library_folder(root: Path, tmp_path: Path) -> None:
    (root / "usr").mkdir()
    (root / "usr/tool.py").write_text("print(type(open).__name__)")
    (tmp_path / "host.py").write_text("print(type(open).__name__)")
    done = FTPY.run(
        "--root", root, "-c", "import usr.tool, host", environment={"PYTHONPATH": str(tmp_path)}
    )
    assert done.stdout == "function\nbuiltin_function_or_method\n"


def test_a_virtual_environment_in_the_root_is_the_hosts(root: Path) -> None:
    FTPY.run("-m", "venv", "--without-pip", root / "env")
    program = Interpreter("ftpy", root / "env/bin/ftpy")
    program.program.unlink(missing_ok=True)
    program.program.symlink_to(FTPY.program)
    library = program.run(
        "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"
    ).stdout.strip()
    Path(library, "installed.py").write_text("print(type(open).__name__)")
    done = program.run("--root", root, "-c", "import installed")
    assert done.stdout == "builtin_function_or_method\n"


# Builtins


def test_only_scripts_of_the_root_have_the_devices_builtins(root: Path) -> None:
    (root / "usr").mkdir()
    (root / "usr/tool.py").write_text(
        "import builtins, io\nopen = open\nown = builtins\nhost = io.open"
    )
    code = """
import builtins, io, linecache, shutil
from usr import tool
print(open is tool.open is builtins.open, tool.own is builtins)
print(open is io.open, tool.host is io.open)
print(shutil.copyfile.__globals__['__builtins__']['open'] is io.open)
print(bool(linecache.getlines(io.__file__)), io.open(io.__file__).name == io.__file__)
open(io.__file__)
"""
    said = run(root, code, check=False).splitlines()
    assert said[:4] == ["True True", "False True", "True", "True True"]
    assert said[-1].startswith("FileNotFoundError: [Errno 2] "), "the host's files are not there"


def test_queue_is_the_devices_for_the_root_and_pythons_for_all_others(root: Path) -> None:
    (root / "usr").mkdir()
    (root / "usr/tool.py").write_text("from queue import Queue\nfull = Queue(1)\n")
    code = """
import queue, sys
from concurrent.futures import ThreadPoolExecutor
from usr.tool import full
print(full.put('a'), full.put('b'), full.size(), type(full) is queue.Queue)
print(hasattr(queue, 'LifoQueue'), hasattr(sys.modules['queue'], 'LifoQueue'))
with ThreadPoolExecutor(1) as pool: print(pool.submit(max, 1, 2).result())
"""
    assert run(root, code) == "True False 1 True\nFalse True\n2\n"


def test_code_that_a_script_makes_has_them_too(root: Path) -> None:
    code = """
names = {}
exec("def f(): return open('/usr/x', 'w').write('y')", names); print(names['f']())
print(eval("type(open).__name__", {}))
import builtins; builtins.shared = 1; print(shared)
"""
    assert run(root, code) == "1\nfunction\n1\n"


def test_the_prompt_keeps_the_last_value(root: Path) -> None:
    done = FTPY.run(
        "-i",
        "-q",
        "--root",
        root,
        stdin="6 * 7\n_ + 1\nuos.getcwd()\nopen('/usr/x', 'w').write('y')\n",
    )
    assert done.stdout == "42\n43\n'/'\n1\n"
    assert (root / "usr/x").read_text() == "y"


# Files

BINARY = [
    ("open('/usr/f', 'wb').write('grün')", "grün".encode()),
    ("open('/usr/f', 'wb+').write(b'ab')", b"ab"),
    ("open('/usr/f', 'ab', 0).write('ab')", b"ab"),
    ("open('/usr/f', 'wb').write(bytearray(b'ab'))", b"ab"),
    ("open('/usr/f', 'wb').writelines(['a', b'b'])", b"ab"),
    ("open('/usr/f', 'w').write(b'ab')", b"ab"),
    ("open('/usr/f', 'w').write(b'\\xff\\x00')", b"\xff\x00"),
    ("open('/usr/f', 'w').write(memoryview(b'ab'))", b"ab"),
    (
        "f = open('/usr/f', 'w'); f.write('a'); f.write(b'\\xff'); f.write('b'); f.close()",
        b"a\xffb",
    ),
    ("open('/usr/f', 'w').write('a\\r\\nb\\n')", b"a\r\nb\n"),
    ("print('line', file=open('/usr/f', 'wt'))", b"line\n"),
    ("open('/usr/f', 'wU').write('a')", b"a"),
    ("open('/usr/f', 'wbz').write('a')", b"a"),
    ("open('/usr/f', 'bw').write('a')", b"a"),
    ("open('/usr/f', 'w', encoding='utf-8').write('ü')", "ü".encode()),
    ("open('/usr/f', 'wb', encoding='utf-8').write('ü')", "ü".encode()),
    ("open('/usr/f', 'w', encoding='latin-1').write('ü')", b"\xfc"),
    ("open('/usr/f', 'a+').write('a')", b"a"),
    ("open('/usr/f', 'x').write('a')", b"a"),
    ("with open('/usr/f', 'w+') as f: f.write('ab'); f.seek(0); f.write(f.read())", b"abab"),
    ("with open('/usr/f', 'wb+') as f: f.write('ab'); f.seek(0); f.write(f.read())", b"abab"),
]


@pytest.mark.parametrize(("code", "content"), BINARY, ids=[code for code, _ in BINARY])
def test_files_are_as_tolerant_as_the_devices(code: str, content: bytes, root: Path) -> None:
    run(root, code)
    assert (root / "usr/f").read_bytes() == content


@pytest.mark.parametrize(
    ("mode", "value"),
    [
        ("", "'a\\r\\nü'"),
        ("r", "'a\\r\\nü'"),
        ("rt", "'a\\r\\nü'"),
        ("rU", "'a\\r\\nü'"),
        ("z", "'a\\r\\nü'"),
        ("+", "'a\\r\\nü'"),
        ("rb", "b'a\\r\\n\\xc3\\xbc'"),
        ("b", "b'a\\r\\n\\xc3\\xbc'"),
        ("r+b", "b'a\\r\\n\\xc3\\xbc'"),
    ],
)
def test_reading(mode: str, value: str, root: Path) -> None:
    (root / "usr").mkdir()
    (root / "usr/f").write_bytes("a\r\nü".encode())
    said = FTPY.run("--root", root, "-c", f"print(repr(open('/usr/f', {mode!r}).read()))")
    assert said.stdout == f"{value}\n"


def test_writing_returns_the_number_of_bytes(root: Path) -> None:
    code = """
f = open('/usr/f', 'w')
print(f.write('grün'), f.write('abc'), f.write('grün'.encode()), f.write(b'\\xff'))
print(open('/usr/f', 'w', encoding='latin-1').write('grün'), open('/usr/f', 'wb').write('grün'))
"""
    assert run(root, code) == "5 3 5 1\n4 5\n"


def test_what_files_still_refuse(root: Path) -> None:
    for code, error in (
        ("open('/usr/f', 'wb').write(5)", "TypeError: a bytes-like object is required, not 'int'"),
        ("open('/usr/f', 'w').write(None)", "TypeError: "),
        ("open('/usr/f', 'w').write(23)", "TypeError: write() takes text or bytes, not 'int'"),
        ("open('/usr/f', 'w').write([1, 2])", "TypeError: write() takes text or bytes, not 'list'"),
        ("open('/usr/f', 'rw')", "ValueError: "),
        ("open('/usr')", "IsADirectoryError: [Errno 21]"),
        ("open(None)", "TypeError: expected str, bytes or os.PathLike object, not NoneType"),
        ("open('/usr/\\0')", "ValueError: "),
    ):
        assert f"\n{error}" in run(root, code, check=False)


def test_a_file_descriptor_is_the_hosts(root: Path) -> None:
    assert (
        run(root, "print(open(1, 'wb', closefd=False).write('direct\\n'), end='')") == "direct\n7"
    )


# The client's work with such files

SCRIPT = """
from usr.ftplib import FTP
import sys
host, port, user, password, directory = sys.argv[1:]
ftp = FTP(host=host, port=int(port), user=user, passwd=password)
ftp.cwd(directory)
path = {path!r}
"""


@pytest.mark.parametrize("path", ["usr/", "/usr/"])
@pytest.mark.parametrize(
    ("work", "name", "content"),
    [
        (
            "save_fp = open(path + 'got', 'wb+'); ftp.retrbinary('RETR blob', save_fp.write)",
            "blob",
            bytes(range(256)),
        ),
        (
            "save_fp = open(path + 'got', 'wb+'); ftp.retrlines('RETR text', save_fp.write)",
            "text",
            b"a\n\xff\nb\n",
        ),
        (
            "save_fp = open(path + 'got', 'ab', 0); ftp.retrlines('RETR text', save_fp.write)",
            "text",
            b"a\n\xff\nb",
        ),
        (
            "ftp.retrlines('RETR text', lambda line: open(path + 'got', 'ab').write(line))",
            "text",
            b"a\nb\n",
        ),
        (
            "save_fp = open(path + 'got', 'w'); ftp.retrbinary('RETR blob', save_fp.write)",
            "blob",
            b"\xff\x00\n" * 9,
        ),
    ],
)
def test_downloads(
    path: str, work: str, name: str, content: bytes, root: Path, directory: Directory
) -> None:
    directory.put(name, content)
    server = directory.server
    (root.parent / "get.py").write_text(SCRIPT.format(path=path) + work)
    account = (server.host, str(server.port), server.user, server.password, directory.path)
    FTPY.run("--root", root, root.parent / "get.py", *account)
    assert (root / "usr/got").read_bytes() == content


@pytest.mark.parametrize("call", ["storbinary", "storlines"])
def test_uploads(call: str, root: Path, directory: Directory) -> None:
    (root / "usr").mkdir()
    (root / "usr/log").write_bytes(b"one\ntwo\n")
    server = directory.server
    work = (
        f"with open('/usr/log', 'rb') as fp: print(ftp.{call}('STOR log', fp), type(fp).__name__)"
    )
    (root.parent / "put.py").write_text(SCRIPT.format(path="") + work)
    account = (server.host, str(server.port), server.user, server.password, directory.path)
    done = FTPY.run("--root", root, root.parent / "put.py", *account)
    assert done.stdout == "226 Transfer complete. BufferedReader\n"
    assert directory.read("log").replace(b"\r\n", b"\n") == b"one\ntwo\n"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_storbinary_sends_the_bytes_of_a_text_file(
    encoding: str, root: Path, directory: Directory
) -> None:
    (root / "usr").mkdir()
    text = "one\ntwo\r\nünd\n" * 2000
    (root / "usr/log").write_bytes(text.encode(encoding))
    server = directory.server
    work = f"""
sizes = []
with open('/usr/log', encoding={encoding!r}) as fp: ftp.storbinary('STOR log', fp)
with open('/usr/log', encoding={encoding!r}) as fp:
    ftp.storbinary('STOR again', fp, 1000, lambda block: sizes.append(len(block)))
print(sizes[0], sum(sizes))
"""
    (root.parent / "put.py").write_text(SCRIPT.format(path="") + work)
    account = (server.host, str(server.port), server.user, server.password, directory.path)
    done = FTPY.run("--root", root, root.parent / "put.py", *account)
    assert done.stdout == f"1000 {len(text)}\n"
    assert directory.read("log") == directory.read("again") == text.encode(encoding)


# Children

CHILD = "uos.getcwd(), open('/usr/x', 'a').write('y'), type(open).__name__"


def test_a_child_sees_the_same_root(root: Path) -> None:
    code = (
        "import subprocess, sys; uos.chdir('/usr'); "
        f"subprocess.run([sys.executable, '-c', {f'print({CHILD})'!r}], check=True)"
    )
    assert run(root, code) == "/usr 1 function\n"
    assert (root / "usr/x").read_text() == "y"


def test_a_child_may_choose_another_root_or_boot(root: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (root / "usr").mkdir()
    (root / "usr/main.py").write_text("print('main', uos.getcwd())")
    code = f"""
import os, subprocess, sys
uos.chdir('/usr')
print(os.environ['FTPY_ROOT'])
for arguments in (['--root', {str(tmp_path / "other")!r}, '-'], ['--boot']):
    subprocess.run([sys.executable, *arguments], input=b'print(uos.listdir())', check=True)
os.environ['FTPY_ROOT'] = ''
subprocess.run([sys.executable, '-c', 'print(uos.getcwd())'], check=True)
"""
    done = FTPY.run("--root", root, "-u", "-c", code)
    assert done.stdout.splitlines() == [
        str(root),
        "['bak', 'usr']",
        "main /",
        "['bak', 'usr']",
        str(root / "usr"),
    ]


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_multiprocessing(method: str, root: Path, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(
        f"import multiprocessing\n"
        f"def work(n):\n    return {CHILD}\n"
        f"if __name__ == '__main__':\n"
        f"    with multiprocessing.get_context({method!r}).Pool(1) as pool:\n"
        f"        print(pool.map(work, [1]))\n"
    )
    done = FTPY.run("--root", "device", "main.py", cwd=tmp_path)
    assert done.stdout == "[('/', 1, 'function')]\n"
    assert (root / "usr/x").read_text() == "y"


def test_a_copy_alone_in_an_empty_folder(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    shutil.copy(FTPY.program, folder / "ftpy")
    (folder / "device").mkdir()
    code = "open('/usr/x', 'wb').write('y'); print(uos.listdir('/usr'))"
    done = subprocess.run(
        ["./ftpy", "--root", "device", "-c", code],
        cwd=folder,
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("['x']\n", "")


def test_builtins_of_the_device(root: Path) -> None:
    (root / "usr").mkdir()
    (root / "usr/part.py").write_text("y = x + 1\n")
    code = "x = const(5)\nexecfile('/usr/part.py')\nprint(y)"
    assert FTPY.run("--root", root, "-c", code).stdout == "6\n"
    (root / "usr/part.py").write_text("x = 1\n1 // 0\n")
    done = FTPY.run("--root", root, "-c", "execfile('/usr/part.py')", check=False)
    assert f'File "{root}/usr/part.py", line 2' in done.stderr
    assert "1 // 0" in done.stderr


# Boot


def boot(root: Path, main: str | None, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    if main is not None:
        (root / "usr").mkdir(exist_ok=True)
        (root / "usr/main.py").write_text(main)
    done = FTPY.run("--root", root, "--boot", "-i", "-q", *arguments, stdin=stdin, check=False)
    return done.returncode, done.stdout, done.stderr.replace(">>> ", "")


def test_boot_runs_main_and_then_the_prompt(root: Path) -> None:
    main = "from usr.near import z\nx = z\nprint('main', __name__, __file__, uos.getcwd())\n"
    (root / "usr").mkdir()
    (root / "usr/near.py").write_text("z = 5")
    stdin = "x\nuos.getcwd()\nfrom usr.near import z; z\n'__file__' in globals()\n"
    assert boot(root, main, stdin=stdin) == (
        0,
        f"main __main__ {root}/usr/main.py /\n5\n'/'\n5\nFalse\n",
        "\n",
    )


def test_boot_without_main(root: Path) -> None:
    assert boot(root, None, stdin="uos.listdir('/')\n") == (0, "['bak', 'usr']\n", "\n")


@pytest.mark.parametrize(
    ("main", "said"),
    [
        ("x = 1\n1 / 0", "ZeroDivisionError: division by zero\n"),
        ("x = 1\nimport os, time; os.kill(os.getpid(), 2); time.sleep(9)", "KeyboardInterrupt\n"),
        ("x = 1\nraise SystemExit", "\n"),
        ("x = 1\nimport sys; sys.exit(7)", "\n"),
        ("x = 1\nimport sys; sys.exit('words')", "words\n"),
        ("x = 1\nreturn False", "\n"),
        ("x = 1\nif x:\n    return\nprint('no')", "\n"),
    ],
)
def test_the_prompt_comes_whatever_main_does(main: str, said: str, root: Path) -> None:
    status, out, err = boot(root, main, stdin="x\n")
    assert (status, out) == (0, "1\n")
    assert said in err


def test_no_prompt_comes_when_main_switches_off(root: Path) -> None:
    main = "from misc import Power\nPower.powerDown()\n"
    status, out, err = boot(root, main, stdin="print('the prompt')\n")
    assert (status, out) == (0, "")
    assert err.count("\n") == 1, "that misc is a stub"


def test_main_that_does_not_compile(root: Path) -> None:
    status, out, err = boot(root, "if x\n", stdin="1 + 1\n")
    assert (status, out) == (0, "2\n")
    assert f'  File "{root}/usr/main.py", line 1\n' in err
    assert "SyntaxError" in err


def test_main_that_is_a_folder(root: Path) -> None:
    (root / "usr/main.py").mkdir(parents=True)
    status, out, err = boot(root, None, stdin="1 + 1\n")
    assert (status, out) == (0, "2\n")
    assert f"ftpy: '{root}/usr/main.py' is a directory, cannot continue\n" in err


def test_boot_without_a_root_is_that_of_the_working_directory(tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/main.py").write_text("from usr.near import z\nprint(z, uos.getcwd())")
    (tmp_path / "usr/near.py").write_text("z = 5")
    done = FTPY.run("--boot", cwd=tmp_path, stdin="print('then')")
    assert done.stdout == f"5 {tmp_path}\nthen\n"


def test_boot_at_a_terminal(root: Path) -> None:
    (root / "usr").mkdir()
    (root / "usr/main.py").write_text("print('main has run')\nwhile True: pass\n")
    environment = {
        "HOME": str(root),
        "TERM": "dumb",
        "PYTHON_BASIC_REPL": "1",
        "PATH": "/usr/bin:/bin",
    }
    child = pexpect.spawn(
        str(FTPY.program),
        ["--root", str(root), "--boot"],
        env=environment,
        encoding="utf-8",
        timeout=20,
    )
    try:
        child.expect_exact("main has run")
        child.sendintr()
        child.expect_exact("KeyboardInterrupt")
        child.expect_exact("QuecPython")
        child.expect_exact(">>> ")
        child.sendline("uos.getcwd()")
        child.expect_exact("'/'")
        child.expect_exact(">>> ")
        child.sendeof()
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 0
    finally:
        child.close(force=True)


THREAD = """
import _thread, utime
print(_thread.get_heap_size() > 0, sorted(_thread.__dict__) != [])
def work(word):
    utime.sleep_ms(200)
    print(word)
    raise SystemExit
_thread.start_new_thread(work, ("on it goes",))
print("the script ends")
"""


def test_threads_go_on_when_the_script_has_ended(tmp_path: Path) -> None:
    """As on the device; the thread of a program for this computer ends with its script."""
    script = tmp_path / "script.py"
    script.write_text(THREAD)
    (tmp_path / "root").mkdir()
    done = FTPY.run("--root", tmp_path / "root", script)
    assert done.stdout == "True True\nthe script ends\non it goes\n"
    assert "on it goes" not in FTPY.run(script).stdout


WORKERS = """
import _thread, sys, utime
def work():
    while True: utime.sleep_ms(20)
for _ in range({count}): _thread.start_new_thread(work, ())
utime.sleep_ms(100)
print("started", flush=True)
{end}
"""


def start_workers(tmp_path: Path, count: int, end: str, *options: str) -> subprocess.Popen[str]:
    script = tmp_path / "script.py"
    script.write_text(WORKERS.format(count=count, end=end))
    process = subprocess.Popen(
        [FTPY.program, *options, script],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    last = Timer(30, process.kill)  # one that waits for its threads waits for ever
    last.daemon = True
    last.start()
    return process


@pytest.mark.parametrize(
    ("count", "end", "line"),
    [
        (1, "sys.exit(3)", "1 thread is still running; Ctrl-C ends it"),
        (3, "sys.exit()", "3 threads are still running; Ctrl-C ends them"),
        (2, "1 / 0", "2 threads are still running; Ctrl-C ends them"),
    ],
)
def test_whoever_waits_for_threads_after_an_early_end_says_so(
    count: int, end: str, line: str, tmp_path: Path
) -> None:
    process = start_workers(tmp_path, count, end, "--root", ".")
    assert process.stderr is not None
    said = ""
    while not said.endswith(f"ftpy: {line}\n"):
        said += (read := process.stderr.readline())
        assert read, said
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    status = {"sys.exit(3)": 3, "sys.exit()": 0}.get(end, -signal.SIGINT)
    assert process.returncode == status
    assert said == ("KeyboardInterrupt\n" if status < 0 else "")


def test_threads_that_end_soon_are_waited_for_in_silence(root: Path) -> None:
    code = (
        "import _thread, sys, utime\n"
        "_thread.start_new_thread(lambda: (utime.sleep_ms(300), print('done')), ())\n"
        "sys.exit('the end')"
    )
    assert run(root, code, check=False) == "done\nthe end\n"


@pytest.mark.parametrize("end", ["while True: utime.sleep_ms(20)", "raise KeyboardInterrupt"])
def test_one_ctrl_c_ends_the_script_and_its_threads(end: str, tmp_path: Path) -> None:
    process = start_workers(tmp_path, 2, end, "--root", ".")
    assert process.stdout is not None
    process.stdout.readline()
    if not end.startswith("raise"):
        process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGINT
    assert said.endswith("\nKeyboardInterrupt\n")


@pytest.mark.parametrize(
    ("count", "end", "who", "them"),
    [(1, "", "1 thread was", "it"), (2, "sys.exit(3)", "2 threads were", "them")],
)
def test_without_a_root_lost_threads_are_told_of(
    count: int, end: str, who: str, them: str, tmp_path: Path
) -> None:
    process = start_workers(tmp_path, count, end)
    _, said = process.communicate(timeout=20)
    assert process.returncode == (3 if end else 0)
    assert said == (
        f"ftpy: {who} still running when the script ended; "
        f"with --root ftpy waits for {them}, as the device does\n"
    )


def test_a_lost_thread_that_has_not_begun_is_told_of(tmp_path: Path) -> None:
    code = "import _thread, time; _thread.start_new_thread(time.sleep, (9,))"
    assert "1 thread was still running" in FTPY.run("-c", code, cwd=tmp_path).stderr


def test_no_other_end_is_told_of(tmp_path: Path) -> None:
    """Not that of a daemon of `threading`, of a fork's child, or of threads that have ended."""
    code = """
import _thread, threading, time, os
threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
_thread.start_new_thread(time.sleep, (0.05,))
if os.fork() == 0: raise SystemExit
os.wait()
time.sleep(0.3)
"""
    assert FTPY.run("-c", code, cwd=tmp_path).stderr == ""


@pytest.mark.parametrize("form", ["script", "boot"])
@pytest.mark.parametrize("name", ["machine", "net"])
def test_a_mock_beside_the_script(name: str, form: str, root: Path) -> None:
    (root / "usr").mkdir()
    (root / "usr" / f"{name}.py").write_text("print('mine', open.__module__)")
    (root / "usr" / "main.py").write_text(f"import {name}")
    script = [root / "usr" / "main.py"] if form == "script" else ["--boot", "-q"]
    done = FTPY.run("--root", root, *script)
    assert (done.stdout.splitlines()[0], done.stderr) == ("mine _ftpy.files", "")


@pytest.mark.usefixtures("links")
def test_path_exists_is_false_for_what_leads_out(root: Path) -> None:
    code = "import ql_fs; print(ql_fs.path_exists('/usr/file'), ql_fs.path_exists('/usr'))"
    assert run(root, code) == "False True\n"


@pytest.mark.usefixtures("links")
def test_ilistdir_does_not_look_through_a_link_that_leads_out(root: Path) -> None:
    (root / "usr/home").symlink_to(root / "bak")
    (root / "bak").mkdir()
    listed = run(root, "for n, k, _, s in uos.ilistdir('/usr'): print(n, hex(k), s)").splitlines()
    for name in ("file", "folder", "up", "chain"):
        link = (root / "usr" / name).lstat()
        assert f"{name} 0x8000 {link.st_size}" in listed
    assert "home 0x4000 0" in listed
