"""The table: one row for each request or bug of CPython's tracker that this module answers."""

from __future__ import annotations

from conftest import answer, cut, end_data, say, send
from tracker.row import Real, Row, Scripted
from tracker.steps import (
    SESSION,
    TLS_SESSION,
    begin,
    client_closes,
    close_below,
    dripping_reply,
    endless_reply,
    extended,
    handshake,
    pause,
    read_to_the_end,
    silent_gateway,
    stranger,
    wait_for_the_end_of_tcp,
)

BIG = bytes(1 << 24)
HERE = answer("PWD", '257 "/here"')
REUSE = "ftp = tls_session()\nftp.dir(print)\nassert download(ftp) == b'content'"
TLS_UPLOAD = """
import ssl
ftp = ftplib.FTP_TLS(timeout=3, context=ssl._create_unverified_context())
ftp.connect(HOST, PORT)
ftp.login("user", "password", secure=False)
ftp.prot_p()
assert ftp.storbinary("STOR file", io.BytesIO(b"x" * 1000)) == "226 Done."
"""
TLS_DOWNLOAD = TLS_UPLOAD.replace(
    'ftp.storbinary("STOR file", io.BytesIO(b"x" * 1000))', 'ftp.retrbinary("RETR file", len)'
)

FORGIVES = (
    "__import__('ssl')._create_unverified_context().options"
    " & getattr(__import__('ssl'), 'OP_IGNORE_UNEXPECTED_EOF', 0)"
)
"""Debian sets this for its own builds of Python; python.org's do without."""

TLS_ROWS = [
    Row(
        "gh-63699",
        "TLS data connections resume the session: vsftpd's default",
        Real("vsftpd", "tls-reuse"),
        REUSE,
        r"error_perm: 522 .*session reuse required",
    ),
    Row(
        "gh-63699",
        "TLS data connections resume the session: ProFTPD's default",
        Real("proftpd", "tls-reuse"),
        REUSE,
        r"error_temp: 425 .*Operation not permitted|error_perm: 522 ",
    ),
    Row(
        "gh-78738, gh-103443",
        "close of TLS: a server that waits for the end of TCP (IIS)",
        Scripted(
            [
                *TLS_SESSION,
                *begin("STOR"),
                handshake,
                read_to_the_end,
                wait_for_the_end_of_tcp,
                say("226 Done."),
            ]
        ),
        TLS_UPLOAD,
        r"TimeoutError: ",
    ),
    Row(
        "gh-124850",
        "close of TLS: a server that ends TCP alone, after an upload",
        Scripted(
            [
                *TLS_SESSION,
                *begin("STOR"),
                handshake,
                read_to_the_end,
                close_below(),
                say("226 Done."),
            ]
        ),
        TLS_UPLOAD,
        r"ssl\.SSL\w*Error: |OSError: \[Errno 0\]",
        fixed=FORGIVES,
    ),
    Row(
        "gh-75908, gh-77303",
        "close of TLS: a server that ends TCP alone, after a download",
        Scripted(
            [
                *TLS_SESSION,
                *begin(),
                handshake,
                send(b"x" * 1000),
                close_below(),
                say("226 Done."),
            ]
        ),
        TLS_DOWNLOAD,
        r"ssl\.SSL\w*Error: |OSError: \[Errno 0\]",
        fixed=FORGIVES,
    ),
    Row(
        "gh-124850",
        "close of TLS: a server that resets the connection after an upload",
        Scripted(
            [
                *TLS_SESSION,
                *begin("STOR"),
                handshake,
                read_to_the_end,
                close_below(reset=True),
                say("226 Done."),
            ]
        ),
        TLS_UPLOAD,
        r"ConnectionResetError: |BrokenPipeError: ",
    ),
    Row(
        "-",
        "implicit FTPS (port 990)",
        Real("vsftpd", "implicit"),
        "ftp = tls_session(implicit=True)\nassert download(ftp) == b'content'",
        r"TypeError: .*implicit",
    ),
    Row(
        "-",
        "a certificate is verified on request, without an SSLContext of one's own",
        Real("vsftpd", "tls"),
        """
        import ssl
        try:
            session(ftplib.FTP_TLS, verify=True)
        except ssl.SSLCertVerificationError:
            pass
        else:
            raise AssertionError("not verified")
        """,
        r"TypeError: .*verify",
    ),
]

