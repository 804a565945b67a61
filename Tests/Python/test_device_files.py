"""`ql_fs`, `uio` and `example`: files of the host by the device's calls."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from conftest import FTPY, run_script


def evaluate(expression: str, cwd: Path) -> Any:
    """The value of an expression on `ql_fs` in ftpy."""
    code = f"import ql_fs; print(repr({expression}))"
    return ast.literal_eval(FTPY.run("-c", code, cwd=cwd).stdout)


@pytest.mark.parametrize(
    ("path", "there"),
    [("file", True), ("folder", True), ("folder/", True), ("none", False), ("", False)],
)
def test_path_exists(path: str, there: bool, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    assert evaluate(f"ql_fs.path_exists({path!r})", tmp_path) is there
    assert evaluate("ql_fs.path_exists(None)", tmp_path) is False
    assert evaluate("ql_fs.path_exists('a\\0b')", tmp_path) is False
    assert evaluate("ql_fs.path_exists(1.5)", tmp_path) is False


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("/usr/a/b.txt", "/usr/a"),
        ("/usr/", "/usr"),
        ("/a", "/"),
        ("a/b", "a"),
        ("a", ""),
        ("/", "/"),
        ("", ""),
    ],
)
def test_path_dirname(path: str, folder: str, tmp_path: Path) -> None:
    assert evaluate(f"ql_fs.path_dirname({path!r})", tmp_path) == folder


def test_path_getsize(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "folder").mkdir()
    assert evaluate("ql_fs.path_getsize('file')", tmp_path) == 5
    assert evaluate("ql_fs.path_getsize('folder')", tmp_path) == 0
    done = FTPY.run("-c", "import ql_fs; ql_fs.path_getsize('none')", cwd=tmp_path, check=False)
    assert done.stderr.endswith("No such file or directory: 'none'\n")


@pytest.mark.parametrize("path", ["a", "a/b/c", "a/b/", "./a//b"])
def test_mkdirs(path: str, tmp_path: Path) -> None:
    for _ in range(2):
        assert evaluate(f"ql_fs.mkdirs({path!r})", tmp_path) is None
        assert (tmp_path / path).is_dir()
    assert evaluate(f"ql_fs.mkdirs({str(tmp_path / 'x/y')!r})", tmp_path) is None
    assert (tmp_path / "x/y").is_dir()


def test_rmdirs(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").touch()
    (tmp_path / "a/b/c").mkdir(parents=True)
    (tmp_path / "a/b/file").touch()
    (tmp_path / "a/link").symlink_to("../kept")
    assert evaluate("ql_fs.rmdirs('a')", tmp_path) is None
    assert [entry.name for entry in tmp_path.rglob("*")] == ["kept", "file"]
    done = FTPY.run("-c", "import ql_fs; ql_fs.rmdirs('a')", cwd=tmp_path, check=False)
    assert done.stderr.endswith("No such file or directory: 'a'\n")


def test_rmdirs_of_no_name_removes_nothing(tmp_path: Path) -> None:
    """Below a root as well, whose folders have the names of some in the root."""
    for name in ("usr/bak", "bak"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").touch()
    code = "import ql_fs, uos; uos.chdir('/usr'); ql_fs.rmdirs('')"
    done = FTPY.run("--root", tmp_path, "-c", code, check=False)
    assert done.stderr.endswith("No such file or directory: ''\n")
    assert [(tmp_path / name / "file").exists() for name in ("usr/bak", "bak")] == [True, True]


def test_touch_and_read_json(tmp_path: Path) -> None:
    data = {"name": "ü", "list": [1, 2.5, None, True]}
    for _ in range(2):
        assert evaluate(f"ql_fs.touch('new/folder/x.json', {data!r})", tmp_path) == 0
    text = (tmp_path / "new/folder/x.json").read_text(encoding="utf-8")
    assert text == '{"name": "ü", "list": [1, 2.5, null, true]}'
    assert evaluate("ql_fs.read_json('new/folder/x.json')", tmp_path) == data
    assert evaluate("ql_fs.read_json('none')", tmp_path) is None
    (tmp_path / "text").write_text("no JSON")
    done = FTPY.run("-c", "import ql_fs; ql_fs.read_json('text')", cwd=tmp_path, check=False)
    assert "Error: Expecting value" in done.stderr


@pytest.mark.parametrize("call", ["touch('file/x', {})", "touch('x', {1, 2})", "touch('', {})"])
def test_touch_that_fails(call: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    assert evaluate(f"ql_fs.{call}", tmp_path) == -1
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_what_cannot_be_written_leaves_the_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    assert evaluate("ql_fs.touch('file', '\\ud83d', 1, 'txt')", tmp_path) == -1
    assert (tmp_path / "file").read_text() == "kept"


@pytest.mark.parametrize("target", ["./file", "link"])
def test_a_file_copied_onto_itself_is_what_it_was(tmp_path: Path, target: str) -> None:
    (tmp_path / "file").write_text("kept")
    (tmp_path / "link").symlink_to("file")
    assert evaluate(f"ql_fs.file_copy('{target}', 'file')", tmp_path) is True
    assert (tmp_path / "file").read_text() == "kept"


def test_the_devices_names_of_parameters(tmp_path: Path) -> None:
    text = "no {JSON}\n"
    assert evaluate(f"ql_fs.touch('new/a', {text!r}, file_type='txt')", tmp_path) == 0
    assert (tmp_path / "new/a").read_text() == text
    assert evaluate("ql_fs.touch('new/a', 5, file_type='txt')", tmp_path) == -1
    assert evaluate("ql_fs.touch('new/i', 'text', 1, 'txt')", tmp_path) == 0
    assert (tmp_path / "new/i").read_text() == "text"
    assert evaluate("ql_fs.touch('new/i', 'text', i=1)", tmp_path) == 0
    assert (tmp_path / "new/i").read_text() == '"text"'
    assert evaluate("ql_fs.touch(file='b', data=[1])", tmp_path) == 0
    assert evaluate("ql_fs.read_json(file='b')", tmp_path) == [1]
    assert evaluate("ql_fs.file_copy(dstFile='c', srcFile='b')", tmp_path) is True
    assert evaluate("ql_fs.path_getsize('c')", tmp_path) == 3
    assert evaluate("ql_fs.path_exists(path='c')", tmp_path) is True
    assert evaluate("ql_fs.path_dirname(path='a/c')", tmp_path) == "a"


def test_file_copy_takes_the_destination_first(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    (tmp_path / "source").write_bytes(content)
    (tmp_path / "target").write_bytes(b"old" * 100_000)
    assert evaluate("ql_fs.file_copy('target', 'source')", tmp_path) is True
    assert (tmp_path / "target").read_bytes() == content
    assert evaluate("ql_fs.file_copy('target', 'none')", tmp_path) is False
    assert (tmp_path / "target").read_bytes() == content


def test_uio(tmp_path: Path) -> None:
    source = """
