"""The prompt of `ftpy`, through a pseudo-terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest
from conftest import FTPY

PROMPT = ">>> "
Prompt = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def prompt(tmp_path: Path) -> Iterator[Prompt]:
    """Starts ftpy in an empty folder that is its home as well, and waits for its first prompt."""
    started: list[pexpect.spawn[str]] = []

    def start(*arguments: str, plain: bool = True, **variables: str) -> pexpect.spawn[str]:
        environment = {
            "HOME": str(tmp_path),
            "TERM": "dumb",
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            **variables,
        }
        if plain:  # Python 3.13 and later warn that their prompt wants a better TERM
            environment["PYTHON_BASIC_REPL"] = "1"
        child = pexpect.spawn(
            str(FTPY.program),
            list(arguments),
            cwd=str(tmp_path),
            env=environment,
            encoding="utf-8",
            timeout=20,
        )
        started.append(child)
        child.expect_exact(PROMPT)
        return child

    yield start
    for child in started:
        child.close(force=True)


def ask(child: pexpect.spawn[str], line: str) -> str:
    """Types a line and returns what is printed before the next prompt."""
    child.sendline(line)
    child.expect_exact(PROMPT)
    echo, _, answer = (child.before or "").partition("\r\n")
    assert echo == line
    return answer.replace("\r\n", "\n")


def leave(child: pexpect.spawn[str]) -> int | None:
    """Types Ctrl-D and returns the exit status."""
    child.sendeof()
    child.expect(pexpect.EOF)
    child.wait()
    return child.exitstatus


def test_the_banner_says_what_it_is(prompt: Prompt) -> None:
    first, second, *_ = (prompt().before or "").splitlines()
    assert first.startswith("ftpy ")
    assert "QuecPython" in first
    assert "Ctrl-E" in first
    assert second.startswith("Python 3.")


def test_no_banner_if_quiet(prompt: Prompt) -> None:
    assert prompt("-q").before == ""


def test_no_banner_after_a_script(prompt: Prompt, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("word = 'kept'")
    child = prompt("-i", "script.py")
    assert child.before == ""
    assert ask(child, "word, uos.listdir()") == "('kept', ['script.py'])\n"


def test_modules_and_values(prompt: Prompt) -> None:
    child = prompt()
    assert ask(child, "uos.listdir()") == "[]\n"
    assert ask(child, "from usr.ftplib import FTP") == ""
    assert ask(child, "FTP, _") == "(<class 'ftplib.FTP'>, [])\n"


def test_errors_do_not_end_it(prompt: Prompt) -> None:
    child = prompt()
    assert ask(child, "1 / 0").endswith("ZeroDivisionError: division by zero\n")
    assert ask(child, "1 + 1") == "2\n"


def test_ctrl_d_ends_it_with_status_0(prompt: Prompt) -> None:
    assert leave(prompt()) == 0


def test_a_script_chooses_the_status(prompt: Prompt) -> None:
    child = prompt()
    child.sendline("raise SystemExit(3)")
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 3


def test_ctrl_c_drops_the_line(prompt: Prompt) -> None:
    child = prompt()
    child.send("this is not py")
    child.expect_exact("not py")
    child.sendintr()
    child.expect_exact("KeyboardInterrupt")
    child.expect_exact(PROMPT)
    assert ask(child, "'alive'") == "'alive'\n"


def test_ctrl_c_stops_what_runs(prompt: Prompt) -> None:
    child = prompt()
    child.sendline(
        "for n in iter(int, 1): print('running') if not n else 0; import time; time.sleep(60)"
    )
    child.expect_exact("... ")
    child.sendline("")
    child.expect_exact("running\r\n")
    child.sendintr()
    child.expect_exact("KeyboardInterrupt")
    child.expect_exact(PROMPT)
    assert ask(child, "'alive'") == "'alive'\n"


def test_tab_completes_names(prompt: Prompt) -> None:
    child = prompt()
    ask(child, "from usr import ftplib")
    child.send("ftplib.all_e\t")
    child.expect_exact("ftplib.all_errors")
    child.sendintr()
    child.expect_exact(PROMPT)
    child.send("uos.lis\t")
    child.expect_exact("uos.listdir(")


def test_history_survives(prompt: Prompt) -> None:
    first = prompt()
    ask(first, "'remember' + 'this'")
    assert leave(first) == 0
    second = prompt()
    second.send("\x10")  # Ctrl-P: the line before
    second.expect_exact("'remember' + 'this'")
    second.sendline("")
    second.expect_exact("'rememberthis'")


# Paste mode

CTRL_C, CTRL_D, CTRL_E = "\x03", "\x04", "\x05"
PASTE = "=== "


def begin_paste(child: pexpect.spawn[str]) -> None:
    child.send(CTRL_E)
    child.expect_exact("\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n" + PASTE)


def paste(child: pexpect.spawn[str], text: str) -> str:
    """Pastes text at the prompt, runs it, and returns what is printed before the next prompt."""
    begin_paste(child)
    child.send(text)
    for _ in range(text.count("\n")):
        child.expect_exact("\r\n" + PASTE)
    child.send(CTRL_D)
    child.expect_exact("\r\n")
    child.expect_exact(PROMPT)
    return (child.before or "").replace("\r\n", "\n")


def test_pasted_text_runs_as_a_file(prompt: Prompt) -> None:
    child = prompt()
    text = """
def count(n):

    for i in range(n):

\tprint("tab", i)
    print("end")

count(2)
if True:
    x = 5