LATE_ROWS = [
    Row(
        "gh-123535",
        "after a stall the late reply is not the next command's",
        Scripted([*SESSION, *begin(), client_closes, say("426 Broken off."), HERE]),
        """
        ftp = session(timeout=0.5)
        try:
            ftp.retrbinary("RETR file", print)
        except TimeoutError:
            pass
        ftp.sock.settimeout(10)
        assert ftp.pwd() == "/here"
        """,
        r"error_temp: 426 ",
    ),
    Row(
        "gh-70121",
        "after a callback's exception the session goes on",
        Real("vsftpd", content=BIG),
        """
        ftp = session()
        try:
            ftp.retrbinary("RETR file", lambda block: 1 // 0)
        except ZeroDivisionError:
            pass
        assert ftp.pwd() == "/"
        """,
        r"error_temp: 426 |error_reply: ",
    ),
    Row(
        "-",
        "after a reply that came too late the object can still be used",
        Scripted([*SESSION, lambda c: c.hear("NOOP"), pause(0.6), say("200 Late."), HERE]),
        """
        ftp = session(timeout=0.3)
        try:
            ftp.voidcmd("NOOP")
        except TimeoutError:
            time.sleep(0.5)
        assert ftp.pwd() == "/here"
        """,
        r"OSError: cannot read from timed out object",
    ),
    Row(
        "-",
        "abort() with ProFTPD, which loses the line's end of urgent data",
        Real("proftpd", content=BIG),
        """
        ftp = session()
        conn = ftp.transfercmd("RETR file")
        conn.recv(1000)
        print(ftp.abort())
        conn.close()
        assert ftp.pwd() == "/"
        """,
        r"error_proto: 500 |error_reply: |error_perm: 500|error_temp: 426|TimeoutError|Hung",
    ),
    Row(
        "-",
        "abort() while a server cannot send any further (vsftpd without async_abor_enable)",
        Real("vsftpd", environment={"VSFTPD_EXTRA": "async_abor_enable=NO"}, content=BIG),
        """
        ftp = session(timeout=2)
        conn = ftp.transfercmd("RETR file")
        print(ftp.abort())
        assert ftp.pwd() == "/"
        """,
        r"TimeoutError: timed out",
    ),
    Row(
        "-",
        "abort(): the second reply is not the next command's",
        Real("pyftpdlib", content=BIG),
        """
        ftp = session()
        conn = ftp.transfercmd("RETR file")
        conn.recv(1000)
        threading.Timer(0.3, conn.close).start()
        print(ftp.abort())
        reply = ftp.sendcmd("PWD")
        assert reply.startswith("257"), reply
        """,
        r"AssertionError: 22[56] ",
    ),
    Row(
        "-",
        "the end of a transfer in one call: abort_transfer()",
        Real("vsftpd", content=BIG),
        """
        ftp = session()
        conn = ftp.transfercmd("RETR file")
        print(ftp.abort_transfer(conn))
        assert ftp.pwd() == "/"
        """,
        r"AttributeError: .*abort_transfer",
    ),
    Row(
        "-",
        "552 Disk full is said as that, not as a reset connection",
        Scripted(
            [
                *SESSION,
                *begin("STOR"),
                say("552 Disk full."),
                end_data(reset=True),
                HERE,
            ]
        ),
        """
        ftp = session()
        try:
            ftp.storbinary("STOR file", io.BytesIO(bytes(1 << 24)))
        except ftplib.error_perm as refusal:
            assert str(refusal).startswith("552"), refusal
        assert ftp.pwd() == "/here"
        """,
        r"ConnectionResetError: |BrokenPipeError: ",
    ),
]

