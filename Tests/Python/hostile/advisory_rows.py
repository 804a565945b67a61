"""The advisories of the reference on the field (its section 3.3) that concern a client and that a server can show."""

from __future__ import annotations

from hostile.obedient import DOWNLOAD, listing, secured
from hostile.row import Row
from hostile.steps import leave, pour, repeat, trap, trap_is_empty, wait
from scripted import cut, say, say_bytes

SECRETS = ("USER", "PASS")
HOST_FOLLOWED = (
    "CVE-2020-8284, CVE-2021-4189, CVE-2021-37533, CVE-2021-31810, CVE-2021-40491, CPython PR 149648, GHSA-w8c5-q2xf-gf7c, "
    "Twisted #12847"
)
INJECTION = (
    "bpo-30119, bpo-29606, GHSA-chqc-8p9q-pq6q, GHSA-6v7q-wjvx-w8wg, GHSA-8mhj-xm4h-m5m6, aioftp #194, Commons Net #400, "
    "FluentFTP 54.0.2, CVE-2007-2509, CVE-2004-1166, CVE-2017-6508"
)
LOCAL_NAMES = "CVE-2026-27699, CVE-2002-1344, CVE-2002-1345, CVE-2014-4877, CVE-2018-10916, CVE-2010-2251, CVE-2010-2252, CVE-2016-4971"
EVIL = ("../../evil", "/etc/passwd", "..", ".", "..\\evil", "a/b", "|id", "-rf", "\u202egpj")
LIST_ALONE = {"MLSD": [say("500 No.")]}

ROWS = (
    Row("CVE-2000-0973", "a long error reply", "status", {"STAT": [say("550 " + "x" * 8000)]}, "reply 550"),
    Row("CVE-2000-0973", "a long error reply of many lines", "status", {"STAT": [say(*["550-" + "x" * 900] * 60, "550 End")]}, "reply 550"),
    Row("CVE-2005-0490, CVE-2019-5481, CVE-2022-32208", "Kerberos offered in the place of TLS", "tls connect",
        {"AUTH": [say("334 ADAT=" + "A" * 4000)]}, "reply 334", "step|again", never=(*SECRETS, "ADAT")),
    Row("CVE-2005-0490, CVE-2019-5481, CVE-2022-32208", "protected replies of Kerberos", "status", {"STAT": [say("631 " + "A" * 4000)]},
        "malformed"),
    Row("CVE-2017-1000254", "257 without the closing quote", "pwd", {"PWD": [say('257 "/abc')]}, "nothing", swift="malformed"),
    Row("CVE-2017-1000254", "257 with one quote alone", "pwd", {"PWD": [say('257 "')]}, "nothing", swift="malformed"),
    Row("CVE-2017-1000254", "257 with quotes alone", "pwd", {"PWD": [say('257 ' + '"' * 7999)]}, "*", swift="*|malformed"),
    Row("CVE-2017-8817, CVE-2018-1000120", "NUL in a path", "delete NUL", {}, "invalid", never=("DELE",)),
    Row("CVE-2017-8817", "patterns in names", "entries", {**LIST_ALONE, "LIST": listing(
        "-rw-r--r-- 1 a b 5 Jul 26 10:07 [", "-rw-r--r-- 1 a b 5 Jul 26 10:07 [a-", "-rw-r--r-- 1 a b 5 Jul 26 10:07 *?")}, "[,[a-,*?"),
    Row("CVE-2020-8285", "ten thousand entries to skip", "entries", {"MLSD": listing(*["type=cdir; ."] * 10_000, "type=file; f")}, "f"),
    Row("CVE-2018-1000300", "a long farewell", "quit", {"QUIT": [say(*["221-" + "x" * 1000] * 60, "221 End"), cut()]}, "221", "again"),
    Row("CVE-2018-1000300", "an endless farewell", "quit", {"QUIT": [repeat(b"221-more\r\n")]}, "too long", "again", endless=True),
    Row(HOST_FOLLOWED, "PASV names another host", "download",
        {"PASV": [trap("227 Here (127,0,0,2,{high},{low}).")], "RETR": [*DOWNLOAD, trap_is_empty]}, "whole"),
    Row(HOST_FOLLOWED, "229 names another host", "download",
        {"PASV": [say("500 No.")], "EPSV": [trap("229 Here (|1|127.0.0.2|{port}|).")], "RETR": [*DOWNLOAD, trap_is_empty]}, "whole"),
    Row(HOST_FOLLOWED, "PASV names another host for a listing", "list",
        {"PASV": [trap("227 Here (127,0,0,2,{high},{low}).")], "LIST": [*listing("total 0"), trap_is_empty]}, "total 0"),
    Row(HOST_FOLLOWED, "PASV names another host, between two servers", "fxp", {"PASV": [trap("227 Here (10,0,0,1,{high},{low}).")]},
        "127.0.0.1", low="-", swift="-"),
    Row("CVE-2021-22946", "logged in before TLS", "tls connect", {"greeting": [say("230 You are in.")], "AUTH": [say("500 No.")]},
        "reply 500", "step|again", never=SECRETS),
    Row("CVE-2021-22946", "logged in before TLS, and TLS works", "tls connect", {"greeting": [say("230 You are in.")]}, "230"),
    Row("CVE-2021-22946", "200 to AUTH, and no TLS", "tls connect",
        {"AUTH": [say("200 Whatever."), wait(0.3), say("220 Go on."), leave]}, "security|malformed|closed|reset", "again", never=SECRETS),
    Row("CVE-2021-22947", "replies in the packet of 234", "tls connect",
        {"AUTH": [say("234 Go.", "331 Password?", "230 In.", "257 \"/forged\""), secured]}, "malformed", "again", swift="security",
        never=SECRETS),
    Row("CVE-2021-22947", "half a reply in the packet of 234", "tls connect", {"AUTH": [say_bytes(b"234 Go.\r\n230 I"), secured]},
        "malformed", "again", swift="security", never=SECRETS),
    Row("CVE-2021-22947", "an empty line in the packet of 234", "tls connect", {"AUTH": [say_bytes(b"234 Go.\r\n\r\n"), secured]},
        "malformed", "again", swift="security", never=SECRETS),
    Row("CVE-2023-27535, CVE-2026-8286, CVE-2014-0138", "there is no pool: who connects again logs in again", "connect twice", {},
        "230"),
    Row("CVE-2013-1752", "a line of any length", "status", {"STAT": [repeat(b"x")]}, "too long", "again", endless=True),
    Row("CVE-2013-1752", "a greeting of any length", "connect", {"greeting": [repeat(b"220")]}, "too long", "again", endless=True),
    Row(INJECTION, "CR LF in a path", "delete CRLF", {}, "invalid", never=("DELE", "QUIT")),
    Row(INJECTION, "CR in a path", "delete CR", {}, "invalid", never=("DELE", "QUIT")),
    Row(INJECTION, "LF in a path", "delete LF", {}, "invalid", never=("DELE", "QUIT")),
    Row(INJECTION, "CR LF in a user's name", "login CRLF", {}, "invalid", "step|again", never=("DELE",)),
    Row(LOCAL_NAMES, "names that lead out of a folder, by MLSD", "entries", {"MLSD": listing(*("type=file; " + name for name in EVIL))},
        "!../../evil,!/etc/passwd,!..\\evil,!a/b,|id,-rf,\u202egpj"),
    Row(LOCAL_NAMES, "names that lead out of a folder, by LIST", "entries",
        {**LIST_ALONE, "LIST": listing(*("-rw-r--r-- 1 a b 5 Jul 26 10:07 " + name for name in EVIL))},
        "!../../evil,!/etc/passwd,!..\\evil,!a/b,|id,-rf,\u202egpj"),
    Row(LOCAL_NAMES, "names that lead out of a folder, by NLST", "names", {"NLST": listing(*EVIL)}, ",".join(EVIL)),
    Row("CVE-2015-7665", "passive mode is unknown: no PORT in its place", "download", {"PASV": [say("502 No.")], "EPSV": [say("502 No.")]},
        "reply 502", never=("PORT", "EPRT")),
    Row("CVE-2015-7665", "the data port is filtered: no PORT in its place", "download",
        {"PASV": [say("227 (127,0,0,1,0,1)")]}, "refused", never=("PORT", "EPRT")),
    Row("CVE-2014-8517, CVE-2017-17405", "names that a shell would run", "names", {"NLST": listing("|id", "`id`", "$(id)", "a;id")},
        "|id,`id`,$(id),a;id"),
    Row("GHSA-rp42-5vxx-qpwr", "a listing without an end", "names",
        {"NLST": [say("150 Ok."), pour((b"n" * 8000 + b"\r\n") * 8, most=1 << 30), say("426 Broken.")]}, "too long",
        endless=True, patience=60, low="-"),
    Row("GHSA-rpmf-866q-6p89, CVE-2026-44240", "a reply of several lines without an end", "status", {"STAT": [repeat(b"211-more\r\n")]},
        "too long", "again", endless=True),
    Row("GHSA-rpmf-866q-6p89, CVE-2026-44240", "the same, one line at a time", "status", {"STAT": [repeat(b"211-more\r\n", 0.2)]},
        "timed out", "again", waits=1),
    Row("CVE-2015-4022, CVE-2015-4643", "a size of 64 bits for a listing", "list",
        {"LIST": [say("150 Here (18446744073709551615 bytes)."), *listing("total 0")[1:]]}, "total 0"),
    Row("CVE-2015-4022, CVE-2015-4643", "a size of 30 digits for a download", "download",
        {"RETR": [say(f"150 Here ({'9' * 30} bytes)."), *DOWNLOAD[1:]]}, "whole"),
)  # fmt: skip