import uio
with uio.open('file', 'w', encoding='utf-8') as f: f.write('ü')
with uio.open('file', 'rb') as f: print(f.read())
print(uio.StringIO('text').read(), uio.BytesIO(b'bytes').read())
try:
    uio.open('none')
except OSError as error:
    print(error.args[0])
"""
    assert run_script(source, tmp_path).stdout == "b'\\xc3\\xbc'\ntext b'bytes'\n2\n"


def test_streams_in_memory_take_text_and_bytes(tmp_path: Path) -> None:
    source = """
import uio
stream = uio.BytesIO('ü')
stream.seek(2)
print(stream.write('ä'), stream.write(b'-'), stream.write(memoryview(b'+')), stream.getvalue())
text = uio.StringIO('1\\r\\n')
text.read()
print(text.write(b'\\xc3\\xbc'), text.write('ä'), repr(text.getvalue()))
print(isinstance(uio.StringIO(b'a').read(), str), uio.BytesIO().read())
print(uio.StringIO('a\\rb\\n\\r\\n').readlines())
for stream in (uio.BytesIO, uio.StringIO):
    for wrong in (3, [1, 2]):
        for call in (stream().write, stream):
            try:
                print(stream, call(wrong))
            except TypeError:
                pass
"""
    expected = "2 1 1 b'\\xc3\\xbc\\xc3\\xa4-+'\n1 1 '1\\r\\nüä'\nTrue b''\n"
    expected += "['a\\rb\\n', '\\r\\n']\n"
    assert run_script(source, tmp_path).stdout == expected


# `example`


def test_exec_shares_the_variables_of_main(tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/other.py").write_text("print(__name__, start + 1)\nmade = 'there'\n")
    source = f"""
import example
start = 1
print(example.exec('usr/other.py'))
print(made)
example.exec({str(tmp_path / "usr/other.py")!r})
"""
    assert run_script(source, tmp_path).stdout == "__main__ 2\nNone\nthere\n__main__ 2\n"


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("x = 1\nx.missing\n", "AttributeError: 'int' object has no attribute 'missing'"),
        ("x = = 1", "SyntaxError: invalid syntax"),
    ],
)
def test_an_exception_is_printed_and_goes_no_further(text: str, last: str, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text(text)
    done = run_script("import example; example.exec('other.py'); print('goes on')", tmp_path)
    assert done.stdout == "goes on\n"
    assert done.stderr.splitlines()[-1] == last
    assert 'File "other.py", line ' in done.stderr
    assert "<ftpy>" not in done.stderr


def test_below_a_root_a_path_is_taken_from_the_top(tmp_path: Path) -> None:
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr/other.py").write_text("print('other')")
    code = (
        "import example; uos.chdir('/usr'); example.exec('usr/other.py'); example.exec('other.py')"
    )
    done = FTPY.run("--root", tmp_path, "-c", code, cwd=tmp_path, check=False)
    assert done.stdout == "other\n"
    assert "File path error or not exist: [/other.py]" in done.stderr.splitlines()[-1]


def test_exit_ends_both(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("raise SystemExit(5)")
    done = run_script("import example; example.exec('other.py')", tmp_path, check=False)
    assert done.returncode == 5


@pytest.mark.parametrize("path", ["none.py", "."])
def test_a_script_that_cannot_be_read(path: str, tmp_path: Path) -> None:
    done = FTPY.run("-c", f"import example; example.exec({path!r})", cwd=tmp_path, check=False)
    last = done.stderr.splitlines()[-1]
    assert f"File path error or not exist: [{path}]" in last
