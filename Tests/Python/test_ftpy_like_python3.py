"""Command lines that `ftpy` and `python3` take in the same way: output, messages and exit status.

`ftpy` runs scripts, `-c`, `-m` and standard input itself, so that a chunk can be one. Whatever is
no chunk must not show it.
"""

from __future__ import annotations

import os
import re
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import FTPY, PYTHON3

SCRIPTS: dict[str, str | bytes] = {
    "show.py": "import sys; print(sys.argv, sys.path[0], __name__, __file__, __cached__, __spec__)",
    "loader.py": "print(type(__loader__).__name__, __loader__.path, __builtins__.__name__)",
    "error.py": "def f():\n    return 1 / 0\n\n\nf()\n",
    "exit.py": "import sys\nprint('out')\nsys.exit('a sentence')",
    "exit7.py": "import sys; sys.exit(7)",
    "syntax.py": "x = 1\nif x\n    y = 2\n",
    "imports.py": "import syntax",
    "future.py": "from __future__ import annotations\n"
    "def f(x: undefined): pass\nprint(f.__annotations__)",
    "input.py": "print(input())",
    "latin.py": b"# -*- coding: latin-1 -*-\nprint(ascii('caf\xe9'))\n",
    "undeclared.py": b"print('caf\xe9')\n",
    "nul.py": b"print(1)\n\0\n",
    "marked.py": b"\xef\xbb\xbfprint('marked')\n",
    "windows.py": b"print(1)\r\nprint(2)\r\n",
    "empty.py": "",
    "skipped.py": "this is no Python\nimport sys; print('second'); raise ValueError",
    "compiling.py": "compile('return 1', 'text', 'exec')",
    "running.py": "exec('x = 1\\nreturn x')",
    "raising.py": "raise SyntaxError(\"'return' outside function\")",
    "body.py": "class A:\n    return 1\n",
    "interrupt.py": "import os, time; os.kill(os.getpid(), 2); time.sleep(9)",
    "atexit.py": "import atexit, sys; atexit.register(print, 'last'); sys.exit(4)",
    "later.py": "import os; os.environ['PYTHONINSPECT'] = '1'; x = 1",
    "flags.py": "import sys; print(sys.flags, sys._xoptions, sys.warnoptions)",
    "app/__main__.py": "import sys; print(sys.argv, sys.path[0], __name__); import side",
    "app/side.py": "print('side')",
    "package/__init__.py": "print('package', __name__)",
    "package/__main__.py": "import sys; print(sys.argv[1:], __package__, __spec__.name)",
    "plain/nothing.txt": "",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("like") / "here"
    for name, content in SCRIPTS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
    with zipfile.ZipFile(folder / "app.zip", "w") as archive:
        archive.write(folder / "app/__main__.py", "__main__.py")
        archive.write(folder / "app/side.py", "side.py")
    compiling = "import py_compile, sys; py_compile.compile(*sys.argv[1:])"
    for compiled in ("compiled.pyc", "compiled.dat"):
        PYTHON3.run("-c", compiling, folder / "show.py", folder / compiled)
    (folder / "link.py").symlink_to("app/../show.py")
    (folder / "secret.py").write_text("")
    return folder


def run(
    program: Path, arguments: Sequence[str], folder: Path, stdin: bytes, environment: dict[str, str]
) -> tuple[int, str, str]:
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "FTP"))}
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        timeout=60,
        env={**plain, "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", **environment},
        check=False,
    )
    texts = [text.decode("utf-8", "replace") for text in (done.stdout, done.stderr)]
    texts = [re.sub(r"0x[0-9a-f]+", "0x", text) for text in texts]
    own_name = re.compile(rf"^(usage: )?({re.escape(str(program))}|{program.name})\b", re.MULTILINE)
    return done.returncode, texts[0], own_name.sub(r"\1PROGRAM", texts[1])


def compare(
    arguments: Sequence[str],
    folder: Path,
    stdin: bytes = b"",
    environment: dict[str, str] | None = None,
) -> tuple[int, str, str]:
    """Runs both; what they have in common."""
    outcome = run(FTPY.program, arguments, folder, stdin, environment or {})
    assert outcome == run(PYTHON3.program, arguments, folder, stdin, environment or {})
    return outcome


