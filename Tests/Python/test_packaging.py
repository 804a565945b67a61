"""What pip makes of the project: the wheel, what it installs; and what stands in without it."""

from __future__ import annotations

import ast
import email.message
import email.parser
import os
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest
from conftest import REPOSITORY, Directory, Server
from pythons import Python, able, too_old

pytestmark = [
    pytest.mark.skipif("ftplib" in sys.builtin_module_names, reason="ftpy has no use for a wheel"),
    pytest.mark.timeout(300),  # the first test builds what has changed since the last build
]

PACKAGE = REPOSITORY / "usr/ftplib"
PLATFORM = sysconfig.get_platform().replace("-", "_").replace(".", "_")
VERSION = re.findall(
    r'^public let version = "(.*)"$',
    (REPOSITORY / "Sources/FTPModule/Module.swift").read_text(encoding="utf-8"),
    re.MULTILINE,
)[0]


def pip(
    command: str, *arguments: str | Path, python: str | Path = sys.executable, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Runs a command of pip's for a Python, on what is here: without an index, without settings."""
    cut_off = ("--disable-pip-version-check", "--isolated", "--python", python)
    return run(
        sys.executable, "-m", "pip", *cut_off, command, "--no-index", "--no-deps", *arguments,
        environment=dict(os.environ), check=check,
    )  # fmt: skip


def run(
    *command: str | Path,
    cwd: Path | None = None,
    environment: dict[str, str] | None = None,
    check: bool = True,
) -> subprocess.CompletedProcess[str]:
    """Runs a command: in an empty environment, if none is given. With `check` it must succeed."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={"PYTHONDONTWRITEBYTECODE": "1", **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if check and done.returncode != 0:
        pytest.fail(f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")
    return done


# The wheel


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`pip wheel .`, in the build folder of this checkout: it has nothing to compile anew."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-build-isolation", "--wheel-dir", folder, REPOSITORY)
    (built,) = folder.iterdir()
    return built


def member(wheel: Path, name: str) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"usr_ftplib-{VERSION}.dist-info/{name}").decode()
    return email.parser.Parser().parsestr(text)


def test_the_wheel_holds_the_package_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        files = {name for name in archive.namelist() if ".dist-info/" not in name}
        extension = archive.read("usr/ftplib/__init__.abi3.so")
    names = {"__init__.abi3.so", "__init__.pyi", "__main__.py", "py.typed"}
    names |= {f"_command/{file.name}" for file in PACKAGE.glob("_command/*.py")}
    assert files == {f"usr/ftplib/{name}" for name in names}
    assert extension == (PACKAGE / "__init__.abi3.so").read_bytes()


def test_the_wheel_is_for_every_python_from_3_11_on(wheel: Path) -> None:
    assert wheel.name == f"usr_ftplib-{VERSION}-cp311-abi3-{PLATFORM}.whl"
    about = member(wheel, "WHEEL")
    assert about["Tag"] == f"cp311-abi3-{PLATFORM}"
    assert about["Root-Is-Purelib"] == "false"


def test_the_wheels_metadata(wheel: Path) -> None:
    about = member(wheel, "METADATA")
    assert about["Name"] == "usr-ftplib"
    assert about["Version"] == VERSION
    assert about["Requires-Python"] == ">=3.11"
    assert about["Requires-Dist"] is None
    assert str(about.get_payload()).strip() == (REPOSITORY / "README.md").read_text().strip()


def test_pip_refuses_the_wheel_for_an_older_python(wheel: Path, tmp_path: Path) -> None:
    def download(version: str) -> subprocess.CompletedProcess[str]:
        target = ("--python-version", version, "--platform", PLATFORM)
        return pip("download", "--dest", tmp_path, *target, wheel, check=False)

    assert "is not a supported wheel on this platform" in download("3.10").stderr
    assert download("3.11").returncode == 0
    assert download("3.14").returncode == 0


def test_the_source_distribution_holds_all_that_a_build_needs(tmp_path: Path) -> None:
    listed = run("/usr/bin/git", "ls-files", cwd=REPOSITORY, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path, cwd=REPOSITORY)
    (archive,) = tmp_path.iterdir()
    assert archive.name == f"usr_ftplib-{VERSION}.tar.gz"
    with tarfile.open(archive) as sources:
        packed = {name.partition("/")[2] for name in sources.getnames()}
    there = {name for name in listed.stdout.splitlines() if (REPOSITORY / name).exists()}
    assert there - packed == set()
    assert "usr/ftplib/__init__.abi3.so" not in packed


def test_a_build_without_a_swift_toolchain_says_so(tmp_path: Path) -> None:
    done = run(
        sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path,
        cwd=REPOSITORY, environment={"PATH": str(tmp_path)}, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "there is no Swift toolchain in PATH" in done.stderr.splitlines()[-1]


# What it installs


@dataclass(frozen=True)
class Installed:
    python: Path
    """A virtual environment's, with the wheel and nothing else in it."""

    def run(self, *arguments: str, cwd: Path, check: bool = True) -> str:
        done = run(self.python, *arguments, cwd=cwd, check=check)
        return done.stdout if done.returncode == 0 else f"{done.returncode}: {done.stderr}"


@pytest.fixture(scope="module", params=able(), ids=str)
def installed(
    request: pytest.FixtureRequest, wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    base: Python = request.param
    venv = tmp_path_factory.mktemp("venv")
    run(base.program, "-m", "venv", "--without-pip", venv)
    python = venv / "bin/python"
    pip("install", wheel, python=python)
    return Installed(python)


def test_it_is_importable_from_anywhere(installed: Installed, tmp_path: Path) -> None:
    code = """
        import importlib.metadata
        import usr.ftplib
        from usr.ftplib import FTP
        print(usr.ftplib.__file__)
        print(FTP(), usr.ftplib.__version__ == importlib.metadata.version("usr-ftplib"))
    """
    file, rest = installed.run("-c", dedent(code), cwd=tmp_path).splitlines()
    assert Path(file).is_relative_to(installed.python.parents[1])
    assert file.endswith("/site-packages/usr/ftplib/__init__.abi3.so")
    assert rest.endswith("> True")


def test_a_usr_folder_of_ones_own_merges_with_it(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/mytool.py").write_text("from usr.ftplib import FTP\nx = 1\n")
    code = (
        "from usr.mytool import x; from usr.ftplib import FTP; import usr; print(len(usr.__path__))"
    )
    assert installed.run("-c", code, cwd=tmp_path) == "2\n"


def test_a_usr_ftplib_of_ones_own_comes_first(installed: Installed, tmp_path: Path) -> None:
    """Python looks in the script's folder before site-packages; ftpy has its own module first."""
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/ftplib.py").write_text("FTP = 'my own'\n")
    (tmp_path / "script.py").write_text("from usr.ftplib import FTP\nprint(FTP)\n")
    assert installed.run("script.py", cwd=tmp_path) == "my own\n"
    # Without that folder on the path there is only the installed one.
    assert "usr.ftplib.FTP" in installed.run("-P", "script.py", cwd=tmp_path)


def test_it_does_not_replace_the_standard_librarys(installed: Installed, tmp_path: Path) -> None:
    standard = installed.run("-c", "import ftplib; print(ftplib.__file__)", cwd=tmp_path)
    assert standard.endswith("/ftplib.py\n")
    code = "import usr.ftplib; usr.ftplib.install(); import ftplib; print(ftplib is usr.ftplib)"
    assert installed.run("-c", code, cwd=tmp_path) == "True\n"


# python3 -m usr.ftplib


def test_the_command_lists_and_fetches(
    installed: Installed, vsftpd: Server, directory: Directory, tmp_path: Path
) -> None:
    directory.put("greeting.txt", b"hello\n")
    account = f"{vsftpd.user}:{vsftpd.password}@{vsftpd.host}:{vsftpd.port}"
    url = f"ftp://{account}/{directory.path}"
    printed = installed.run("-m", "usr.ftplib", url, "-l", "greeting.txt", cwd=tmp_path)
    assert re.fullmatch(r"-rw-r--r-- .* greeting\.txt\nhello\n", printed)


def test_the_command_explains_itself(installed: Installed, tmp_path: Path) -> None:
    said = installed.run("-m", "usr.ftplib", cwd=tmp_path)
    assert "[-d] [-r[file]] host [-l[dir]] [-d[dir]] [-p] [file]" in said


def test_the_command_ends_with_a_sentence_when_it_fails(
    installed: Installed, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"ftp://127.0.0.1:{closed.getsockname()[1]}"
    said = installed.run("-m", "usr.ftplib", url, "-l", cwd=tmp_path, check=False)
    assert re.fullmatch(
        r"1: ftplib: .*cannot connect to 127\.0\.0\.1 port \d+: Connection refused\n", said
    )


def test_the_command_refuses_what_is_no_url(installed: Installed, tmp_path: Path) -> None:
    said = installed.run("-m", "usr.ftplib", "http://127.0.0.1/", cwd=tmp_path, check=False)
    assert said.startswith("2: usage: ")
    assert "'http://127.0.0.1/' is no URL: ftp://, ftps:// or ftpes://HOST/PATH" in said


def test_the_command_ends_quietly_when_its_reader_has_enough(
    installed: Installed, vsftpd: Server, directory: Directory, tmp_path: Path
) -> None:
    directory.put("big", bytes(4_000_000))
    account = f"{vsftpd.user}:{vsftpd.password}@{vsftpd.host}:{vsftpd.port}"
    url = f"ftp://{account}/{directory.path}"
    reader, writer = os.pipe()
    os.close(reader)
    command: list[str | Path] = [installed.python, "-m", "usr.ftplib", url, "big"]
    done = subprocess.run(command, cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, b"")


# Where the extension cannot be loaded


@pytest.mark.parametrize("python", too_old(), ids=str)
def test_an_older_python_is_told_so(python: Python) -> None:
    """It takes the extension for one of its own."""
    done = run(python.program, "-c", "import usr.ftplib", cwd=REPOSITORY, check=False)
    version = ".".join(map(str, python.version))
    assert done.stderr.splitlines()[-1] == (
        f"ImportError: ftplib needs Python 3.11 or later; this is Python {version}"
    )


@pytest.fixture
def unbuilt(tmp_path: Path) -> Path:
    """A checkout's package as it is before the first build."""
    shutil.copytree(PACKAGE, tmp_path / "usr/ftplib", ignore=shutil.ignore_patterns("*.so*"))
    return tmp_path


@pytest.mark.parametrize("python", [*too_old(), *able()], ids=str)
def test_without_the_extension_python_is_told_why(python: Python, unbuilt: Path) -> None:
    done = run(python.program, "-c", "from usr.ftplib import FTP", cwd=unbuilt, check=False)
    said = done.stderr.splitlines()[-1]
    if python in able():
        missing = unbuilt / "usr/ftplib/__init__.abi3.so"
        assert said.startswith(f"ImportError: ftplib has not been built: there is no {missing}.")
        assert "`Tests/run.sh build`" in said
    else:
        assert said.startswith(
            "ImportError: ftplib needs CPython 3.11 or later; this is cpython 3."
        )


def test_a_free_threaded_python_is_told_so(unbuilt: Path) -> None:
    """There is none here. It does not look at `.abi3.so` files, and this file says why."""
    code = """
        import sysconfig
        sysconfig.get_config_vars()["Py_GIL_DISABLED"] = 1
        import usr.ftplib
    """
    done = run("/usr/bin/python3", "-c", dedent(code), cwd=unbuilt, check=False)
    assert "stable ABI, which its free-threaded builds lack" in done.stderr.splitlines()[-1]


def test_the_stand_in_names_the_extension_beside_it(unbuilt: Path) -> None:
    extension = shutil.copy(PACKAGE / "__init__.abi3.so", unbuilt / "usr/ftplib")
    done = run(
        "/usr/bin/python3", "usr/ftplib/__init__.py", cwd=unbuilt, check=False
    )  # as nobody should
    assert f"ftplib is {extension}; import that" in done.stderr.splitlines()[-1]


# Types


def test_the_stubs_know_every_name(client: ModuleType) -> None:
    """stubtest does not look for methods of the base class, which holds most of them."""
    stub = ast.parse((PACKAGE / "__init__.pyi").read_text(encoding="utf-8"))
    classes = {node.name: node for node in stub.body if isinstance(node, ast.ClassDef)}

    def public(thing: object) -> set[str]:
        return {name for name in dir(thing) if not name.startswith("_")}

    ftp = names_in(classes["FTP"])
    assert public(client.FTP) - ftp == set()
    assert public(client.FTP_TLS) - ftp - names_in(classes["FTP_TLS"]) == set()
    assert public(client) - names_in(stub) - {"socket", "ssl", "sys"} == set()


def names_in(scope: ast.Module | ast.ClassDef) -> set[str]:
    """What a stub declares in a scope, or under a condition in it."""
    names: set[str] = set()
    pending: list[ast.AST] = list(scope.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If):
            pending += [*node.body, *node.orelse]
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def test_the_types_come_with_the_wheel(installed: Installed, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from usr.ftplib import FTP\n\nreveal_type(FTP().size)\nFTP().size(1)\n")
    done = run(
        sys.executable, "-m", "mypy", "--strict", "--python-executable", installed.python, script,
        cwd=tmp_path, check=False,
    )  # fmt: skip
    assert 'note: Revealed type is "def (filename: str | bytes) -> int | None"' in done.stdout
    assert 'error: Argument 1 to "size" of "FTP" has incompatible type "int"' in done.stdout
    assert "Found 1 error" in done.stdout
