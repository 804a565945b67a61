"""connect: opens the connection and returns the server's greeting."""

import server

from usr.ftplib import FTP

with FTP() as ftp:
    try:
        greeting = ftp.connect(host=server.host, port=server.port, timeout=10)
    except OSError as error:
        raise SystemExit(f"no connection: {error}") from None

    print(greeting)
    if greeting.startswith("220"):
        print(f"{server.host} is ready for a login")
