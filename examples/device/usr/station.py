"""The station's files: its log and its firmware."""

import log
import uos
import utime

from usr.ftplib import FTP

LOG = "/usr/station.log"
FIRMWARE = "/usr/firmware.bin"
NEW_FIRMWARE = "/usr/firmware.new"

logger = log.getLogger("station")


def note(text: str) -> None:
    """Adds a line with the time to the log."""
    year, month, day, hour, minute, second = utime.localtime()[:6]
    time = "{:04}-{:02}-{:02} {:02}:{:02}:{:02}".format(year, month, day, hour, minute, second)
    with open(LOG, "a") as file:
        file.write("{} {}\n".format(time, text))


def last_number(files: list[str], name: str) -> int:
    """The highest N of the files NAME-N.log; 0 if there is none."""
    start, end = name + "-", ".log"
    numbers = [0]
    for file in files:
        middle = file[len(start) : -len(end)]
        if file == start + middle + end and middle.isdigit():
            numbers.append(int(middle))
    return max(numbers)


def send_log(ftp: FTP, name: str) -> None:
    """Sends the log as the server's next file of that name, and begins a new one."""
    # Not the number of files: after one was deleted that is the name of another.
    target = "{}-{}.log".format(name, last_number(ftp.nlst(), name) + 1)
    with open(LOG, "rb") as file:
        reply = ftp.storbinary("STOR " + target, file)
    if not reply.startswith("226"):
        raise OSError(5, "the log did not arrive: " + reply)
    uos.remove(LOG)
    logger.info("sent {}".format(target))


def update(ftp: FTP, name: str) -> bool:
    """Fetches the firmware unless one of its size is here. True if there is a new one.

    It takes its name only once it is whole: a broken download leaves the old one in place.
    """
    size = ftp.size(name)
    if "firmware.bin" in uos.listdir("/usr") and uos.stat(FIRMWARE)[6] == size:
        logger.info("{} is up to date".format(name))
        return False
    start = utime.ticks_ms()
    with open(NEW_FIRMWARE, "wb") as file:
        ftp.retrbinary("RETR " + name, file.write)
    received = uos.stat(NEW_FIRMWARE)[6]
    if received != size:
        uos.remove(NEW_FIRMWARE)
        raise OSError(5, "{}: {} of {} bytes".format(name, received, size))
    uos.rename(NEW_FIRMWARE, FIRMWARE)
    logger.debug("{} ms".format(utime.ticks_diff(utime.ticks_ms(), start)))
    logger.info("{}: {} bytes".format(name, received))
    return True