@pytest.fixture(scope="module", autouse=True)
def same_python() -> None:
    version = ["-c", "import sys; print(sys.version)"]
    if FTPY.run(*version).stdout != PYTHON3.run(*version).stdout:
        pytest.skip(f"{PYTHON3.program} is another Python than ftpy's")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["show.py", "a", "-b", "--root", "c"], 0),
        (["./show.py"], 0),
        (["../here/show.py"], 0),
        (["--", "show.py", "--boot"], 0),
        (["link.py"], 0),
        (["compiled.pyc", "a"], 0),
        (["compiled.dat"], 0),
        (["loader.py"], 0),
        (["error.py"], 1),
        (["exit.py"], 1),
        (["exit7.py"], 7),
        (["atexit.py"], 4),
        (["syntax.py"], 1),
        (["imports.py"], 1),
        (["future.py"], 0),
        (["latin.py"], 0),
        (["undeclared.py"], 1),
        (["nul.py"], None),
        (["marked.py"], 0),
        (["windows.py"], 0),
        (["empty.py"], 0),
        (["-x", "skipped.py"], 1),
        (["compiling.py"], 1),
        (["running.py"], 1),
        (["raising.py"], 1),
        (["interrupt.py"], -2),
        (["-O", "flags.py"], 0),
        (["-OO", "-q", "-E", "-X", "dev", "-Wignore", "flags.py"], 0),
        (["-I", "-X", "utf8", "-c", "import sys; print(sys.flags, sys.path)"], 0),
        (["-P", "show.py"], 0),
        (["-Es", "flags.py"], 0),
        (["app", "a"], 0),
        (["app.zip", "a"], 0),
        (["plain"], 1),
        (["missing.py"], 2),
        (["missing/x.py"], 2),
        (["-c", "import sys; print(sys.argv, sys.path[0], __name__)", "-c", "-m"], 0),
        (["-c", "import sys; print(sys.orig_argv[1:])"], 0),
        (["-cprint(1)"], 0),
        (["-Oc", "print(__debug__)"], 0),
        (["-c", "1 / 0"], 1),
        (["-c", "if x"], 1),
        (["-c", "__file__"], 1),
        (["-c", "import os; os.kill(os.getpid(), 2)"], -2),
        (["-c", "raise SystemExit(-1)"], 255),
        (["-c", "raise SystemExit('words')"], 1),
        (["-m", "show", "a"], 0),
        (["-mshow"], 0),
        (["-m", "package", "a"], 0),
        (["-m", "no.such"], 1),
        (["-m", "exit7"], 7),
        (["-m", "error"], 1),
        (["-m", "interrupt"], -2),
        (["-m", "json.tool", "--help"], 0),
        (["-X", "warn_default_encoding", "flags.py"], 0),
        (["-X", "dev", "-X", "utf8=0", "-W", "error", "-bb", "flags.py"], 0),
        (["--help-xoptions"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_command_lines(arguments: list[str], status: int | None, folder: Path) -> None:
    outcome = compare(arguments, folder)
    assert status is None or outcome[0] == status


# Python 3.11 cannot read another encoding than UTF-8 from a pipe; ftpy can.
@pytest.mark.parametrize("name", [n for n in SCRIPTS if "/" not in n and n != "latin.py"])
@pytest.mark.parametrize("form", ["-", "pipe"])
def test_scripts_on_standard_input(name: str, form: str, folder: Path) -> None:
    compare(["-", "a"] if form == "-" else [], folder, (folder / name).read_bytes())


def test_a_script_on_standard_input_from_a_file_that_is_partly_read(folder: Path) -> None:
    outcomes = []
    for program in (FTPY.program, PYTHON3.program):
        command = f'(read line; "{program}" -) < skipped.py'
        done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, check=False)
        outcomes.append((done.returncode, done.stdout, done.stderr))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][1] == b"second\n"


@pytest.mark.parametrize("source", ["print(__name__)", "def f():\n    return 2\nprint(f())", "1/0"])
def test_a_script_that_can_be_read_but_once(source: str, folder: Path) -> None:
    (folder / "once.py").write_text(source)
    said = []
    for program in (FTPY.program, PYTHON3.program):
        command = f'"{program}" <(cat once.py)'
        done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, check=False)
        said.append((done.returncode, done.stdout, re.sub(rb"/dev/fd/\d+", b"FILE", done.stderr)))
    assert said[0] == said[1]


