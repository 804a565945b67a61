"""quit: takes leave of the server and closes the connection."""

import server

from usr.ftplib import FTP

ftp = FTP(server.host, server.port, server.user, server.password)

reply = ftp.quit()
print(reply)
if reply.startswith("221"):
    print("closed by agreement")

# The same object can connect again; `with` takes leave by itself.
with ftp:
    print(ftp.connect(server.host, server.port))
