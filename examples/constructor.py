"""FTP(...): makes the object; given a host it connects as well, given a user it also logs in."""

import server

from usr.ftplib import FTP

# Only the object: connect() and login() are still to be called.
ftp = FTP()
print("no host: welcome is", ftp.welcome)

# Connected.
with FTP(host=server.host, port=server.port, timeout=10) as ftp:
    print("host:", ftp.welcome)

# Connected and logged in, which is how most scripts begin. The end of `with` says QUIT.
with FTP(host=server.host, port=server.port, user=server.user, passwd=server.password) as ftp:
    print("host and user: logged in, current directory", ftp.pwd())
