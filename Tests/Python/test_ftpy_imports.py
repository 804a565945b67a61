"""`ftplib`, `usr.ftplib`, `usr` and `uos` as scripts in ftpy import them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import FTPY, run_script

# One module under every name

FORMS = (
    "import ftplib; found = ftplib",
    "import usr.ftplib; found = usr.ftplib",
    "from usr import ftplib as found",
    "import usr.ftplib as found",
    "from usr.ftplib import FTP; import sys; found = sys.modules['usr.ftplib']",
    "import importlib; found = importlib.import_module('usr.ftplib')",
)
IDENTITY = (
    "; print(found.__name__, found.__spec__.name, found.__spec__.origin, found.FTP.__module__)"
)


@pytest.mark.parametrize(("first", "second"), [*itertools.permutations(FORMS, 2)])
def test_every_form_gives_the_same_object(first: str, second: str, tmp_path: Path) -> None:
    code = f"{first}{IDENTITY}; kept = found; {second}; assert kept is found"
    assert FTPY.run("-c", code, cwd=tmp_path).stdout == "ftplib ftplib built-in ftplib\n"


def shadow_in_a_file(folder: Path) -> Path:
    (folder / "usr").mkdir()
    return folder / "usr/ftplib.py"


def shadow_in_a_package(folder: Path) -> Path:
    (folder / "usr/ftplib").mkdir(parents=True)
    return folder / "usr/ftplib/__init__.py"


def shadow_in_a_regular_usr(folder: Path) -> Path:
    (folder / "usr").mkdir()
    (folder / "usr/__init__.py").touch()
    return folder / "usr/ftplib.py"


@pytest.mark.parametrize("place", ["working directory", "script's folder"])
@pytest.mark.parametrize("shadow", [shadow_in_a_file, shadow_in_a_package, shadow_in_a_regular_usr])
@pytest.mark.parametrize("form", FORMS)
def test_a_file_of_that_name_is_not_loaded(
    form: str, shadow: Callable[[Path], Path], place: str, tmp_path: Path
) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
    file = shadow(tmp_path / ("here" if place == "working directory" else "there"))
    file.write_text("raise SystemExit('the wrong one')")
    (tmp_path / "there/script.py").write_text(form + IDENTITY)
    quiet = FTPY.run(tmp_path / "there/script.py", cwd=tmp_path / "here")
    assert quiet.stdout == "ftplib ftplib built-in ftplib\n"
    assert quiet.stderr == ""
    verbose = FTPY.run("-v", tmp_path / "there/script.py", cwd=tmp_path / "here")
    assert (
        f"# ftpy: usr.ftplib is built in; {file} is not loaded\n" in verbose.stderr
        or "usr" not in form
    )


def test_a_file_beside_the_script_does_not_replace_it(tmp_path: Path) -> None:
    (tmp_path / "ftplib.py").write_text("raise SystemExit('the wrong one')")
    done = run_script("import ftplib; print(ftplib.__spec__.origin)", tmp_path)
    assert done.stdout == "built-in\n"
    verbose = FTPY.run("-v", "script.py", cwd=tmp_path)
    assert f"# ftpy: ftplib is built in; {tmp_path / 'ftplib.py'} is not loaded\n" in verbose.stderr


def test_reload_and_pickle(tmp_path: Path) -> None:
    source = """
import importlib, pickle, usr.ftplib
module = usr.ftplib
assert importlib.reload(module) is module
import ftplib
assert ftplib is module is usr.ftplib
assert pickle.loads(pickle.dumps(module.FTP)) is module.FTP
assert isinstance(pickle.loads(pickle.dumps(module.Error('550 no'))), module.Error)
"""
    run_script(source, tmp_path)


def test_threads_importing_at_once(tmp_path: Path) -> None:
    source = """
import threading
start = threading.Barrier(8)
found = []

def look(number):
    start.wait()
    if number % 2:
        from usr.ftplib import FTP
    else:
        from ftplib import FTP
    found.append((FTP, uos.getcwd()))

