"""The workloads: what each is, who takes part, and what this client is to reach."""

from __future__ import annotations

from functools import partial

from workload import IN_PYTHON, MANY, SAME_CALLS, SMALL, TEXT, Goal, Workload, cpu, wall

_ALL = ("ftplib", "this", "this ftpy", "curl", "pycurl", "lftp", "lftp 1M", "aioftp", "C")
_CALLBACKS = ("ftplib", "ftplib 64K", "this", "pycurl", "C")
_HASHES = ("ftplib", "ftplib 64K", "this", "C", "sha256 alone")
_SECURE = ("ftplib", "this", "curl", "lftp", "C", IN_PYTHON)
_MANY_FILES = ("ftplib", "this", "pycurl", "aioftp", "C", IN_PYTHON)
_TREES = ("ftplib", "this", "pycurl")
_PLAIN = ("ftplib", "this", "C")
_CALLS = (*_PLAIN, SAME_CALLS, IN_PYTHON)
_TWO = ("ftplib", "this")
_KEPT = ("ftplib", "this", "C", "strings alone")
_LISTINGS = ("ftplib", "this", "C", IN_PYTHON)

# Programs' own figures include their start: whole processes then.
whole_files = partial(Workload, size=1024, quick=256, inside=False)
lines = partial(Workload, size=1_500_000, quick=300_000, least=1000, needs=TEXT, unit="lines")
entries = partial(Workload, size=100_000, quick=20_000, least=20, needs=MANY, unit="entries")
small = partial(
    Workload,
    size=1000,
    quick=200,
    least=5,
    needs=SMALL,
    unit="files",
    one_processor=True,
    rounds=11,
    one_is_enough=True,
)
far = partial(Workload, size=30, quick=4, least=3, unit="files", delay=0.02)
commands = partial(
    Workload,
    size=50_000,
    quick=5000,
    least=10,
    needs="",
    unit="commands",
    one_processor=True,
    rounds=21,
)
peak = partial(Workload, size=4096, quick=256, rounds=1, inside=False)

RETR_GOALS = (
    wall(1.0, "curl", "lftp 1M"),
    wall(0.7, "ftplib"),
    cpu(0.8, "curl"),
    cpu(0.5, "ftplib"),
    wall(1.15, "C"),
)
STOR_GOALS = (wall(1.0, "curl"), cpu(0.4, "curl"), cpu(0.2, "ftplib"))
CALLBACK_GOALS = (cpu(0.6, "ftplib"), cpu(1.0, "ftplib 64K"))
TLS_GOALS = (cpu(0.9, "curl"), cpu(0.8, "ftplib"))
LISTING_GOALS = (cpu(0.3, "ftplib"),)
SMALL_GOALS = (wall(0.67, "ftplib"), wall(0.85, "pycurl"), wall(1.1, "C"))
TREE_GOALS = (wall(0.6, "pycurl"), wall(0.6, "ftplib"))
COMMAND_GOALS = (cpu(0.9, "ftplib"), wall(1.15, "C"), cpu(1.25, "C"))
SESSION_GOALS = (cpu(0.6, "ftplib"), wall(1.05, "C"))
THREAD_GOALS = (wall(0.8, "ftplib"), cpu(0.6, "ftplib"))
MEMORY_GOALS = (Goal("memory", 1.0, ("ftplib",), 4096),)

_RETR = "RETR into an existing file: `open(.., 'wb+')`, `save_fp.write`"
_HASH = "RETR, callback `hashlib.sha256().update`; less the hash's own time"
_TLS_RETR, _TLS_STOR = "RETR over FTPS (TLS 1.3) into a file", "STOR over FTPS from a file"
_THREADS = "RETR in 4 threads with a session each, the whole file in each"
_IMPORT = "`from usr.ftplib import FTP`, over a bare start of Python"

