"""`log` and `usys`: lines for people, exceptions with their tracebacks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import FTPY, run_script


def logged(source: str, folder: Path) -> str:
    """What a script writes to standard error with `log`."""
    return run_script(f"import log\n{source}", folder).stderr


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ("critical('burning')", "CRIT:net:burning\n"),
        ("error('failed')", "ERROR:net:failed\n"),
        ("warning('odd')", "WARN:net:odd\n"),
        ("info('sent')", "INFO:net:sent\n"),
        ("debug('detail')", ""),
        ("info('%d of %d', 3, 4)", "INFO:net:3 of 4\n"),
        ("info('100%')", "INFO:net:100%\n"),
        ("info((2026, 11, 25))", "INFO:net:(2026, 11, 25)\n"),
        ("info(None)", "INFO:net:None\n"),
        ("log(35, 'between')", "LVL35:net:between\n"),
    ],
)
def test_a_record_is_a_line(call: str, line: str, tmp_path: Path) -> None:
    assert logged(f"log.getLogger('net').{call}", tmp_path) == line


@pytest.mark.parametrize(
    ("level", "words"),
    [
        ("DEBUG", "DEBUG INFO WARN ERROR CRIT"),
        ("INFO", "INFO WARN ERROR CRIT"),
        ("WARNING", "WARN ERROR CRIT"),
        ("ERROR", "ERROR CRIT"),
        ("CRITICAL", "CRIT"),
    ],
)
def test_levels(level: str, words: str, tmp_path: Path) -> None:
    source = f"""
log.basicConfig(level=log.{level})
logger = log.getLogger('x')
for name in 'debug info warning error critical'.split():
    getattr(logger, name)('')
"""
    assert [line.split(":")[0] for line in logged(source, tmp_path).splitlines()] == words.split()


def test_the_numbers(tmp_path: Path) -> None:
    numbers = "log.CRITICAL, log.ERROR, log.WARNING, log.INFO, log.DEBUG, log.NOTSET"
    done = FTPY.run("-c", f"import log; print({numbers})", cwd=tmp_path)
    assert done.stdout == "50 40 30 20 10 0\n"


def test_a_logger_is_known_by_its_name(tmp_path: Path) -> None:
    source = """
assert log.getLogger('a') is log.getLogger('a') is not log.getLogger('b')
log.getLogger().info('')
quiet = log.getLogger('quiet')
quiet.setLevel(log.ERROR)
assert not quiet.isEnabledFor(log.INFO) and log.getLogger('a').isEnabledFor(log.INFO)
quiet.info('unseen')
"""
    assert logged(source, tmp_path) == "INFO:root:\n"


def test_outputs(tmp_path: Path) -> None:
    source = """
import log, sys, usys
class UART:
    def write(self, text): print('uart', repr(text))
logger = log.getLogger('x')
log.set_output(usys.stdout); logger.info('out')
log.set_output(UART()); logger.info('wire')
log.basicConfig(stream=sys.stdout); logger.info('stream')
for wrong in (None, 'COM1', 3):
    try:
        log.set_output(wrong)
    except Exception as error:
        print(error)
"""
    done = run_script(source, tmp_path)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "INFO:x:out",
        r"uart 'INFO:x:wire\n'",
        "INFO:x:stream",
        "log.set_output takes a UART or usys.stdout, not NoneType",
        "log.set_output takes a UART or usys.stdout, not str",
        "log.set_output takes a UART or usys.stdout, not int",
    ]


def test_a_redirected_stderr_counts(tmp_path: Path) -> None:
    source = """
import contextlib, io, log
logger = log.getLogger('x')
with contextlib.redirect_stderr(io.StringIO()) as text:
    logger.info('kept')
print(repr(text.getvalue()))
"""
    assert run_script(source, tmp_path).stdout == "'INFO:x:kept\\n'\n"


def test_without_standard_error_nothing_is_said_anywhere(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        """
import dataCall, log, net, usocket, ussl
log.basicConfig(filename='x', format='y')
log.getLogger('x').info('hi')
ussl.wrap_socket(usocket.socket())
print('after')
"""
    )
    line = '"$1" script.py 2>&-; echo $?'
    done = subprocess.run(
        ["bash", "-c", line, "bash", str(FTPY.program)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("after\n0\n", "")


def test_what_basic_config_cannot_do(tmp_path: Path) -> None:
    said = logged("log.basicConfig(filename='x.log', format='%(name)s')", tmp_path)
    assert "filename is not supported" in said
    assert "format is not supported" in said
    assert not (tmp_path / "x.log").exists()


# `usys`


def test_usys_is_sys(tmp_path: Path) -> None:
    source = """
import sys, usys
for name in dir(usys):
    if name != 'print_exception':
        assert getattr(usys, name) is getattr(sys, name), name
sys.stdout = sys.stderr
assert usys.stdout is sys.stderr
usys.exit(3)
"""
    assert run_script(source, tmp_path, check=False).returncode == 3


@pytest.mark.parametrize("module", ["usys", "sys"])
def test_print_exception(module: str, tmp_path: Path) -> None:
    source = f"""
import {module}, io
try:
    {{}}['missing']
except KeyError as error:
    {module}.print_exception(error)
    text = io.StringIO()
    {module}.print_exception(error, text)
print(text.getvalue().splitlines()[-1])
"""
    done = run_script(source, tmp_path)
    lines = done.stdout.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1] == f'  File "{tmp_path / "script.py"}", line 4, in <module>'
    assert lines[-2:] == ["KeyError: 'missing'"] * 2
    assert done.stderr == ""
