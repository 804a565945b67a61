"""What pycurl and aioftp run, for client.py's operations.

    peers.py MODULE OPERATION HOST PORT USER PASSWORD PATH COUNT TLS

Prints what it took, the login included: seconds, processor seconds.
"""

from __future__ import annotations

import asyncio
import io
import os
import sys
import time
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
        curl.setopt(pycurl.WRITEFUNCTION, lambda _: None)
        perform("file.bin")
    elif OPERATION == "stor_file":
        with open(PATH, "rb") as source:
            curl.setopt(pycurl.UPLOAD, 1)
            curl.setopt(pycurl.READDATA, source)
            perform("file.bin")
    elif OPERATION == "small_retr":
        curl.setopt(pycurl.WRITEFUNCTION, lambda _: None)
        for index in range(int(COUNT)):
            perform(f"small/{index:04}")
    elif OPERATION == "tree_retr":
        folder = f"{PATH}/{time.monotonic_ns()}"
        os.mkdir(folder)
        for index in range(int(COUNT)):
            with open(f"{folder}/{index:04}", "wb") as copy:
                curl.setopt(pycurl.WRITEDATA, copy)
                perform(f"small/{index:04}")
    elif OPERATION == "tree_stor":
        folder = f"{time.monotonic_ns()}"
        curl.setopt(pycurl.UPLOAD, 1)
        curl.setopt(pycurl.FTP_CREATE_MISSING_DIRS, 1)
        for name in os.listdir(PATH):
            with open(f"{PATH}/{name}", "rb") as source:
                curl.setopt(pycurl.READDATA, source)
                perform(f"{folder}/{name}")
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
            with open(PATH, "rb") as source:
                async with client.upload_stream("file.bin") as stream:
                    while block := source.read(256 * 1024):
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


wall, cpu = time.perf_counter(), time.process_time()
if MODULE == "pycurl":
    with_pycurl()
else:
    asyncio.run(with_aioftp())
print(f"{time.perf_counter() - wall:.6f} {time.process_time() - cpu:.6f} 0")
