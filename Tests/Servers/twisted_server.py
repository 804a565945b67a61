"""Twisted's FTP server: twisted_server.py ADDRESS PORT ROOT

The login comes from FTP_TEST_USER and FTP_TEST_PASS; anonymous users may read.
"""

import os
import sys

from twisted.cred.checkers import AllowAnonymousAccess, InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import Portal
from twisted.internet import reactor
from twisted.protocols import ftp
from twisted.python import log
from twisted.python.filepath import FilePath


class Realm(ftp.BaseFTPRealm):
    """Every user's home is the root itself."""

    def __init__(self, root: str) -> None:
        super().__init__(root)
        self.home = FilePath(root)

    def getHomeDirectory(self, avatarId: object) -> FilePath:  # noqa: ARG002, N802, N803 - Twisted's
        return self.home


def main(address: str, port: int, root: str) -> None:
    accounts = InMemoryUsernamePasswordDatabaseDontUse()
    accounts.addUser(os.environ["FTP_TEST_USER"], os.environ["FTP_TEST_PASS"])
    factory = ftp.FTPFactory(Portal(Realm(root), [accounts, AllowAnonymousAccess()]))
    factory.timeOut = 600
    reactor.listenTCP(port, factory, interface=address)
    reactor.run()


if __name__ == "__main__":
    log.startLogging(sys.stdout)
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