WORKLOADS = (
    whole_files(
        "retr",
        _RETR,
        "retr_file",
        (*_ALL, "C, copied"),
        RETR_GOALS,
        reason="the kernel makes the file's pages anew",
    ),
    Workload(
        "retr-lambda",
        "RETR, callback `lambda block: None`",
        "retr_nothing",
        _CALLBACKS,
        CALLBACK_GOALS,
        1024,
        256,
    ),
    Workload(
        "retr-sha256",
        _HASH,
        "retr_sha256",
        _HASHES,
        CALLBACK_GOALS,
        1024,
        128,
        baseline="sha256 alone",
    ),
    whole_files(
        "stor",
        "STOR from a file: `open(.., 'rb')`",
        "stor_file",
        (*_ALL, "C, copied"),
        STOR_GOALS,
        needs="",
        rounds=31,
        reason="vsftpd reads faster what the client has copied, and so has in the cache",
    ),
    whole_files(
        "retr-tls",
        _TLS_RETR,
        "retr_file",
        _SECURE,
        TLS_GOALS,
        quick=128,
        mode="tls",
        rounds=9,
        reason="OpenSSL's own time, and Python's start",
    ),
    whole_files(
        "stor-tls",
        _TLS_STOR,
        "stor_file",
        _SECURE,
        TLS_GOALS,
        quick=128,
        needs="",
        mode="tls",
        reason="OpenSSL's own time",
    ),
    lines(
        "retrlines-lambda",
        "`retrlines`, callback `lambda line: None`",
        "lines_nothing",
        _PLAIN,
        (wall(0.35, "ftplib"),),
    ),
    lines(
        "retrlines-append",
        "`retrlines`, callback `lines.append`",
        "lines_list",
        _KEPT,
        (wall(0.35, "ftplib"),),
    ),
    lines(
        "retrlines-write",
        "`retrlines`, callback `save_fp.write` of a 'wb+' file",
        "lines_file",
        _PLAIN,
        (wall(0.1, "ftplib"),),
        reason="the kernel makes the file's pages anew",
    ),
    lines(
        "storlines",
        "`storlines` from a file",
        "stor_lines",
        _PLAIN,
        (wall(0.15, "ftplib"),),
        quick=200_000,
        needs="",
    ),
    entries("nlst", "`nlst`", "nlst", _LISTINGS, LISTING_GOALS),
    entries(
        "dir",
        "`dir`, callback `lines.append`",
        "list",
        (*_LISTINGS, "strings alone"),
        LISTING_GOALS,
        reason="the strings and the two lists alone take as much with 3.11",
    ),
    entries("mlsd", "`mlsd`", "mlsd", _PLAIN, LISTING_GOALS, quick=2000, server="proftpd"),
    small(
        "small-retr", "`retrbinary` of 4 KiB, one session", "small_retr", _MANY_FILES, SMALL_GOALS
    ),
    small(
        "small-stor", "`storbinary` of 4 KiB, one session", "small_stor", _MANY_FILES, SMALL_GOALS
    ),
    far(
        "tree-retr",
        "`download_tree` of 4 KiB files, 20 ms away each way",
        "tree_retr",
        _TREES,
        TREE_GOALS,
        needs=SMALL,
    ),
    far(
        "tree-stor",
        "`upload_tree` of 4 KiB files, 20 ms away each way",
        "tree_stor",
        _TREES,
        TREE_GOALS,
        needs="",
    ),
    commands("noop", "`voidcmd('NOOP')`", "noop", _CALLS, COMMAND_GOALS),
    commands("pwd", "`pwd()`", "pwd", _CALLS, COMMAND_GOALS),
    Workload(
        "sessions",
        "connect, login, quit",
        "sessions",
        _CALLS,
        SESSION_GOALS,
        500,
        50,
        3,
        "",
        "sessions",
        reason="the code is cold after a server's 20 ms, Python's own as well",
    ),
    Workload("threads", _THREADS, "threads", _PLAIN, THREAD_GOALS, 512, 64),
    Workload(
        "import",
        _IMPORT,
        "import",
        (*_TWO, "bare"),
        (wall(0.2, "ftplib"),),
        1,
        1,
        needs="",
        unit="imports",
        baseline="bare",
        rounds=21,
        inside=False,
    ),
    peak("memory-retr", "most memory, RETR into a file", "retr_file", _TWO, MEMORY_GOALS),
    peak("memory-stor", "most memory, STOR from a file", "stor_file", _TWO, MEMORY_GOALS, needs=""),
)
