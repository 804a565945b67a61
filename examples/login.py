"""login: says who is there. Without arguments that is `anonymous`."""

import server

from usr.ftplib import FTP, error_perm

with FTP() as ftp:
    ftp.connect(server.host, server.port)

    try:
        reply = ftp.login(user=server.user, passwd=server.password)
    except error_perm as refusal:
        raise SystemExit(f"{server.user} may not log in: {refusal}") from None

    print(reply)
    if reply.startswith("230"):
        print(f"logged in as {server.user}")