@pytest.mark.parametrize("form", ["file", "pipe", "input", "boot"])
def test_the_scripts_file_is_closed_while_it_runs(form: str, tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    script = tmp_path / "usr" / "main.py"
    script.write_text(
        "import os\nprint(sorted(os.listdir('/proc/self/fd'))[:-1])\nraise SystemExit"
    )
    arguments: dict[str, list[str | Path]] = {
        "file": [script],
        "pipe": ["/dev/fd/0"],
        "input": ["-"],
        "boot": ["--boot", "-q"],
    }
    text = "" if form == "boot" else script.read_text()
    done = FTPY.run(*arguments[form], stdin=text, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("['0', '1', '2']\n", "")


@pytest.mark.parametrize("form", ["-", "/dev/fd/0"])
def test_a_script_from_a_pipe_needs_no_folder_for_temporary_files(form: str) -> None:
    """All folders are read-only in a namespace of its own, where the system lets us have one."""
    alone = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    mount = "mount -t tmpfs -o ro none /tmp"
    if subprocess.run([*alone, mount], capture_output=True, check=False).returncode:
        pytest.skip("no namespace of one's own here")
    run = f'exec 3< "$0"; {mount} && exec /proc/self/fd/3 {form}'
    command: list[str | Path] = [*alone, run, FTPY.program]
    source = "print('# -*- coding')\nif 1: return"
    done = subprocess.run(command, input=source, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("# -*- coding\n", "")


def test_a_script_that_may_not_be_read(folder: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (folder / "secret.py").chmod(0)
    assert compare(["secret.py"], folder)[0] == 2


@pytest.mark.parametrize(
    ("arguments", "stdin", "environment"),
    [
        (["-i", "show.py"], b"__name__, __builtins__.__name__\n", {}),
        (["-i", "error.py"], b"f\n", {}),
        (["-i", "exit7.py"], b"sys\n", {}),
        (["-i", "future.py"], b"def g(x: undefined): pass\n\ng.__annotations__\n", {}),
        (["-i", "-c", "x = 5"], b"x\n", {}),
        (["-i", "-m", "show"], b"1 + 1\n", {}),
        (["-i", "app"], b"1 + 1\n", {}),
        (["-i", "interrupt.py"], b"1 + 1\n", {}),
        (["-i", "show.py"], b"1 + 1\n", {"PYTHONSTARTUP": "exit7.py"}),
        (["-i", "missing.py"], b"1 + 1\n", {}),
        (["-i", "show.py"], b"raise SystemExit(3)\n", {}),
        (["-i", "show.py"], b"import sys; sys.path[0]\nsys.flags.quiet\n", {}),
        (["later.py"], b"x\n", {}),
        (["show.py"], b"1\n", {"PYTHONINSPECT": "1"}),
    ],
    ids=lambda value: None if isinstance(value, bytes) else " ".join(value),
)
def test_the_prompt_after_a_script(
    arguments: list[str], stdin: bytes, environment: dict[str, str], folder: Path
) -> None:
    compare(arguments, folder, stdin, environment)


def test_standard_input_stays_the_scripts(folder: Path) -> None:
    assert compare(["input.py"], folder, b"a line\n")[1] == "a line\n"


def test_audit_hooks_are_told(folder: Path) -> None:
    (folder / "sitecustomize.py").write_text(
        "import sys\n"
        "def note(event, arguments):\n"
        "    if event.startswith('cpython.run_'): print(event, *map(str, arguments))\n"
        "sys.addaudithook(note)\n"
    )
    path = {"PYTHONPATH": str(folder)}
    for arguments in (["empty.py"], ["-c", "pass"], ["-m", "empty"], ["-"], ["-i", "empty.py"]):
        assert compare(arguments, folder, b"pass", path)[1].startswith("cpython.run_")


@pytest.mark.parametrize(
    "arguments",
    [["show.py"], ["-c", "print(1)"], ["-m", "json.tool", "-h"]],
    ids=" ".join,
)
def test_output_that_cannot_be_written_is_status_120(arguments: list[str], folder: Path) -> None:
    ended = []
    for program in (FTPY.program, PYTHON3.program):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [program, *arguments],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
            )
        ended.append((done.returncode, b"No space left on device" in done.stderr))
    assert ended[0] == ended[1]
    assert ended[0][0] != 0


ENCODINGS = (
    "import sys; print(sys.getfilesystemencoding(), sys.stdout.encoding, sys.flags.utf8_mode)"
)


@pytest.mark.parametrize("options", [[], ["-I"], ["-E"], ["-X", "utf8"]], ids=" ".join)
@pytest.mark.parametrize("locale", [{}, {"LANG": "C.UTF-8"}, {"LC_ALL": "C"}, {"LC_ALL": "POSIX"}])
def test_encodings_in_an_empty_environment(options: list[str], locale: dict[str, str]) -> None:
    said = [
        subprocess.check_output([program, *options, "-c", ENCODINGS], env=locale)
        for program in (FTPY.program, PYTHON3.program)
    ]
    assert said[0] == said[1]
    assert said[0].startswith(b"utf-8 utf-8 ")


WORK = """
import io, os, sys
from usr.ftplib import FTP
from usr.tool import value
with open('usr/x', 'wb') as f: f.write(b'y')
uos.listdir('usr'), uos.stat('usr/x'), uos.uname()
for n in range(3):
    if n == 2: return False
"""


@pytest.mark.parametrize("options", [[], ["--root", "device"]], ids=["here", "root"])
def test_nothing_of_ours_is_at_odds_with_pythons_checks(options: list[str], tmp_path: Path) -> None:
    for folder in (tmp_path / "usr", tmp_path / "device/usr"):
        folder.mkdir(parents=True)
        (folder / "tool.py").write_text("value = 1")
    (tmp_path / "work.py").write_text(WORK)
    done = FTPY.run(
        *("-X", "dev", "-W", "error", "-b", *options, "work.py"),
        cwd=tmp_path,
        environment={"PYTHONMALLOC": "debug", "MALLOC_PERTURB_": "85"},
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
