"""TLS stripped, faked, cut short or never ended: the issue's list, and the reference's table of how TLS data connections end
(`cpython-ftplib.md` 3.1)."""

from __future__ import annotations

from hostile.obedient import DONE, FILE, OPENING, passive, send_file
from hostile.row import Row
from hostile.steps import (
    await_end_of_tcp,
    client_closes_below_tls,
    close_data_without_notice,
    data_handshake_fails,
    end_in_order,
    handshake_fails,
    leave,
    leave_without_notice,
    notice,
    plain_data,
    repeat,
    reset,
    reset_data,
    say_below_tls,
    send_below_tls,
    silence,
    take_all,
    wait,
    with_certificate,
)
from scripted import say, say_bytes, send

SECRETS = ("USER", "PASS")
NO_SIZE = "150 Here it comes."
FORGED = b"\x17\x03\x03\x00\x20" + b"forged" * 6
OTHERS = ("wrong-host", "expired", "self-signed")

STRIPPED = (
    *(
        Row("issue 6", f"TLS stripped: {code} to AUTH", "tls connect", {"AUTH": [say(f"{code} No.")]}, f"reply {code}", "step|again",
            never=SECRETS)
        for code in (431, 500, 502, 504, 530, 534)
    ),
    Row("issue 6", "TLS stripped: logged in already, 502 to AUTH", "tls connect",
        {"greeting": [say("230 You are in.")], "AUTH": [say("502 No.")]}, "reply 502", "step|again", never=SECRETS),
    Row("issue 6", "TLS stripped: 331 to AUTH", "tls connect", {"AUTH": [say("331 Password?")]}, "reply 331", "step|again", never=SECRETS),
    Row("issue 6", "TLS promised, and plain text follows", "tls connect", {"AUTH": [say("234 Go."), wait(0.3), say("220 Go on."), leave]},
        "security|malformed|reset|closed", "again", never=SECRETS),
    Row("issue 6", "TLS promised, and the server closes", "tls connect", {"AUTH": [say("234 Go."), leave]}, "closed|security|reset",
        "again", never=SECRETS),
    Row("issue 6", "TLS promised, and a reset", "tls connect", {"AUTH": [say("234 Go."), reset]}, "closed|security|reset",
        "again", never=SECRETS),
    Row("issue 6", "TLS promised, and silence", "tls connect", {"AUTH": [say("234 Go."), silence]}, "timed out", "again", waits=1,
        never=SECRETS),
    Row("issue 6", "TLS promised, and endless nonsense", "tls connect", {"AUTH": [say("234 Go."), wait(0.3), repeat(b"nonsense")]},
        "security|malformed", "again", never=SECRETS, endless=True),
    Row("issue 6", "data may not be protected: 534", "tls connect", {"PROT": [say("534 No.")]}, "reply 534", "step|again"),
    Row("issue 6", "data may not be protected: 431", "tls connect", {"PROT": [say("431 No.")]}, "reply 431", "step|again"),
    Row("issue 6", "data is agreed to be protected, and comes in the clear", "tls download",
        {"RETR": [say(OPENING), plain_data(b"plain " * 50), say(DONE)]}, "security"),
    Row("issue 6", "data is agreed to be protected, and nothing comes", "tls download",
        {"RETR": [say(OPENING), plain_data(b""), say(DONE)]}, "security|closed|reset"),
    Row("issue 6", "data is agreed to be protected, and silence", "tls download",
        {"RETR": [say(OPENING), client_closes_below_tls, say("426 Gone.")]},
        "timed out", waits=1),
    Row("issue 6", "425 in the place of TLS on data", "tls download", {"RETR": [say(OPENING, "425 No."), plain_data(b"")]}, "reply 425"),
)  # fmt: skip

CERTIFICATES = (
    *(
        Row("issue 6", f"certificate on control: {name}", "tls connect",
            {"AUTH": [with_certificate(name), say("234 Go."), handshake_fails]}, "untrusted", "again", never=SECRETS)
        for name in OTHERS
    ),
    *(
        Row("Commons Net #404" if name == "wrong-host" else "issue 6", f"certificate on data: {name}", "tls download",
            {"PASV": [with_certificate(name), passive],
             "RETR": [say(OPENING), data_handshake_fails, with_certificate("server"), say("425 No.")]}, "untrusted")
        for name in OTHERS
    ),
)  # fmt: skip