HOSTILE_ROWS = [
    Row(
        "-",
        "a download that is shorter than was announced is an error",
        Scripted(
            [
                *SESSION,
                *begin(text="150 Opening BINARY mode data connection for file (1024 bytes)."),
                send(b"x" * 512),
                end_data(),
                say("226 Done."),
            ]
        ),
        """
        try:
            content = download(session())
        except EOFError:
            pass
        else:
            raise AssertionError(f"{len(content)} of 1024 bytes passed for whole")
        """,
        r"AssertionError: 512 of 1024 bytes passed for whole",
    ),
    Row(
        "bpo-16038",
        "a reply without an end does not fill the memory",
        Scripted([endless_reply]),
        """
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        try:
            session()
        except ftplib.Error as error:
            print(error)
        """,
        # With no memory left for the traceback, Python says that it has no sys.stderr any more.
        r"MemoryError|lost sys\.stderr|Hung: ",
        patience=4,
    ),
    Row(
        "-",
        "a reply that comes byte by byte still has a deadline",
        Scripted([*SESSION, dripping_reply]),
        """
        ftp = session(timeout=1)
        try:
            ftp.pwd()
        except TimeoutError:
            pass
        """,
        r"Hung: ",
        patience=4,
    ),
    Row(
        "gh-74305",
        "NUL in a command is refused, as CR and LF are",
        Scripted([*SESSION, answer("CWD", "250 Changed.")]),
        """
        ftp = session()
        try:
            ftp.cwd("public\\0private")
        except ValueError:
            pass
        else:
            raise AssertionError("NUL was sent")
        """,
        r"AssertionError: NUL was sent",
    ),
    Row(
        "gh-87451",
        "ftpcp() does not send the target to whatever host a PASV reply names",
        Scripted(SESSION),
        """
        from unittest import mock
        source, target = mock.Mock(), mock.Mock()
        source.trust_server_pasv_ipv4_address = False
        source.sock.getpeername.return_value = ("198.51.100.7", 21)
        source.sendcmd.side_effect = ["227 (192,0,2,9,4,210)", "150 Here."]
        target.sendcmd.return_value = "150 Go."
        ftplib.ftpcp(source, "file", target)
        target.sendport.assert_called_once_with("198.51.100.7", 1234)
        """,
        r"Actual: \w+\('192\.0\.2\.9', 1234\)",
        fixed="'trust_server' in inspect.getsource(ftplib.ftpcp)",
    ),
    Row(
        "-",
        "in active mode no other host than the server is let in",
        Scripted([*SESSION, answer("TYPE"), stranger]),
        """
        ftp = session()
        ftp.set_pasv(False)
        content = download(ftp)
        assert content == b"content", content
        """,
        r"AssertionError: b'forged'",
    ),
]

CONNECTING_ROWS = [
    Row(
        "gh-127478",
        "229 in answer to PASV (a gateway that rewrites commands)",
        Scripted(
            [
                *SESSION,
                answer("TYPE"),
                extended("PASV"),
                answer("RETR", "150 Here."),
                send(b"content"),
                end_data(),
                say("226 Done."),
            ]
        ),
        "assert download(session()) == b'content'",
        r"error_reply: 229 ",
    ),
    Row(
        "PR 150236",
        "EPSV first over IPv4, on request (prefer_epsv)",
        Scripted(
            [
                *SESSION,
                answer("TYPE"),
                extended("EPSV"),
                answer("RETR", "150 Here."),
                send(b"content"),
                end_data(),
                say("226 Done."),
            ]
        ),
        """
        ftp = session()
        ftp.prefer_epsv = True
        assert download(ftp) == b"content"
        """,
        r"error_perm: 502 ",
    ),
    Row(
        "gh-78549",
        "after a greeting 120 the 220 is awaited",
        Scripted([say("120 Ready in a minute."), pause(0.1), *SESSION]),
        """
        ftp = ftplib.FTP(timeout=10)
        ftp.connect(HOST, PORT)
        reply = ftp.login("user", "password")
        assert reply == "230 Welcome.", reply
        """,
        r"AssertionError: 220 ",
    ),
    Row(
        "gh-78549",
        "a greeting that refuses leaves no socket open",
        Scripted([say("421 Too many users."), cut()]),
        """
        ftp = ftplib.FTP(timeout=10)
        try:
            ftp.connect(HOST, PORT)
        except ftplib.error_temp:
            pass
        assert ftp.sock is None, f"still open: {ftp.sock}"
        """,
        r"AssertionError: still open: <socket",
    ),
    Row(
        "gh-140691, gh-86242",
        "a constructor whose login fails leaves no socket open",
        Real("vsftpd"),
        """
        leaks = []
        sys.unraisablehook = lambda unraisable: leaks.append(unraisable.exc_value)
        warnings.simplefilter("error", ResourceWarning)
        ftplib.FTP.port = PORT
        try:
            ftplib.FTP(HOST, USER, "wrong")
        except ftplib.error_perm:
            pass
        gc.collect()
        assert not leaks, leaks
        """,
        r"AssertionError: \[ResourceWarning\(.unclosed",
    ),
]

