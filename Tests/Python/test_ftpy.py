"""`ftpy` as a command: everything that `python3` does with a command line, in the same way."""

from __future__ import annotations

import os
import py_compile
import shutil
import signal
import subprocess
from pathlib import Path
from statistics import median

import pytest
from conftest import FTPY, PYTHON3, run_script

# The forms of the command line


def test_a_script_gets_its_arguments(tmp_path: Path) -> None:
    done = run_script("import sys; print(sys.argv, __name__)", tmp_path)
    assert done.stdout == f"{[str(tmp_path / 'script.py')]} __main__\n"
    done = FTPY.run("script.py", "-x", "two words", cwd=tmp_path)
    assert done.stdout == "['script.py', '-x', 'two words'] __main__\n"


def test_a_script_finds_its_neighbours_from_any_folder(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project/neighbour.py").write_text("word = 'hello'")
    (tmp_path / "project/main.py").write_text("from neighbour import word; print(word)")
    assert FTPY.run("project/main.py", cwd=tmp_path).stdout == "hello\n"


def test_a_folder_with_a_main_file_runs(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/__main__.py").write_text("print(uos.getcwd())")
    assert FTPY.run("app", cwd=tmp_path).stdout == f"{tmp_path}\n"


def test_code_on_the_command_line(tmp_path: Path) -> None:
    done = FTPY.run("-c", "import sys; print(sys.argv)", "a", "-b", cwd=tmp_path)
    assert done.stdout == "['-c', 'a', '-b']\n"


def test_a_module_as_a_script(tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text("import sys; print(__name__, sys.argv[1:])")
    assert FTPY.run("-m", "tool", "a", cwd=tmp_path).stdout == "__main__ ['a']\n"
    done = FTPY.run("-m", "no.such", cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert "No module named 'no'" in done.stderr


@pytest.mark.parametrize("arguments", [[], ["-"], ["-", "a"]], ids=" ".join)
def test_a_script_on_standard_input(arguments: list[str], tmp_path: Path) -> None:
    done = FTPY.run(*arguments, stdin="import sys; print(sys.argv[1:])", cwd=tmp_path)
    assert done.stdout == f"{arguments[1:]}\n"
    assert done.stderr == "", "neither banner nor prompt"


def test_standard_input_is_the_scripts(tmp_path: Path) -> None:
    done = FTPY.run("-c", "print(input().upper())", stdin="hello\n", cwd=tmp_path)
    assert done.stdout == "HELLO\n"


def test_file_names_that_are_not_utf8(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.py")
    (tmp_path / name).write_text("import os, sys; print(os.fsencode(sys.argv[0]))")
    assert FTPY.run(name, cwd=tmp_path).stdout == "b'caf\\xe9.py'\n"


def test_pythons_options_and_environment_variables(tmp_path: Path) -> None:
    flags = "import sys; print(sys.flags.optimize, sys.flags.dev_mode, sys.flags.isolated)"
    assert FTPY.run("-O", "-X", "dev", "-c", flags, cwd=tmp_path).stdout == "1 True 0\n"
    assert FTPY.run("-I", "-c", flags, cwd=tmp_path).stdout == "0 False 1\n"
    path = {"PYTHONPATH": str(tmp_path / "library")}
    done = FTPY.run("-c", "import sys; print(sys.path[1])", cwd=tmp_path, environment=path)
    assert done.stdout == f"{tmp_path / 'library'}\n"


# Help and version


@pytest.mark.parametrize("option", ["-h", "-?", "--help", "-qh"])
def test_help_fits_a_screen(option: str, tmp_path: Path) -> None:
    done = FTPY.run(option, "-c", "print('not run')", cwd=tmp_path)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("usage: ftpy ")
    assert "examples:" in lines
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("option", ["-V", "--version", "-IV"])
def test_version(option: str, tmp_path: Path) -> None:
    done = FTPY.run(option, cwd=tmp_path)
    ours, python = "import ftplib; print(ftplib.__version__)", "import sys; print(sys.version)"
    version = FTPY.run("-c", ours, cwd=tmp_path).stdout.strip()
    details = FTPY.run("-c", python, cwd=tmp_path).stdout.strip()
    assert done.stdout == f"ftpy {version} (Python {details.split()[0]})\n"
    assert FTPY.run("-VV", cwd=tmp_path).stdout == f"ftpy {version} (Python {details})\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["-c", "pass", "-h"],
        ["-W", "ignore", "-c", "", "-V"],
        ["-Xdev", "script.py", "--help"],
        ["-", "-V"],
    ],
    ids=" ".join,
)
def test_a_scripts_options_are_not_ours(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "script.py").touch()
    assert FTPY.run(*arguments, cwd=tmp_path).stdout == ""


# Exit status and output


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("pass", 0),
        ("raise SystemExit", 0),
        ("import sys; sys.exit(7)", 7),
        ("import sys; sys.exit(300)", 44),
        ("import sys; sys.exit('sentence')", 1),
        ("1 / 0", 1),
        ("not python", 1),
    ],
)
def test_exit_status(code: str, status: int, tmp_path: Path) -> None:
    assert FTPY.run("-c", code, cwd=tmp_path, check=False).returncode == status
    assert run_script(code, tmp_path, check=False).returncode == status
    assert FTPY.run("-", cwd=tmp_path, stdin=code, check=False).returncode == status


@pytest.mark.parametrize("arguments", [["missing.py"], ["-X", "no", "missing.py"]], ids=" ".join)
def test_a_missing_script_is_status_2(arguments: list[str], tmp_path: Path) -> None:
    done = FTPY.run(*arguments, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "can't open file" in done.stderr
    assert "missing.py" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-z"], "unknown option -z"),
        (["-iJ"], "unknown option -J"),
        (["--rot", "x"], "unknown option --rot"),
        (["-c"], "-c needs a value"),
        (["-m"], "-m needs a value"),
        (["-iW"], "-W needs a value"),
        (["-X"], "-X needs a value"),
    ],
    ids=str,
)
def test_a_wrong_command_line_is_status_2(
    arguments: list[str], sentence: str, tmp_path: Path
) -> None:
    done = FTPY.run(*arguments, cwd=tmp_path, check=False)
    expected = f"ftpy: {sentence}; ftpy -h shows the options\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", expected)
    assert PYTHON3.run(*arguments, cwd=tmp_path, check=False).returncode == 2