ENDS = (
    Row("cpython 3.1", "proper close_notify, download", "tls download", {}, "whole"),
    Row("cpython 3.1", "proper close_notify, upload", "tls upload", {}, "whole"),
    Row("cpython 3.1", "the server waits for the end of TCP, and never says close_notify: IIS, upload", "tls upload",
        {"STOR": [say("150 Go."), take_all, await_end_of_tcp, close_data_without_notice, say(DONE)]}, "whole"),
    Row("cpython 3.1", "TCP ends without close_notify, upload", "tls upload",
        {"STOR": [say("150 Go."), take_all, close_data_without_notice, say(DONE)]}, "whole"),
    Row("cpython 3.1", "TCP ends without close_notify, download, size known", "tls download",
        {"RETR": [say(OPENING), send_file, close_data_without_notice, say(DONE)]}, "whole"),
    Row("TLS truncation", "TCP ends without close_notify, download, short", "tls download",
        {"RETR": [say(OPENING), send(FILE[:500]), close_data_without_notice, say(DONE)]}, "truncated"),
    Row("TLS truncation", "TCP ends without close_notify, download, the size is SIZE's", "tls download",
        {"RETR": [say(NO_SIZE), send_file, close_data_without_notice, say(DONE)]}, "whole"),
    Row("TLS truncation", "TCP ends without close_notify, download, short of SIZE's size", "tls download",
        {"RETR": [say(NO_SIZE), send(FILE[:500]), close_data_without_notice, say(DONE)]}, "truncated"),
    Row("TLS truncation", "TCP ends without close_notify, download, no size", "tls download",
        {"RETR": [say(NO_SIZE), send_file, close_data_without_notice, say(DONE)], "SIZE": [say("550 No.")]}, "closed"),
    Row("TLS truncation", "TCP ends without close_notify, listing", "tls list",
        {"LIST": [say(NO_SIZE), send(b"-rw-r--r-- 1 a b 5 Jul 26 10:07 f\r\n"), close_data_without_notice, say(DONE)]}, "closed"),
    Row("cpython 3.1", "RST after the data, upload", "tls upload", {"STOR": [say("150 Go."), take_all, reset_data, say(DONE)]}, "whole"),
    Row("cpython 3.1", "RST after the data, download", "tls download",
        {"RETR": [say(OPENING), send_file, wait(0.1), reset_data, say(DONE)]}, "whole|reset|truncated"),
    Row("TLS truncation", "RST in the middle of the data, download", "tls download",
        {"RETR": [say(OPENING), send(FILE[:500]), wait(0.1), reset_data, say(DONE)]}, "reset|truncated"),
    Row("TLS truncation", "close_notify in the middle of the file", "tls download",
        {"RETR": [say(OPENING), send(FILE[:500]), notice, await_end_of_tcp, close_data_without_notice, say(DONE)]}, "truncated"),
    Row("TLS truncation", "a forged record in the middle of the file", "tls download",
        {"RETR": [say(OPENING), send(FILE[:500]), send_below_tls(FORGED), close_data_without_notice, say(DONE)]}, "security"),
    Row("TLS truncation", "a forged record on control", "tls status", {"STAT": [say_below_tls(FORGED)]}, "security", "again"),
    Row("TLS truncation", "control ends without close_notify", "tls status", {"STAT": [leave_without_notice]}, "closed|security|reset", "again"),
    Row("cpython 3.1", "the server neither ends TLS nor TCP, upload, and says 226", "tls upload",
        {"STOR": [say("150 Go."), take_all, say(DONE), wait(0.2), close_data_without_notice]}, "whole"),
    Row("cpython 3.1", "the server neither ends TLS nor TCP, upload, and says nothing", "tls upload",
        {"STOR": [say("150 Go."), take_all, wait(1.5), close_data_without_notice, say("426 Gone.")]}, "timed out", waits=1),
    Row("issue 6", "half a record, then silence", "tls download",
        {"RETR": [say(OPENING), send(b""), send_below_tls(b"\x17\x03\x03\x01\x00half"), wait(1.2), close_data_without_notice, say("426 Gone.")]},
        "timed out", waits=1),
    Row("issue 6", "half a record of a reply, then silence", "tls status", {"STAT": [say_below_tls(b"\x17\x03\x03\x01\x00half"), silence]},
        "timed out", "again", waits=1),
    Row("3.2", "426 after the full data, in TLS", "tls download",
        {"RETR": [say(OPENING), send_file, end_in_order, say("426 Broken.")]}, "reply 426"),
    Row("3.2", "421 in mid-transfer, in TLS", "tls download",
        {"RETR": [say(OPENING), send(FILE[:500]), say("421 Bye."), end_in_order, leave]}, "reply 421", "again"),
    Row("3.2", "226 twice, in TLS", "tls download", {"RETR": [say(OPENING), send_file, end_in_order, say(DONE, DONE)]}, "whole"),
    Row("3.2", "endless reply in TLS", "tls status", {"STAT": [repeat(b"211-more\r\n")]}, "too long", "again", endless=True),
    Row("3.2", "NUL in a reply in TLS", "tls status", {"STAT": [say_bytes(b"211 \0\r\n")]}, "malformed", "again"),
)  # fmt: skip

ROWS = (*STRIPPED, *CERTIFICATES, *ENDS)
