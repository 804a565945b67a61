"""What the module runs at power-on: note a measurement, send the log, look for new firmware."""

import checkNet
import log

from usr import settings, station
from usr.ftplib import FTP, Error

PROJECT_NAME = "FTP_station"
PROJECT_VERSION = "1.0.0"

log.basicConfig(level=log.INFO)
logger = log.getLogger("main")


def main() -> None:
    checkNet.CheckNetwork(PROJECT_NAME, PROJECT_VERSION).poweron_print_once()
    stage, state = checkNet.waitNetworkReady(30)
    if (stage, state) != (3, 1):
        logger.error("no network: stage {}, state {}".format(stage, state))
        return

    station.note("battery 3.8 V")
    try:
        with FTP(
            host=settings.HOST,
            port=settings.PORT,
            user=settings.USER,
            passwd=settings.PASSWORD,
            timeout=20,
        ) as ftp:
            ftp.cwd(settings.DIRECTORY)
            station.send_log(ftp, settings.NAME)
            station.update(ftp, settings.FIRMWARE)
    except (Error, OSError) as error:
        logger.error(error)


if __name__ == "__main__":
    main()
