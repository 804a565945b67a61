"""pyftpdlib's server: pyftpdlib_server.py ADDRESS PORT ROOT MODE CERTIFICATE

The login comes from FTP_TEST_USER and FTP_TEST_PASS. Further, all optional:

PYFTPDLIB_WITHOUT     commands to leave out, "MLSD MLST EPSV EPRT FEAT"
PYFTPDLIB_MASQUERADE  the host to name in PASV's reply, as behind a NAT
PYFTPDLIB_RATE        bytes per second in either direction
PYFTPDLIB_TIMEOUT     seconds until an idle session is closed: 300
PYFTPDLIB_FXP         1: data connections with third hosts
PYFTPDLIB_BANNER      the greeting: "pyftpdlib is ready."
PYFTPDLIB_RECURSIVE   1: RMD removes a directory with all that is in it
PYFTPDLIB_PASSIVE     the first and the last port for data connections, "40000-40100"
"""

import logging
import os
import shutil
import sys

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.filesystems import AbstractedFS
from pyftpdlib.handlers import FTPHandler, ThrottledDTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer, ThreadedFTPServer


class RecursiveFS(AbstractedFS):
    def rmdir(self, path: str) -> None:
        shutil.rmtree(path)


class PlainHandler(FTPHandler):
    pass


class TLSHandler(TLS_FTPHandler):
    tls_control_required = True
    tls_data_required = True


class ImplicitTLSHandler(TLS_FTPHandler):
    """TLS from the first byte: the greeting waits for the handshake."""

    tls_data_required = True

    def handle(self) -> None:
        self.secure_connection(self.get_ssl_context())

    def handle_ssl_established(self) -> None:
        super().handle()


HANDLERS: dict[str, type[FTPHandler]] = {
    "plain": PlainHandler,
    "plain-anon": PlainHandler,
    "plain-threaded": PlainHandler,
    "tls": TLSHandler,
    "implicit": ImplicitTLSHandler,
}


class SlowDTPHandler(ThrottledDTPHandler):
    read_limit = write_limit = int(os.environ.get("PYFTPDLIB_RATE", "0"))


def main(address: str, port: int, root: str, mode: str, certificate: str) -> None:
    handler = HANDLERS.get(mode)
    if handler is None:
        sys.exit(f"there is no mode {mode}")

    authorizer = DummyAuthorizer()
    authorizer.add_user(
        os.environ["FTP_TEST_USER"], os.environ["FTP_TEST_PASS"], root, perm="elradfmwMT"
    )
    if mode == "plain-anon":
        authorizer.add_anonymous(root)

    handler.authorizer = authorizer
    handler.banner = os.environ.get("PYFTPDLIB_BANNER", "pyftpdlib is ready.")
    handler.use_gmt_times = True
    handler.permit_privileged_ports = True
    handler.permit_foreign_addresses = os.environ.get("PYFTPDLIB_FXP") == "1"
    handler.timeout = int(os.environ.get("PYFTPDLIB_TIMEOUT", "300"))
    # A wrong password would otherwise cost a test three seconds.
    handler.auth_failed_timeout = 0
    handler.masquerade_address = os.environ.get("PYFTPDLIB_MASQUERADE")
    if os.environ.get("PYFTPDLIB_RECURSIVE") == "1":
        handler.abstracted_fs = RecursiveFS
    if ports := os.environ.get("PYFTPDLIB_PASSIVE"):
        first, _, last = ports.partition("-")
        handler.passive_ports = range(int(first), int(last) + 1)
    without = os.environ.get("PYFTPDLIB_WITHOUT", "").split()
    handler.proto_cmds = {k: v for k, v in handler.proto_cmds.items() if k not in without}
    if SlowDTPHandler.read_limit:
        handler.dtp_handler = SlowDTPHandler
        # sendfile(2) would pass the brake.
        handler.use_sendfile = False
    if issubclass(handler, TLS_FTPHandler):
        handler.certfile = certificate

    kind = ThreadedFTPServer if mode == "plain-threaded" else FTPServer
    server = kind((address, port), handler)
    server.max_cons = 512
    server.max_cons_per_ip = 0
    server.serve_forever()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5])
