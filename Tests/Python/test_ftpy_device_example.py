"""`examples/device`: a module's project runs unchanged in a root, against vsftpd."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import EXAMPLES, FTPY, Directory, Server

FIRMWARE = bytes(range(256)) * 400


@pytest.fixture
def home(vsftpd: Server) -> Iterator[Directory]:
    home = Directory(vsftpd, "/home/ftpuser").make()
    home.put("ftp_file.bin", FIRMWARE)
    yield home
    home.remove()


@pytest.fixture
def station(vsftpd: Server, tmp_path: Path) -> Path:
    """A copy of the project, whose server is the test's."""
    station = tmp_path / "station"
    shutil.copytree(EXAMPLES / "device", station)
    settings = station / "usr/settings.py"
    settings.write_text(settings.read_text().replace("2121", str(vsftpd.port)))
    return station


def messages(said: str) -> list[str]:
    return re.findall(r"^(?:INFO|WARN|ERROR|CRIT):.*", said, re.MULTILINE)


def test_power_on(station: Path, home: Directory) -> None:
    first = FTPY.run("--root", station, "--boot")
    assert "FTP_station" in first.stdout
    assert messages(first.stdout + first.stderr) == [
        "INFO:station:sent station-1.log",
        f"INFO:station:ftp_file.bin: {len(FIRMWARE)} bytes",
    ]
    assert (station / "usr/firmware.bin").read_bytes() == FIRMWARE
    assert not (station / "usr/station.log").exists()
    assert re.fullmatch(
        rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d battery 3.8 V\n", home.read("station-1.log")
    )

    second = FTPY.run("--root", station, station / "usr/main.py")
    assert messages(second.stdout + second.stderr) == [
        "INFO:station:sent station-2.log",
        "INFO:station:ftp_file.bin is up to date",
    ]
    assert sorted(entry.name for entry in (station / "usr").iterdir()) == [
        "firmware.bin",
        "main.py",
        "settings.py",
        "station.py",
    ]


def test_no_log_on_the_server_is_overwritten(station: Path, home: Directory) -> None:
    """After one was deleted, and beside those of a station whose name begins the same."""
    others = ["station-2.log", "station-10.log", "station2-40.log", "station-41.log.old"]
    for name in [*others, "station-x.log"]:
        home.put(name, b"old")
    done = FTPY.run("--root", station, "--boot")
    assert "INFO:station:sent station-11.log" in messages(done.stdout + done.stderr)
    assert home.read("station-2.log") == home.read("station-10.log") == b"old"


@pytest.mark.usefixtures("home")
def test_new_firmware_replaces_the_old(station: Path) -> None:
    (station / "usr/firmware.bin").write_bytes(b"old")
    FTPY.run("--root", station, "-m", "usr.main")
    assert (station / "usr/firmware.bin").read_bytes() == FIRMWARE


def test_without_the_firmware_the_log_is_sent_and_the_reason_logged(
    station: Path, home: Directory
) -> None:
    (home.local / "ftp_file.bin").unlink()
    done = FTPY.run("--root", station, "--boot")
    assert messages(done.stdout + done.stderr) == [
        "INFO:station:sent station-1.log",
        "ERROR:main:550 Could not get file size.",
    ]
    assert home.names() == ["station-1.log"]


def test_without_a_server_the_log_stays(station: Path) -> None:
    settings = station / "usr/settings.py"
    settings.write_text(re.sub(r"PORT = \d+", "PORT = 1", settings.read_text()))
    for _ in range(2):
        done = FTPY.run("--root", station, "--boot")
        (reason,) = messages(done.stdout + done.stderr)
        assert reason.endswith("cannot connect to 127.0.0.1 port 1: Connection refused")
    assert (station / "usr/station.log").read_text().count("battery") == 2