def test_pythons_options_are_known(tmp_path: Path) -> None:
    for option in "bBdEIOPqRsStuvx":
        if PYTHON3.run(f"-{option}", "-c", "", cwd=tmp_path, check=False).returncode == 0:
            assert FTPY.run(f"-{option}", "-c", "", cwd=tmp_path).stdout == ""
    for option in ("--help-env", "--help-xoptions", "--help-all"):
        assert FTPY.run(option, cwd=tmp_path).stdout


@pytest.mark.parametrize("arguments", [[], ["-"], ["-c", "pass"]], ids=" ".join)
def test_standard_input_may_be_closed(arguments: list[str], tmp_path: Path) -> None:
    for program in (FTPY.program, PYTHON3.program):
        command = ["sh", "-c", '"$@" <&-', "sh", str(program), *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("source", [True, False], ids=["source", "compiled"])
def test_ctrl_c_ends_a_script_as_a_shell_expects(source: bool, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("print('ready', flush=True)\nwhile True: pass\n")
    py_compile.compile(str(tmp_path / "script.py"), str(tmp_path / "script.pyc"))
    running = subprocess.Popen(
        [FTPY.program, "script.py" if source else "script.pyc"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=20)[1]
    assert running.returncode == -signal.SIGINT
    assert said.endswith("\nKeyboardInterrupt\n")


def test_ctrl_c_is_130_in_a_shell(tmp_path: Path) -> None:
    interrupted = '"$0" -c "import os; os.kill(os.getpid(), 2)"; echo $?'
    done = subprocess.run(
        ["/bin/sh", "-c", interrupted, FTPY.program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "130\n"


def test_output_is_complete_however_the_script_ends(tmp_path: Path) -> None:
    done = FTPY.run("-c", "print('said'); raise SystemExit(3)", cwd=tmp_path, check=False)
    assert done.stdout == "said\n"


def test_tracebacks_name_the_scripts_lines(tmp_path: Path) -> None:
    source = "def outer():\n    uos.remove('missing')\n\nouter()\n"
    done = run_script(source, tmp_path, check=False)
    script = tmp_path / "script.py"
    assert f'  File "{script}", line 4, in <module>\n    outer()\n' in done.stderr
    assert f"  File \"{script}\", line 2, in outer\n    uos.remove('missing')\n" in done.stderr
    assert done.stderr.endswith(
        "FileNotFoundError: [Errno 2] No such file or directory: 'missing'\n"
    )


# Where the program is


EXECUTABLE = "import sys; print(sys.executable)"


def test_the_program_itself_is_sys_executable(tmp_path: Path) -> None:
    assert FTPY.run("-c", EXECUTABLE, cwd=tmp_path).stdout == f"{FTPY.program}\n"
    (tmp_path / "here").symlink_to(FTPY.program)
    relative = subprocess.run(
        ["./here", "-c", EXECUTABLE], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert relative.stdout == f"{tmp_path / 'here'}\n"


def test_the_program_is_found_through_path(tmp_path: Path) -> None:
    (tmp_path / "ftpy").symlink_to(FTPY.program)
    found = subprocess.run(
        ["ftpy", "-c", EXECUTABLE],
        executable=FTPY.program,
        env={"PATH": f"/nowhere:{tmp_path}:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == f"{tmp_path / 'ftpy'}\n"


@pytest.mark.parametrize("name", ["ftpy", "/bin/sh", "sh", "./nothing", ""])
def test_a_false_name_does_not_mislead_it(name: str, tmp_path: Path) -> None:
    misled = subprocess.run(
        [name, "-c", EXECUTABLE],
        executable=FTPY.program,
        env={"PATH": "/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert misled.stdout == f"{FTPY.program.resolve()}\n"


def test_scripts_start_it_again(tmp_path: Path) -> None:
    again = "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]], check=True)"
    done = FTPY.run("-c", again, "-c", "import usr.ftplib; print(usr.ftplib)", cwd=tmp_path)
    assert done.stdout == "<module 'ftplib' (built-in)>\n"


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_multiprocessing(method: str, tmp_path: Path) -> None:
    source = f"""
import multiprocessing
from usr.ftplib import FTP

def name_of(kind):
    import ftplib
    return kind.__name__ if kind is ftplib.FTP else 'another class'

if __name__ == '__main__':
    with multiprocessing.get_context({method!r}).Pool(1) as pool:
        print(pool.map(name_of, [FTP]))
"""
    assert run_script(source, tmp_path).stdout == "['FTP']\n"


@pytest.mark.parametrize("ending", ["", "return False"])
@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_multiprocessing_of_a_script_that_uses_uos(
    method: str, ending: str, tmp_path: Path
) -> None:
    source = f"""
import multiprocessing

def here(n):
    return uos.getcwd(), __name__

if __name__ == '__main__':
    with multiprocessing.get_context({method!r}).Pool(1) as pool:
        (cwd, name), = pool.map(here, [1])
        print(cwd, name == ('__main__' if {method!r} == 'fork' else '__mp_main__'))
{ending}
"""
    done = run_script(source, tmp_path, check=not ending)
    assert (done.returncode, done.stdout) == (int(bool(ending)), f"{tmp_path} True\n")


@pytest.mark.parametrize("program", ["python", "python3", "ftpy"])
def test_virtual_environments(program: str, tmp_path: Path) -> None:
    FTPY.run("-m", "venv", "--without-pip", "env", cwd=tmp_path)
    (tmp_path / "env/bin/ftpy").unlink(missing_ok=True)
    (tmp_path / "env/bin/ftpy").symlink_to(FTPY.program)
    prefix = "import ftplib, sys; print(sys.prefix, ftplib.__spec__.origin)"
    done = subprocess.run(
        [tmp_path / "env/bin" / program, "-c", prefix], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{tmp_path / 'env'} built-in\n"


def test_a_copy_alone_in_an_empty_folder(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    shutil.copy(FTPY.program, folder / "ftpy")
    code = "import usr.ftplib, sys; print(usr.ftplib.__name__, uos.listdir(), sys.executable)"
    done = subprocess.run(
        ["./ftpy", "-c", code], cwd=folder, env={}, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"ftplib ['ftpy'] {folder / 'ftpy'}\n"
    assert done.stderr == ""


# What a start costs


def test_nothing_is_imported_before_a_script_asks(tmp_path: Path) -> None:
    late = {"ftplib", "socket", "usr", "_ftpy.memory", "importlib.machinery", "collections"}
    code = f"import sys; print({late} & set(sys.modules))"
    assert FTPY.run("-I", "-c", code, cwd=tmp_path).stdout == "set()\n"


@pytest.mark.timeout(240)
def test_a_start_takes_little_longer_than_pythons(tmp_path: Path) -> None:
    # What the linker has just written lies in the system's cache in small pieces; a copy does not.
    ours = str(shutil.copy(FTPY.program, tmp_path / "ftpy"))

    def seconds(program: str) -> float:
        """The processor's time for a start: other work on the machine counts little."""
        child = os.posix_spawn(program, [program, "-c", "pass"], os.environ)
        _, status, usage = os.wait4(child, 0)
        assert status == 0
        return usage.ru_utime + usage.ru_stime

    def ratio(rounds: int) -> float:
        pairs = [(seconds(ours), seconds(str(PYTHON3.program))) for _ in range(rounds)]
        return median(mine for mine, _ in pairs) / median(pythons for _, pythons in pairs)

    # 1.12 where Python is in the binary, 1.25 where it is the shared library.
    most = 1.2 if is_static() else 1.35
    assert any(ratio(rounds) <= most for rounds in (20, 40, 80))


# Python in the binary


def is_static() -> bool:
    """Whether Python is in the binary, not a library that it loads."""
    libraries = subprocess.run(["ldd", FTPY.program], capture_output=True, text=True, check=True)
    return "libpython" not in libraries.stdout


def test_python_is_in_the_binary_where_the_system_has_it_as_a_static_library() -> None:
    asked = ["pkg-config", "--variable=libdir", "python3-embed"]
    folder = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    version = FTPY.run("-c", "import sys; print('%d.%d' % sys.version_info[:2])").stdout.strip()
    # Debian's package of 3.11 has been seen to link; the build says so when one does not.
    if version != "3.11" or not Path(folder, f"libpython{version}.a").exists():
        pytest.skip(f"no static library of Python {version} in {folder}")
    assert is_static()


def test_extensions_find_all_of_pythons_names_in_the_binary(tmp_path: Path) -> None:
    listed = subprocess.run(
        ["nm", "-D", "--defined-only", PYTHON3.program], capture_output=True, text=True, check=True
    )
    words = {line.split()[-1] for line in listed.stdout.splitlines()}
    names = sorted(word for word in words if word.startswith(("Py", "_Py")))
    if len(names) < 100:
        pytest.skip("this python3 has its names in a library")
    source = f"""
import ctypes, _decimal, _json, _sqlite3, _ssl
print([name for name in {names} if not hasattr(ctypes.pythonapi, name)])
print(ctypes.pythonapi.Py_IsInitialized())
"""
    assert run_script(source, tmp_path).stdout == "[]\n1\n"


def test_an_extension_in_c(tmp_path: Path) -> None:
    (tmp_path / "twice.c").write_text(
        """
#include <Python.h>
static PyObject *of(PyObject *module, PyObject *value) { return PyNumber_Add(value, value); }
static PyMethodDef functions[] = {{"of", of, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "twice", NULL, 0, functions};
PyMODINIT_FUNC PyInit_twice(void) { return PyModule_Create(&definition); }
"""
    )
    include = FTPY.run(
        "-c", "import sysconfig; print(sysconfig.get_path('include'))"
    ).stdout.strip()
    subprocess.run(
        ["cc", "-shared", "-fPIC", f"-I{include}", "-o", "twice.so", "twice.c"],
        cwd=tmp_path,
        check=True,
    )
    code = "import twice; print(twice.of('ab'), twice.of(21))"
    assert FTPY.run("-c", code, cwd=tmp_path).stdout == "abab 42\n"


# Tools that scripts' authors use


def test_pytest_runs_inside(tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/tool.py").write_text("from usr.ftplib import FTP")
    (tmp_path / "test_tool.py").write_text(
        "import ftplib, uos\n"
        "from usr.tool import FTP\n"
        "def test(tmp_path, monkeypatch):\n"
        "    monkeypatch.setattr(uos, 'getcwd', lambda: '/usr')\n"
        "    assert FTP is ftplib.FTP\n"
        "    assert uos.getcwd() == '/usr' and uos.listdir(str(tmp_path)) == []\n"
    )
    library = {"PYTHONPATH": str(Path(pytest.__file__).parent.parent)}
    done = FTPY.run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path, environment=library
    )
    assert done.stdout.splitlines()[-1].startswith("1 passed")