REQUEST_ROWS = [
    Row(
        "gh-83561, gh-87584",
        "names that are no UTF-8 come and go (errors='surrogateescape')",
        Real("vsftpd", names=[b"caf\xe9"]),
        """
        ftp = session()
        ftp.errors = "surrogateescape"
        assert sorted(ftp.nlst()) == ["caf\\udce9", "file"]
        assert download(ftp, "caf\\udce9") == b""
        """,
        r"UnicodeDecodeError: ",
    ),
    Row(
        "gh-83561, gh-87584",
        "UTF-8 and Latin-1 in one listing (encoding='auto')",
        Real("vsftpd", names=[b"1-caf\xe9", "2-caf\xe9".encode()]),
        """
        ftp = session(encoding="auto")
        assert sorted(ftp.nlst()) == ["1-caf\\xe9", "2-caf\\xe9", "file"]
        assert download(ftp, "1-caf\\xe9") == b""
        """,
        r"LookupError: unknown encoding: auto",
    ),
    Row(
        "-",
        "paths may be bytes",
        Real("vsftpd"),
        "ftp = session()\nassert ftp.size(b'file') == 7\nassert ftp.nlst(b'.')",
        r"TypeError: ",
    ),
    Row(
        "-",
        "the control connection is kept alive during a long transfer (keepalive)",
        Scripted(
            [
                *SESSION,
                *begin(),
                silent_gateway(1.5),
                send(b"content"),
                end_data(),
                say("226 Done."),
            ]
        ),
        """
        ftp = session()
        ftp.keepalive = 0.3
        assert download(ftp) == b"content"
        """,
        r"ConnectionResetError: |EOFError|TimeoutError",
    ),
    Row(
        "-",
        "a session from a URL, the password from netrc",
        Real("vsftpd"),
        """
        import os, tempfile
        with tempfile.NamedTemporaryFile("w") as netrc:
            netrc.write(f"machine {HOST} login {USER} password {PASSWORD}\\n")
            netrc.flush()
            ftp = ftplib.connect_url(f"ftp://{HOST}:{PORT}/", netrc=netrc.name)
        assert ftp.pwd() == "/"
        """,
        r"AttributeError: .*connect_url",
    ),
    Row(
        "-",
        "a listing whatever the server knows: MLSD, LIST, NLST (listdir)",
        Real("vsftpd", names=[b"two words"]),
        """
        ftp = session()
        try:
            names = [name for name, facts in ftp.mlsd()]
        except ftplib.error_perm:
            names = [name for name, facts in ftp.listdir()]
        assert sorted(names) == ["file", "two words"], names
        """,
        r"AttributeError: .*listdir",
        needs="listdir",
    ),
    Row(
        "-",
        "errors name the host, the port and the cause",
        Scripted(SESSION),
        """
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        try:
            ftplib.FTP().connect("127.0.0.1", port)
        except ConnectionRefusedError as error:
            assert f"127.0.0.1 port {port}" in str(error), error
        """,
        r"AssertionError: \[Errno 111\] Connection refused",
    ),
]

ROWS = [*TLS_ROWS, *LATE_ROWS, *HOSTILE_ROWS, *CONNECTING_ROWS, *REQUEST_ROWS]