y = 'ü'
"""
    # A tab is a tab here, not a completion: Python says what it thinks of it.
    assert "inconsistent use of tabs" in paste(child, text)
    assert paste(child, text.replace("\t", " " * 8)) == "tab 0\ntab 1\nend\n"
    assert ask(child, "x, y, __name__") == "(5, 'ü', '__main__')\n"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_pasted_text_has_the_encoding_of_standard_input(prompt: Prompt, encoding: str) -> None:
    child = prompt(LC_ALL="C", PYTHONIOENCODING=encoding)
    text = "print(len('ü'), len('€'))"
    said = "1 1\n" if encoding == "utf-8" else "2 3\n"
    assert paste(child, text) == said


def test_pasted_text_need_not_end_with_a_line(prompt: Prompt) -> None:
    child = prompt()
    assert paste(child, "print(1)\nprint(2)") == "1\n2\n"
    assert paste(child, "") == ""


def test_values_of_pasted_expressions_are_not_shown(prompt: Prompt) -> None:
    child = prompt()
    ask(child, "7")
    assert paste(child, "1 + 1\n") == ""
    assert ask(child, "_") == "7\n"


def test_an_error_in_pasted_text_names_its_line_and_nothing_of_ours(prompt: Prompt) -> None:
    child = prompt()
    assert paste(child, "x = 1\n\nx / 0\n") == (
        "Traceback (most recent call last):\n"
        '  File "<paste>", line 3, in <module>\n'
        "ZeroDivisionError: division by zero\n"
    )
    assert "SyntaxError" in paste(child, "x =\n")
    assert ask(child, "'alive'") == "'alive'\n"


def test_pasted_text_may_return_as_a_file_may(prompt: Prompt) -> None:
    child = prompt()
    text = "for n in range(9):\n    print(n)\n    if n == 1: return n\nprint('not run')\n"
    assert paste(child, text) == "0\n1\n"
    assert ask(child, "n") == "1\n"
    assert paste(child, "def f(): 1 / 0\nif True:\n    return f()\n") == (
        "Traceback (most recent call last):\n"
        '  File "<paste>", line 3, in <module>\n'
        '  File "<paste>", line 1, in f\n'
        "ZeroDivisionError: division by zero\n"
    )


def test_ctrl_c_drops_pasted_text(prompt: Prompt) -> None:
    child = prompt()
    begin_paste(child)
    child.send("print('not run')\n")
    child.expect_exact("\r\n" + PASTE)
    child.send(CTRL_C)
    child.expect_exact(PROMPT)
    assert "not run" not in (child.before or "")
    assert ask(child, "'alive'") == "'alive'\n"
    assert paste(child, "print('again')\n") == "again\n"


def test_ctrl_c_stops_pasted_text(prompt: Prompt) -> None:
    child = prompt()
    begin_paste(child)
    child.send("print('begun')\nwhile True: pass\n")
    child.send(CTRL_D)
    child.expect_exact("begun\r\n")
    child.sendintr()
    child.expect_exact("KeyboardInterrupt")
    child.expect_exact(PROMPT)
    assert ask(child, "'alive'") == "'alive'\n"


def test_pasted_text_may_ask_and_leave(prompt: Prompt) -> None:
    child = prompt()
    begin_paste(child)
    child.send("word = input('word? ')\nraise SystemExit(len(word))\n")
    child.send(CTRL_D)
    child.expect_exact("word? ")
    child.send("ab" + CTRL_E + "c\n")  # the end of the line
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 3


def test_ctrl_e_goes_to_the_end_of_a_line(prompt: Prompt) -> None:
    child = prompt()
    child.send("1 +\x01" + CTRL_E + " 2\r")
    child.expect_exact("3\r\n" + PROMPT)
    child.sendline("if True:")
    child.expect_exact("... ")
    child.send(CTRL_E + "    print('in')\n\n")
    child.expect_exact("in\r\n" + PROMPT)


def test_pasting_after_a_script(prompt: Prompt, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text("word = 'kept'")
    child = prompt("-i", "script.py")
    assert paste(child, "print(word)\n") == "kept\n"


# Limits


def test_the_prompt_outlives_a_memory_error(prompt: Prompt) -> None:
    child = prompt("-X", "heapsize=256K")
    assert ask(child, "[0] * 10**6").endswith("MemoryError\n")
    grow = "x = None\nwhile True: x = (x,)\n"
    for _ in range(3):
        assert paste(child, grow).endswith("MemoryError\n")
        assert ask(child, "1 + 1") == "2\n"
    assert ask(child, "del x") == ""
    assert ask(child, "len([0] * 10000)") == "10000\n"
    assert leave(child) == 0


def test_the_prompt_ends_when_its_time_is_over(prompt: Prompt) -> None:
    child = prompt("-X", "timeout=1")
    child.expect_exact("ftpy: timeout: the run took longer than 1 s")
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 124


def test_the_prompt_after_a_script_takes_none_of_its_memory(prompt: Prompt) -> None:
    child = prompt("-X", "heapsize=256K", "-i", "-c", "x = 1")
    # With its history and completion it would take more than that.
    assert ask(child, "import gc; gc.mem_alloc() < 128 * 1024") == "True\n"
    assert ask(child, "[0] * 10**6").endswith("MemoryError\n")
    assert leave(child) == 0


def test_a_plain_prompt_is_no_matter_of_child_processes(prompt: Prompt) -> None:
    # What is left out here is for Python 3.13 and later, whose own prompt would take the heap.
    for options in ((), ("-i", "-c", "x = 1")):
        child = prompt("-X", "heapsize=512K", *options, plain=False)
        code = "import os; os.popen('echo ${PYTHON_BASIC_REPL-none}').read()"
        assert ask(child, code) == "'none\\n'\n"
        assert leave(child) == 0