ADVISORIES = [
    "CVE-2000-0973",
    "CVE-2005-0490",
    "CVE-2019-5481",
    "CVE-2022-32208",
    "CVE-2017-1000254",
    "CVE-2017-8817",
    "CVE-2020-8285",
    "CVE-2018-1000120",
    "CVE-2018-1000300",
    "CVE-2020-8284",
    "CVE-2021-4189",
    "CVE-2021-37533",
    "CVE-2021-31810",
    "CVE-2021-40491",
    "GHSA-w8c5-q2xf-gf7c",
    "CVE-2021-22946",
    "CVE-2021-22947",
    "CVE-2023-27535",
    "CVE-2026-8286",
    "CVE-2014-0138",
    "CVE-2013-1752",
    "bpo-30119",
    "bpo-29606",
    "GHSA-chqc-8p9q-pq6q",
    "GHSA-6v7q-wjvx-w8wg",
    "GHSA-8mhj-xm4h-m5m6",
    "CVE-2007-2509",
    "CVE-2004-1166",
    "CVE-2017-6508",
    "CVE-2026-27699",
    "CVE-2002-1344",
    "CVE-2002-1345",
    "CVE-2014-4877",
    "CVE-2018-10916",
    "CVE-2010-2251",
    "CVE-2010-2252",
    "CVE-2016-4971",
    "CVE-2015-7665",
    "CVE-2014-8517",
    "CVE-2017-17405",
    "GHSA-rp42-5vxx-qpwr",
    "CVE-2026-44240",
    "GHSA-rpmf-866q-6p89",
    "CVE-2015-4022",
    "CVE-2015-4643",
]
"""The reference's list. What it has beside: "Commons Net #404" and "TLS truncation", which rows of tls_rows.py name."""
