"""What the Python contestants run: one operation with one module, as a script would write it.

    client.py MODULE OPERATION HOST PORT USER PASSWORD PATH COUNT TLS [BLOCKSIZE]

It imports little: what a script starts with is part of what is measured. The last line that it
prints is what the operation took, without the start and the login: seconds, processor seconds, and
the most memory that the process had, in KiB.
"""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

MODULE, OPERATION, HOST, PORT, USER, PASSWORD, PATH, COUNT, TLS = sys.argv[1:10]
SIZES = {"blocksize": int(sys.argv[10])} if len(sys.argv) > 10 else {}


def module() -> Any:
    return __import__(MODULE, fromlist=["FTP"])


def session() -> Any:
    if TLS == "1":
        import ssl

        # The test servers' certificate is nobody's; every contestant looks away.
        ftp = module().FTP_TLS(context=ssl._create_unverified_context())
    else:
        ftp = module().FTP()
    ftp.connect(HOST, int(PORT))
    ftp.login(USER, PASSWORD)
    if TLS == "1":
        ftp.prot_p()
    return ftp


def retr_file(ftp: Any) -> None:
    with open(PATH, "wb+") as save_fp:
        ftp.retrbinary("RETR file.bin", save_fp.write, **SIZES)


def retr_nothing(ftp: Any) -> None:
    ftp.retrbinary("RETR file.bin", lambda _: None, **SIZES)


def retr_sha256(ftp: Any) -> None:
    import hashlib

    ftp.retrbinary("RETR file.bin", hashlib.sha256().update, **SIZES)


def stor_file(ftp: Any) -> None:
    with open(PATH, "rb") as file:
        ftp.storbinary("STOR file.bin", file, **SIZES)


def lines_nothing(ftp: Any) -> None:
    ftp.retrlines("RETR text.txt", lambda _: None)


def lines_list(ftp: Any) -> None:
    lines: list[str] = []
    ftp.retrlines("RETR text.txt", lines.append)


def lines_file(ftp: Any) -> None:
    with open(PATH, "wb+") as save_fp:
        if MODULE == "ftplib":
            # What a script has to write there for the same file.
            ftp.retrlines("RETR text.txt", lambda line: save_fp.write(line.encode() + b"\n"))
        else:
            ftp.retrlines("RETR text.txt", save_fp.write)


def stor_lines(ftp: Any) -> None:
    with open(PATH, "rb") as file:
        ftp.storlines("STOR text.txt", file)


def nlst(ftp: Any) -> None:
    assert len(ftp.nlst("many")) >= int(COUNT)


def list_lines(ftp: Any) -> None:
    lines: list[str] = []
    ftp.dir("many", lines.append)
    assert len(lines) >= int(COUNT)


def mlsd(ftp: Any) -> None:
    assert len(list(ftp.mlsd("many"))) >= int(COUNT)


def small_retr(ftp: Any) -> None:
    for index in range(int(COUNT)):
        ftp.retrbinary(f"RETR small/{index:04}", lambda _: None)


def small_stor(ftp: Any) -> None:
    import io

    content = bytes(4096)
    for index in range(int(COUNT)):
        ftp.storbinary(f"STOR small/{index:04}", io.BytesIO(content))


def tree_retr(ftp: Any) -> None:
    folder = f"{PATH}/{time.monotonic_ns()}"
    if MODULE == "ftplib":
        import os

        os.mkdir(folder)
        for name in ftp.nlst("small"):
            with open(f"{folder}/{os.path.basename(name)}", "wb") as save_fp:
                ftp.retrbinary(f"RETR {name}", save_fp.write)
    else:
        assert ftp.download_tree("small", folder).transferred == int(COUNT)


def tree_stor(ftp: Any) -> None:
    folder = f"{time.monotonic_ns()}"
    if MODULE == "ftplib":
        import os

        ftp.mkd(folder)
        for name in os.listdir(PATH):
            with open(f"{PATH}/{name}", "rb") as file:
                ftp.storbinary(f"STOR {folder}/{name}", file)
    else:
        assert ftp.upload_tree(PATH, folder).transferred == int(COUNT)


def noop(ftp: Any) -> None:
    for _ in range(int(COUNT)):
        ftp.voidcmd("NOOP")


def pwd(ftp: Any) -> None:
    for _ in range(int(COUNT)):
        ftp.pwd()


def sessions() -> None:
    for _ in range(int(COUNT)):
        session().quit()


def threads() -> None:
    import threading

    def one() -> None:
        ftp = session()
        ftp.retrbinary("RETR file.bin", lambda _: None)
        ftp.quit()

    module()
    running = [threading.Thread(target=one) for _ in range(4)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()


def sha256_alone() -> None:
    """The hash of so many MiB, to be taken off."""
    import hashlib

    digest, block = hashlib.sha256(), bytes(256 * 1024)
    for _ in range(int(COUNT) * 4):
        digest.update(block)


def strings_alone(ftp: Any, command: str, lists: int) -> Callable[[], None]:
    """What every client needs whose script keeps all lines, with the text there already."""
    lines: list[str] = []
    ftp.retrlines(command, lines.append)
    text, size = "\n".join(lines).encode(), 256 * 1024
    blocks = [text[start : start + size] for start in range(0, len(text), size)]

    def make() -> None:
        kept: list[list[str]] = [[] for _ in range(lists)]
        for block in blocks:
            strings = block.decode().split("\n")
            for each in kept:
                each += strings

    return make


def importing() -> None:
    if MODULE != "bare":
        module()


ALONE: dict[str, Callable[[], None]] = {
    "sessions": sessions,
    "threads": threads,
    "retr_sha256_alone": sha256_alone,
    "import": importing,
}
IN_SESSION: dict[str, Callable[[Any], None]] = {
    "retr_file": retr_file,
    "retr_nothing": retr_nothing,
    "retr_sha256": retr_sha256,
    "stor_file": stor_file,
    "lines_nothing": lines_nothing,
    "lines_list": lines_list,
    "lines_file": lines_file,
    "stor_lines": stor_lines,
    "nlst": nlst,
    "list": list_lines,
    "mlsd": mlsd,
    "small_retr": small_retr,
    "small_stor": small_stor,
    "tree_retr": tree_retr,
    "tree_stor": tree_stor,
    "noop": noop,
    "pwd": pwd,
}
# What they return is measured. A listing is in two lists: the script's, and the one that this
# client returns.
PREPARED: dict[str, Callable[[Any], Callable[[], None]]] = {
    "lines_list_alone": lambda ftp: strings_alone(ftp, "RETR text.txt", 1),
    "list_alone": lambda ftp: strings_alone(ftp, "LIST many", 2),
}


def peak() -> str:
    with open("/proc/self/status") as status:
        return next(line.split()[1] for line in status if line.startswith("VmHWM"))


def measured(work: Callable[[], None]) -> str:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return f"{time.perf_counter() - wall:.6f} {time.process_time() - cpu:.6f}"


if OPERATION in ALONE:
    took = measured(ALONE[OPERATION])
else:
    ftp = session()
    if OPERATION in PREPARED:
        took = measured(PREPARED[OPERATION](ftp))
    else:
        took = measured(lambda: IN_SESSION[OPERATION](ftp))
    ftp.quit()
print(took, peak())
