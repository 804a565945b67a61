"""Scripts whose top level says `return`: run as chunks, as Lua runs its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pexpect
import pytest
from conftest import FTPY, run_script

FORMS = ["script", "-c", "-", "pipe", "root", "fifo"]


def run_form(form: str, source: str, folder: Path) -> tuple[int, str, str]:
    """Runs source text in one form of the command line: status, standard output and error."""
    (folder / "chunk.py").write_text(source)
    (folder / "root").mkdir(exist_ok=True)
    arguments = {
        "script": ["chunk.py"],
        "-c": ["-c", source],
        "-": ["-"],
        "pipe": [],
        "root": ["--root", "root", "chunk.py"],
        "fifo": ["/dev/fd/0"],
    }
    done = FTPY.run(*arguments[form], stdin=source, cwd=folder, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("", 0),
        ("None", 0),
        ("True", 0),
        ("False", 1),
        ("0", 0),
        ("3", 0),
        ("''", 0),
        ("[], 1", 0),
        ("1 > 2", 1),
    ],
)
def test_the_value_is_the_exit_status_and_nothing_is_printed(
    form: str, value: str, status: int, tmp_path: Path
) -> None:
    source = f"print('before')\nreturn {value}\nprint('after')"
    assert run_form(form, source, tmp_path) == (status, "before\n", "")


@pytest.mark.parametrize("form", FORMS)
def test_the_end_without_a_return_is_status_0(form: str, tmp_path: Path) -> None:
    source = "if not __name__:\n    return False\nprint('end')"
    assert run_form(form, source, tmp_path) == (0, "end\n", "")


@pytest.mark.parametrize("form", ["-m", "import"])
def test_a_module_is_no_chunk(form: str, tmp_path: Path) -> None:
    (tmp_path / "chunk.py").write_text("return 1")
    arguments = ["-m", "chunk"] if form == "-m" else ["-c", "import chunk"]
    done = FTPY.run(*arguments, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("SyntaxError: 'return' outside function\n")


# What a statement with a `return` may hold: the lines that it prints, and the names that stay

SAMPLES = {
    "if": ("if 1:\n    a = 1\n    print(a)\n    return\nprint('no')", ["1"], "a"),
    "else": ("if 0:\n    return\nelse:\n    b = 2\nprint(b)", ["2"], "b"),
    "for": ("for n in range(5):\n    if n == 3: return\n    print(n)", ["0", "1", "2"], "n"),
    "for else": ("for n in []:\n    return\nelse:\n    print('else')", ["else"], ""),
    "while": ("n = 0\nwhile True:\n    n += 1\n    if n > 2: return\nprint('no')", [], "n"),
    "break": ("for n in range(9):\n    if n: break\n    if n > 5: return\nprint(n)", ["1"], "n"),
    "try": ("try:\n    return\nfinally:\n    print('finally')", ["finally"], ""),
    "except": (
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    print(type(e).__name__)\n    return",
        ["ZeroDivisionError"],
        "",
    ),
    "except name is gone": (
        "try:\n    1 / 0\nexcept Exception as e:\n    if 0: return\nprint('e' in globals())",
        ["False"],
        "",
    ),
    "with": (
        "import io\nwith io.StringIO() as f, io.StringIO() as g:\n    return\nprint('no')",
        [],
        "io f g",
    ),
    "match": (
        "match [1, 2, {'k': 3, 'm': 4}]:\n    case [x, *rest, {'k': y, **more}] as whole:\n"
        "        print(x, rest, y, more)\n        return",
        ["1 [2] 3 {'m': 4}"],
        "x rest y more whole",
    ),
    "import": (
        "if 1:\n    import os.path, json as j\n    from re import sub as s\n    return",
        [],
        "os j s",
    ),
    "functions": (
        "if 1:\n    def f(x): return g(x)\n"
        "    def g(x): return x + k\n"
        "    k = 1\n    class C: z = k\n"
        "    print(f(1), C.z, f.__qualname__, C.__qualname__, (lambda: 0).__qualname__)\n"
        "    return",
        ["2 1 f C <lambda>"],
        "f g k C",
    ),
    "deep names": (
        "if 1:\n    def f():\n        def g(): pass\n"
        "        return g\n    class C:\n        def m(self): pass\n"
        "    print(f().__qualname__, C.m.__qualname__)\n    return",
        ["f.<locals>.g C.m"],
        "f C",
    ),
    "async": (
        "import asyncio\nif 1:\n    async def f():\n"
        "        return 5\n    print(asyncio.run(f()))\n    return",
        ["5"],
        "asyncio f",
    ),
    "decorator": (
        "if 1:\n    @(d := lambda f: f)\n"
        "    def f(a=(e := 3)): return a\n    print(f())\n    return",
        ["3"],
        "d e f",
    ),
    "walrus": ("if (n := 10) > 5:\n    print(n)\n    return", ["10"], "n"),
    "walrus in a comprehension": (
        "if any((last := n) > 1 for n in range(5)):\n"
        "    print(last, [n for n in (1, 2)])\n    return",
        ["2 [1, 2]"],
        "last",
    ),
    "comprehension and loop of one name": (
        "for n in 'ab':\n    q = [n for n in (1, 2)]\n    print(n, q)\nelse:\n    return",
        ["a [1, 2]", "b [1, 2]"],
        "n q",
    ),
    "lambda in a comprehension": (
        "if 1:\n    f = [lambda: n for n in (1, 2)]\n    print(f[0]())\n    return",
        ["2"],
        "f",
    ),
    "del": ("a = b = 1\nif 1:\n    del a\n    b = 2\n    return", [], "b"),
    "global": ("if 1:\n    global a\n    a = 1\n    return", [], "a"),
    "nonlocal": (
        "if 1:\n    def f():\n        a = 1\n        def g():\n"
        "            nonlocal a\n            a = 2\n"
        "        g()\n        return a\n    print(f())\n    return",
        ["2"],
        "f",
    ),
    "unpacking": (
        "if 1:\n    (a, *b), c = [1, 2, 3], 4\n    print(a, b, c)\n    return",
        ["1 [2, 3] 4"],
        "a b c",
    ),
    "targets that are no names": (
        "d = {}\nif 1:\n    d['x'] = 1\n    print(d)\n    return",
        ["{'x': 1}"],
        "d",
    ),
    "augmented": ("a = 1\nif 1:\n    a += 1\n    print(a)\n    return", ["2"], "a"),
    "annotations": (
        "x: int = 1\nif 1:\n    y: 'str' = 'a'\n    z: float\n"
        "    (w): int = 3\n    print(__annotations__)\n    return",
        ["{'x': <class 'int'>, 'y': 'str', 'z': <class 'float'>}"],
        "x y w",
    ),
    "annotations alone": (
        "if 1:\n    y: list[int] = []\n    print(y, __annotations__)\n    return",
        ["[] {'y': list[int]}"],
        "y",
    ),
    "annotations after the future import": (
        "from __future__ import annotations\nif 1:\n    y: nothing[1] = 2\n"
        "    print(__annotations__)\n    return",
        ["{'y': 'nothing[1]'}"],
        "annotations y",
    ),
    "future flags": (
        "'text'\nfrom __future__ import annotations\nif 1:\n"
        "    def f(x: nothing): pass\n    if 0: return\n"
        ""
        "def g(x: nothing): pass\nprint(f.__annotations__, g.__annotations__, __doc__)",
        ["{'x': 'nothing'} {'x': 'nothing'} text"],
        "annotations f g",
    ),
    "document": ("'text'\nif 0: return\n'no text'\nprint(__doc__)", ["text"], ""),
    "no document": ("if 0: return\n'no text'\nprint(__doc__)", ["None"], ""),
    "variables": (
        "if 1:\n    exec('a = 1')\n"
        "    print(a, locals() is globals(), vars() is globals(), 'a' in dir())\n    return",
        ["1 True True True"],
        "a",
    ),
    "several": (
        "if 0: return\na = 1\nfor b in 'x':\n    if 0: return\nc = 1\nreturn\nd = 1",
        [],
        "a b c",
    ),
    "one line": ("a = 1; return; b = 2", [], "a"),
    "coding": ("# coding: latin-1\nreturn print('x')", ["x"], ""),
    "main guard": (
        "if __name__ == '__main__':\n    print(__file__[-3:])\n    return 1",
        [".py"],
        "",
    ),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_statements(name: str, tmp_path: Path) -> None:
    source, printed, names = SAMPLES[name]
    known = (
        "import atexit as _a; _k = set(globals()); "
        "_a.register(lambda: print(sorted(set(globals()) - _k)))"
    )
    # Behind the first line, so that a text or a future import stays the first statement.
    first, _, rest = source.partition("\n")
    if first.startswith(("'", "from __future__", "#")):
        head, rest = first, rest
        if rest.startswith("from __future__"):
            second, _, rest = rest.partition("\n")
            head += "\n" + second
        source = f"{head}\n{known}\n{rest}"
        names = names.replace("annotations ", "")
    else:
        source = f"{known}\n{source}"
    done = run_script(source, tmp_path)
    *lines, left = done.stdout.splitlines()
    assert lines == printed
    found = [n for n in eval(left) if n not in ("_k", "__annotations__")]
    assert found == sorted(names.split())


# Tracebacks


def test_tracebacks_are_those_of_a_script(tmp_path: Path) -> None:
    source = (
        "x = 0\nif x == 0:\n    y = 1\n    def f():\n        return y / x\n    f()\n    return\n"
    )
    done = run_script(source, tmp_path, check=False)
    script = tmp_path / "script.py"
    assert done.returncode == 1
    assert done.stderr.replace("~~^~~\n", "").replace("           ", "").splitlines()[:3] == [
        "Traceback (most recent call last):",
        f'  File "{script}", line 6, in <module>',
        "    f()",
    ]
    assert f'  File "{script}", line 5, in f\n    return y / x\n' in done.stderr
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
    assert "_ftpy" not in done.stderr


def test_tracebacks_between_the_parts(tmp_path: Path) -> None:
    done = run_script("if 0:\n    return\n\n1 / 0\n", tmp_path, check=False)
    assert f'  File "{tmp_path / "script.py"}", line 4, in <module>\n    1 / 0\n' in done.stderr
    assert "_ftpy" not in done.stderr


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        ("if 1:\n    from os import *\n    return", 2, "import * in a statement with a 'return'"),
        (
            "for x in 'a':\n    if 0: return\n    (yield x)",
            3,
            "'yield' outside function, in a statement",
        ),
        (
            "if 1:\n    if 0: return\n    [a for a in (yield from b)]",
            3,
            "'yield' outside function, in a statement",
        ),
        ("return\nclass A:\n    return 1", 3, "'return' outside function"),
        ("return\nif 1:\n    class A:\n        return 1", 4, "'return' outside function"),
        ("return\nbreak", 2, "'break' outside loop"),
        ("return\nyield 1", 2, "'yield' outside function"),
        ("if 1:\n    return await f()", 2, "'await' outside"),
        ("if 1:\n    return\n    async with a: pass", 3, "'async with' outside async function"),
        ("return\nif x\n", 2, "expected ':'"),
        (
            "return\nimport os\nif 1:\n    from __future__ import division",
            4,
            "from __future__ imports",
        ),
    ],
)
def test_what_a_chunk_cannot_do(source: str, line: int, reason: str, tmp_path: Path) -> None:
    done = run_script("print('run')\n" + source, tmp_path, check=False)
    assert done.returncode == 1
    assert done.stdout == "", "no part has run"
    said = done.stderr.splitlines()
    assert said[0] == f'  File "{tmp_path / "script.py"}", line {line + 1}'
    assert said[1].strip() == source.splitlines()[line - 1].strip()
    assert said[-1].startswith("SyntaxError: ")
    assert reason in said[-1]


def test_a_return_in_the_names_of_things_is_none(tmp_path: Path) -> None:
    source = "'return 1'\ndef f():\n    return 1\nx = [lambda: 1]\nprint(f(), __doc__)"
    code = "import sys; print('_ftpy.chunk' in sys.modules, 'ast' in sys.modules)"
    assert run_script(f"{source}\n{code}", tmp_path).stdout == "1 return 1\nFalse False\n"


# In company


def test_exit_status_beside_a_return(tmp_path: Path) -> None:
    assert (
        run_script("if 1:\n    raise SystemExit(7)\nreturn", tmp_path, check=False).returncode == 7
    )
    killed = run_script(
        "if 1:\n    import os; os.kill(os.getpid(), 2)\nreturn", tmp_path, check=False
    )
    assert killed.returncode == -2
    assert killed.stderr.endswith("KeyboardInterrupt\n")


def test_the_prompt_after_a_chunk(tmp_path: Path) -> None:
    (tmp_path / "chunk.py").write_text("if 1:\n    x = 5\n    return False\n")
    done = FTPY.run("-i", "chunk.py", cwd=tmp_path, stdin="x\n'x' in globals()\n", check=False)
    assert done.stdout == "5\nTrue\n"
    assert done.returncode == 0


def test_the_first_line_that_is_no_python(tmp_path: Path) -> None:
    (tmp_path / "chunk.py").write_text("@echo off\nprint(1)\nreturn 1 / 0\n")
    done = FTPY.run("-x", "chunk.py", cwd=tmp_path, check=False)
    assert done.stdout == "1\n"
    assert "line 3, in <module>" in done.stderr


def test_a_script_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "chunk.py").write_bytes(b"# coding: latin-1\nprint(ascii('\xe9'))\nreturn False\n")
    done = FTPY.run("chunk.py", cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (1, "'\\xe9'\n")


def test_the_debugger_stops_in_a_chunk(tmp_path: Path) -> None:
    (tmp_path / "chunk.py").write_text(
        "if 1:\n    x = 5\n    breakpoint()\n    y = x\n    return\n"
    )
    child = pexpect.spawn(
        str(FTPY.program), ["chunk.py"], cwd=str(tmp_path), encoding="utf-8", timeout=20
    )
    try:
        child.expect(r"chunk\.py\([34]\)<module>\(\)")  # from 3.13 on at `breakpoint` itself
        child.expect_exact("(Pdb) ")
        child.sendline("x, locals() is globals()")
        child.expect_exact("(5, True)")
        child.sendline("next")
        child.expect(r"chunk\.py\([45]\)<module>\(\)")
        child.sendline("continue")
        child.expect(pexpect.EOF)
        child.wait()
        assert child.exitstatus == 0
    finally:
        child.close(force=True)


def test_warnings_name_the_line(tmp_path: Path) -> None:
    source = "import warnings\nif 1:\n    warnings.warn('here')\n    return\n"
    done = run_script(source, tmp_path)
    assert f"{tmp_path / 'script.py'}:3: UserWarning: here\n" in done.stderr


def test_a_copy_alone_runs_chunks(tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    shutil.copy(FTPY.program, folder / "ftpy")
    (tmp_path / "chunk.py").write_text(
        "import sys\nfor n in range(2):\n    if n: return False\n    print(n)\n"
    )
    done = type(FTPY)("ftpy", folder / "ftpy").run(tmp_path / "chunk.py", cwd=folder, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "0\n", "")


# Memory: what splits a chunk is the interpreter's


@pytest.mark.parametrize("form", ["script", "example.exec"])
@pytest.mark.parametrize(
    ("source", "size"),
    [
        ("if 1:\n    print('end')\n    return True\nelse:\n    return False", "64K"),
        ("".join(f"name_{n} = {n}\n" for n in range(300)) + "print('end')\nreturn", "128K"),
        ("".join(f"if {n} == 999: return\n" for n in range(300)) + "print('end')", "256K"),
    ],
    ids=["small", "long", "many parts"],
)
def test_splitting_it_is_no_use_of_the_scripts_memory(
    source: str, size: str, form: str, tmp_path: Path
) -> None:
    (tmp_path / "chunk.py").write_text(source)
    (tmp_path / "exec.py").write_text("import example\nexample.exec('chunk.py')")
    script = "chunk.py" if form == "script" else "exec.py"
    done = FTPY.run("-X", f"heapsize={size}", script, cwd=tmp_path, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("end\n", "", 0)


def test_what_it_keeps_counts(tmp_path: Path) -> None:
    source = "a = []\nif a: return\nfrom _ftpy import program\nprint(program.memory_used())\n"
    source += "".join(f"if a: return {n}\n" for n in range(200))
    small, large = (
        int(FTPY.run("-X", "heapsize=4M", "-c", text, cwd=tmp_path).stdout)
        for text in (source[: source.index("if a: return 0")], source)
    )
    assert small < 64 * 1024 < large < 512 * 1024


def test_the_limit_applies_in_a_chunk(tmp_path: Path) -> None:
    source = "if 1:\n    a = None\n    while True: a = (a,)\nreturn"
    done = FTPY.run("-X", "heapsize=64K", "-c", source, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith("\nMemoryError\n")


# Deep ones


ELIFS = "x = -1\nif x == 0: pass\n" + "".join(f"elif x == {n}: return {n}\n" for n in range(1, 400))


@pytest.mark.parametrize(
    "source",
    [
        ELIFS + "print('end')",
        "total = " + " + ".join(["1"] * 1200) + "\nif total != 1200: return False\nprint('end')",
        "if 1:\n    total = " + " + ".join(["1"] * 900) + "\n    print('end')\n    return",
    ],
    ids=["elif", "sum", "sum inside"],
)
@pytest.mark.parametrize("form", ["script", "-c"])
def test_a_long_one_runs_as_far_as_python_compiles_it(
    source: str, form: str, tmp_path: Path
) -> None:
    assert run_form(form, source, tmp_path) == (0, "end\n", "")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("depth", [1600, 2800, 20_000])
def test_what_is_too_long_is_said_without_a_word_of_ours(
    depth: int, form: str, tmp_path: Path
) -> None:
    if form == "-c" and depth == 20_000:
        pytest.skip("longer than a command line")
    source = "x = 1\nif x:\n    total = " + "+".join("1" * depth) + "\n    return\n"
    status, out, err = run_form(form, source, tmp_path)
    assert out == ""
    assert "ftpy" not in err
    assert "File" not in err
    assert (status, err == "") in [(0, True), (1, False)]


@pytest.mark.parametrize("form", ["script", "-", "root"])
def test_a_nul_in_one_is_said_without_a_word_of_ours(form: str, tmp_path: Path) -> None:
    status, out, err = run_form(form, "print(1)\nreturn  # a\0b\n", tmp_path)
    assert (status, out) == (1, "")
    assert "null byte" in err
    assert "<ftpy>" not in err


# What a type says, and the names of functions


def test_types_of_what_is_no_bare_name_are_looked_at(tmp_path: Path) -> None:
    source = """
class A: pass
a, d = A(), {}
def note(n): print(n); return int
if 1:
    (y): note(1) = 1
    (z): note(2)
    a.b: note(3) = 2
    d["k"]: note(4) = 3
    d["l"]: note(5)
    try:
        (y): nope = 1
    except NameError as error:
        print(error)
    print(y, a.b, d, __annotations__ if "__annotations__" in globals() else {})
    return
"""
    lines = ["1", "2", "3", "4", "5", "name 'nope' is not defined", "1 2 {'k': 3} {}"]
    assert run_form("script", source, tmp_path) == (0, "\n".join([*lines, ""]), "")


def test_a_function_may_have_any_name(tmp_path: Path) -> None:
    source = """
if 1:
    def chunk():
        def inner(): pass
        return inner
    print(chunk.__qualname__, chunk().__qualname__, (lambda: 0).__qualname__)
    return
"""
    out = "chunk chunk.<locals>.inner <lambda>\n"
    assert run_form("script", source, tmp_path) == (0, out, "")
