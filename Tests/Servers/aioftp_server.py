"""aioftp's server: aioftp_server.py ADDRESS PORT ROOT [CERTIFICATE]

With a certificate, TLS from the first byte. The login comes from FTP_TEST_USER and FTP_TEST_PASS.
"""

import asyncio
import logging
import os
import ssl
import sys
from pathlib import Path

import aioftp


async def main(address: str, port: int, root: Path, certificate: str | None) -> None:
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    user = aioftp.User(
        os.environ["FTP_TEST_USER"], os.environ["FTP_TEST_PASS"], base_path=root, home_path="/"
    )
    server = aioftp.Server([user], ssl=context, socket_timeout=600, idle_timeout=600)
    await server.run(address, port)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(
        main(
            sys.argv[1],
            int(sys.argv[2]),
            Path(sys.argv[3]),
            sys.argv[4] if len(sys.argv) > 4 else None,
        )
    )
