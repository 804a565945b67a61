"""What pycurl and aioftp run, for client.py's operations.

peers.py MODULE OPERATION HOST PORT USER PASSWORD PATH COUNT TLS
"""

from __future__ import annotations

import asyncio
import io
import sys
from typing import Any

MODULE, OPERATION, HOST, PORT, USER, PASSWORD, PATH, COUNT, TLS = sys.argv[1:10]


def with_pycurl() -> None:
    import pycurl

    curl: Any = pycurl.Curl()
    curl.setopt(pycurl.USERPWD, f"{USER}:{PASSWORD}")
    if TLS == "1":
        curl.setopt(pycurl.USE_SSL, pycurl.USESSL_ALL)
        curl.setopt(pycurl.SSL_VERIFYPEER, 0)
        curl.setopt(pycurl.SSL_VERIFYHOST, 0)

    def perform(name: str) -> None:
        curl.setopt(pycurl.URL, f"ftp://{HOST}:{PORT}/{name}")
        curl.perform()

    if OPERATION == "retr_file":
        with open(PATH, "wb+") as file:
            curl.setopt(pycurl.WRITEDATA, file)
            perform("file.bin")
    elif OPERATION == "retr_nothing":
        curl.setopt(pycurl.WRITEFUNCTION, lambda block: None)
        perform("file.bin")
    elif OPERATION == "stor_file":
        with open(PATH, "rb") as file:
            curl.setopt(pycurl.UPLOAD, 1)
            curl.setopt(pycurl.READDATA, file)
            perform("file.bin")
    elif OPERATION == "small_retr":
        curl.setopt(pycurl.WRITEFUNCTION, lambda block: None)
        for index in range(int(COUNT)):
            perform(f"small/{index:04}")
    elif OPERATION == "small_stor":
        content = bytes(4096)
        curl.setopt(pycurl.UPLOAD, 1)
        for index in range(int(COUNT)):
            curl.setopt(pycurl.READDATA, io.BytesIO(content))
            perform(f"small/{index:04}")
    else:
        raise SystemExit(2)
    curl.close()


async def with_aioftp() -> None:
    import aioftp

    client: Any
    async with aioftp.Client.context(HOST, int(PORT), USER, PASSWORD) as client:
        if OPERATION == "retr_file":
            with open(PATH, "wb+") as file:
                async with client.download_stream("file.bin") as stream:
                    async for block in stream.iter_by_block(256 * 1024):
                        file.write(block)
        elif OPERATION == "stor_file":
            with open(PATH, "rb") as file:
                async with client.upload_stream("file.bin") as stream:
                    while block := file.read(256 * 1024):
                        await stream.write(block)
        elif OPERATION == "small_retr":
            for index in range(int(COUNT)):
                async with client.download_stream(f"small/{index:04}") as stream:
                    async for _ in stream.iter_by_block():
                        pass
        elif OPERATION == "small_stor":
            for index in range(int(COUNT)):
                async with client.upload_stream(f"small/{index:04}") as stream:
                    await stream.write(bytes(4096))
        else:
            raise SystemExit(2)


if MODULE == "pycurl":
    with_pycurl()
else:
    asyncio.run(with_aioftp())
