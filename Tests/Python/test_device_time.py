"""`utime`: eight-item times, ticks that wrap, time zones."""

from __future__ import annotations

import ast
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from conftest import FTPY, run_script


def evaluate(expression: str, cwd: Path, **environment: str) -> Any:
    """The value of an expression on `utime` in ftpy."""
    code = f"import utime; print(repr({expression}))"
    return ast.literal_eval(FTPY.run("-c", code, cwd=cwd, environment=environment).stdout)


def test_time_is_whole_seconds_since_1970(tmp_path: Path) -> None:
    before = int(time.time())
    assert before <= evaluate("utime.time()", tmp_path) <= int(time.time())


@pytest.mark.parametrize(
    ("zone", "seconds", "expected"),
    [
        ("UTC0", 0, (1970, 1, 1, 0, 0, 0, 3, 1)),
        ("UTC0", 1_600_000_000, (2020, 9, 13, 12, 26, 40, 6, 257)),
        ("CST-8", 1_600_000_000, (2020, 9, 13, 20, 26, 40, 6, 257)),
        ("CET-1CEST,M3.5.0,M10.5.0", 1_600_000_000, (2020, 9, 13, 14, 26, 40, 6, 257)),
    ],
)
def test_localtime_and_mktime_reverse_each_other(
    zone: str, seconds: int, expected: tuple[int, ...], tmp_path: Path
) -> None:
    assert evaluate(f"utime.localtime({seconds})", tmp_path, TZ=zone) == expected
    assert evaluate(f"type(utime.localtime({seconds})) is tuple", tmp_path) is True
    assert evaluate(f"utime.mktime({expected})", tmp_path, TZ=zone) == seconds
    assert evaluate(f"utime.mktime({[*expected, 0]})", tmp_path, TZ=zone) == seconds


def test_localtime_now(tmp_path: Path) -> None:
    for call in ("utime.localtime()", "utime.localtime(None)"):
        now = evaluate(f"(utime.mktime({call}), utime.time())", tmp_path)
        assert 0 <= now[1] - now[0] <= 1


@pytest.mark.parametrize("zone", [-12, -5, 0, 8, 12])
def test_a_time_zone_set_by_the_script(zone: int, tmp_path: Path) -> None:
    code = f"(utime.setTimeZone({zone}), utime.getTimeZone(), utime.localtime(86400)[2:4])"
    answer, hours, (day, hour) = evaluate(code, tmp_path, TZ="CST-8")
    assert (answer, hours) == (0, zone)
    assert (day - 2) * 24 + hour == zone
    back = f"(utime.setTimeZone({zone}), utime.mktime(utime.localtime(1600000000)))[1]"
    assert evaluate(back, tmp_path) == 1_600_000_000


def test_mktime_for_china_subtracts_eight_hours(tmp_path: Path) -> None:
    code = "(utime.setTimeZone(8), utime.mktime((1970, 1, 1, 8, 0, 0, 3, 1)))[1]"
    assert evaluate(code, tmp_path) == 0


@pytest.mark.parametrize("setting", ["", "utime.setTimeZone(0)"])
@pytest.mark.parametrize(
    "date",
    [
        (2023, 13, 1, 0, 0, 0),
        (2024, 0, 1, 0, 0, 0),
        (2024, -11, 32, 25, 61, 61),
        (2024, 2, 0, 0, 0, 0),
    ],
)
def test_mktime_normalises(date: tuple[int, ...], setting: str, tmp_path: Path) -> None:
    code = f"({setting or 0}, utime.mktime(({', '.join(map(str, date))}, 0, 0)))[1]"
    year, month, day, hour, minute, second = date
    years, month = divmod(month - 1, 12)
    first = datetime(year + years, month + 1, 1, tzinfo=UTC)
    moment = first + timedelta(days=day - 1, hours=hour, minutes=minute, seconds=second)
    assert evaluate(code, tmp_path, TZ="UTC0") == moment.timestamp()


@pytest.mark.parametrize(("zone", "hours"), [("UTC0", 0), ("CST-8", 8), ("EST5", -5)])
def test_the_hosts_time_zone(zone: str, hours: int, tmp_path: Path) -> None:
    assert evaluate("utime.getTimeZone()", tmp_path, TZ=zone) == hours


@pytest.mark.parametrize("offset", [13, -13, 100])
def test_no_such_time_zone(offset: int, tmp_path: Path) -> None:
    done = FTPY.run("-c", f"import utime; utime.setTimeZone({offset})", cwd=tmp_path, check=False)
    assert f"ValueError: a time zone is from -12 to 12 hours, not {offset}" in done.stderr


@pytest.mark.parametrize("items", [0, 7, 10])
def test_mktime_needs_eight_or_nine(items: int, tmp_path: Path) -> None:
    done = FTPY.run("-c", f"import utime; utime.mktime({(1,) * items})", cwd=tmp_path, check=False)
    assert f"TypeError: mktime needs a tuple of 8 or 9 items, not {items}" in done.stderr


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("utime.ticks_diff(10, 3)", 7),
        ("utime.ticks_diff(3, 10)", -7),
        ("utime.ticks_diff(2, 0x3FFFFFFF)", 3),
        ("utime.ticks_diff(0x3FFFFFFF, 2)", -3),
        ("utime.ticks_diff(0x1FFFFFFF, 0)", 0x1FFFFFFF),
        ("utime.ticks_add(5, 10)", 15),
        ("utime.ticks_add(0x3FFFFFFF, 1)", 0),
        ("utime.ticks_add(0, -1)", 0x3FFFFFFF),
        ("[0 <= f() <= 0x3FFFFFFF for f in (utime.ticks_ms, utime.ticks_us)]", [True, True]),
        ("0 <= utime.ticks_cpu() <= 0x3FFFFFFF", True),
    ],
)
def test_ticks(expression: str, value: object, tmp_path: Path) -> None:
    assert evaluate(expression, tmp_path) == value


def test_sleeping_takes_that_long(tmp_path: Path) -> None:
    source = """
import utime
for wait, least in (
    (lambda: utime.sleep(0.02), 20_000),
    (lambda: utime.sleep_ms(20), 20_000),
    (lambda: utime.sleep_us(2_000), 2_000),
    (lambda: utime.sleep_ms(-5), 0),
    (lambda: utime.sleep(-1), 0),
    (lambda: utime.sleep(-0.5), 0),
    (lambda: utime.sleep_us(0), 0),
):
    start = utime.ticks_us()
    assert wait() is None
    assert utime.ticks_diff(utime.ticks_us(), start) >= least
try:
    utime.sleep_ms(1.5)
except TypeError:
    print('whole milliseconds')
"""
    assert run_script(source, tmp_path).stdout == "whole milliseconds\n"
