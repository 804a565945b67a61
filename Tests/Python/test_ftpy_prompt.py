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

    def start(*arguments: str) -> pexpect.spawn[str]:
        environment = {
            "HOME": str(tmp_path),
            "TERM": "dumb",
            "PYTHON_BASIC_REPL": "1",  # Python 3.13 and later warn that theirs wants a better TERM
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
        }
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