threads = [threading.Thread(target=look, args=(n,)) for n in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len(found) == 8 and len(set(found)) == 1, found
"""
    run_script(source, tmp_path)


# The package `usr`


def test_no_usr_folder_at_all(tmp_path: Path) -> None:
    done = FTPY.run("-c", "import usr; print(usr.__path__)", cwd=tmp_path)
    assert done.stdout == f"{[str(tmp_path / 'usr')]}\n"
    done = FTPY.run("-c", "import usr.tool", cwd=tmp_path, check=False)
    assert done.stderr.endswith("ModuleNotFoundError: No module named 'usr.tool'\n")


def two_folders(tmp_path: Path) -> tuple[Path, Path]:
    """The folder of a script and a working directory, each with a `usr` in it."""
    there, here = tmp_path / "there", tmp_path / "here"
    for folder in (there, here):
        (folder / "usr").mkdir(parents=True)
        (folder / "usr/both.py").write_text(f"place = {folder.name!r}")
        (folder / f"usr/only_{folder.name}.py").write_text(f"place = {folder.name!r}")
    return there, here


IMPORTS = (
    "from usr.only_there import place as a; from usr.only_here import place as b; "
    "from usr.both import place as c; print(a, b, c)"
)


def test_usr_beside_the_script_and_in_the_working_directory_are_one(tmp_path: Path) -> None:
    there, here = two_folders(tmp_path)
    (there / "script.py").write_text(IMPORTS)
    assert FTPY.run("../there/script.py", cwd=here).stdout == "there here there\n"


@pytest.mark.parametrize("owner", ["there", "here"])
def test_a_users_own_init_file_is_run(owner: str, tmp_path: Path) -> None:
    there, here = two_folders(tmp_path)
    (tmp_path / owner / "usr/__init__.py").write_text("greeting = 'mine'")
    (there / "script.py").write_text(f"import usr; print(usr.greeting); {IMPORTS}")
    assert FTPY.run("../there/script.py", cwd=here).stdout == f"mine\nthere here {owner}\n"


def test_a_script_inside_usr_means_that_usr(tmp_path: Path) -> None:
    (tmp_path / "device/usr").mkdir(parents=True)
    (tmp_path / "device/usr/tool.py").write_text("word = 'hello'")
    (tmp_path / "device/usr/main.py").write_text("from usr.tool import word; print(word)")
    for cwd, script in (
        (".", "device/usr/main.py"),
        ("device", "usr/main.py"),
        ("device/usr", "main.py"),
    ):
        assert FTPY.run(script, cwd=tmp_path / cwd).stdout == "hello\n"


@pytest.mark.parametrize(
    "arguments", [["-c", IMPORTS], ["-"], ["-m", "run"]], ids=lambda words: words[0]
)
def test_usr_in_every_form_of_the_command_line(arguments: list[str], tmp_path: Path) -> None:
    here = two_folders(tmp_path)[1]
    (here / "usr/only_there.py").write_text("place = 'copied'")
    (here / "run.py").write_text(IMPORTS)
    assert FTPY.run(*arguments, stdin=IMPORTS, cwd=here).stdout == "copied here here\n"


def test_usr_modules_run_as_scripts(tmp_path: Path) -> None:
    (tmp_path / "usr/app").mkdir(parents=True)
    (tmp_path / "usr/tool.py").write_text("print(__name__, __package__)")
    (tmp_path / "usr/app/__main__.py").write_text(
        "from ..tool import __name__ as name; print(name)"
    )
    assert FTPY.run("-m", "usr.tool", cwd=tmp_path).stdout == "__main__ usr\n"
    assert FTPY.run("-m", "usr.app", cwd=tmp_path).stdout == "usr.tool usr\nusr.tool\n"


def test_a_usr_made_by_the_script_itself(tmp_path: Path) -> None:
    source = """
from usr.ftplib import FTP
uos.mkdir('usr')
with open('usr/made.py', 'w') as file: file.write('word = "fresh"')
from usr.made import word
print(word)
"""
    assert run_script(source, tmp_path).stdout == "fresh\n"


@pytest.mark.parametrize("option", ["-I", "-P"])
def test_isolation_does_not_trust_the_working_directory(option: str, tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/tool.py").touch()
    done = FTPY.run(option, "-c", "import usr.ftplib; import usr.tool", cwd=tmp_path, check=False)
    assert done.stderr.endswith("ModuleNotFoundError: No module named 'usr.tool'\n")


def test_a_removed_working_directory(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    code = "uos.rmdir(uos.getcwd()); from usr.ftplib import FTP; print(FTP.__name__)"
    assert FTPY.run("-c", code, cwd=tmp_path / "gone").stdout == "FTP\n"


# `uos`

PREDEFINED = "import sys; print(uos is sys.modules['uos'], uos.getcwd())"


@pytest.mark.parametrize("form", ["script", "-c", "-m", "-", "pipe"])
def test_uos_is_predefined(form: str, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(PREDEFINED)
    forms = {
        "script": ["main.py"],
        "-c": ["-c", PREDEFINED],
        "-m": ["-m", "main"],
        "-": ["-"],
        "pipe": [],
    }
    assert FTPY.run(*forms[form], stdin=PREDEFINED, cwd=tmp_path).stdout == f"True {tmp_path}\n"


def test_imported_and_predefined_uos_are_one(tmp_path: Path) -> None:
    code = "known = uos; del uos; import uos; print(known is uos, uos.__spec__.name)"
    assert FTPY.run("-c", code, cwd=tmp_path).stdout == "True uos\n"
    (tmp_path / "tool.py").write_text(
        "import uos\nfrom uos import *\nassert listdir is uos.listdir"
    )
    assert FTPY.run("-c", "import tool; print(tool.uos is uos)", cwd=tmp_path).stdout == "True\n"


def test_a_users_own_uos_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "uos.py").write_text("raise SystemExit('the wrong one')")
    done = run_script("import uos; print(uos.__spec__.origin)", tmp_path)
    assert done.stdout == "<ftpy>/uos\n"
    verbose = FTPY.run("-v", "script.py", cwd=tmp_path)
    assert f"# ftpy: uos is built in; {tmp_path / 'uos.py'} is not loaded\n" in verbose.stderr


def test_the_source_of_device_modules_is_there_to_read(tmp_path: Path) -> None:
    source = """
import inspect, traceback
print(inspect.getsource(uos.rmdir).splitlines()[0])
try:
    uos.mkdir('.')
except OSError:
    print(traceback.format_exc())
"""
    said = run_script(source, tmp_path).stdout
    assert said.startswith("def rmdir(path: str, /) -> None:\n")
    assert 'File "<ftpy>/uos", line' in said
    assert "    _os.mkdir(_host(path, entry=True, at_root=_EEXIST))\n" in said


def test_a_file_on_the_path_is_not_quoted_as_ours(tmp_path: Path) -> None:
    (tmp_path / "uos.py").write_text("the wrong line\n" * 200)
    assert "the wrong line" not in run_script("uos.mkdir('.')", tmp_path, check=False).stderr


def test_asking_for_a_module_of_the_device_alone_is_no_import(tmp_path: Path) -> None:
    source = """
import importlib.util, importlib
print(importlib.util.find_spec('machine'), importlib.util.find_spec('uos') is not None)
try: importlib.import_module('machine')
except ModuleNotFoundError as error: print(error)
import machine
"""
    done = run_script(source, tmp_path, check=False)
    asked, told = done.stdout.splitlines()
    assert asked == "None True"
    assert told.startswith("machine runs only on the device")
    assert done.stderr.endswith(f"ModuleNotFoundError: {told}\n")


@pytest.mark.parametrize("statement", ["__import__('mod\\udcff')", "import mod"])
def test_a_name_that_is_no_utf_8(statement: str, tmp_path: Path) -> None:
    (tmp_path / "mod\udcff.py").write_text("print('found')")
    done = FTPY.run("-c", statement, cwd=tmp_path, check=False)
    assert (done.stdout == "found\n") == ("udcff" in statement)
    assert ("No module named 'mod'" in done.stderr) == ("udcff" not in statement)
