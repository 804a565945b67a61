"""`usocket`, `uselect` and `ussl` against sockets of Python's on loopback."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from conftest import FTPY, run_script

if TYPE_CHECKING:
    from collections.abc import Callable

HELLO = b"first line\nsecond\n" + b"x" * 100_000 + b"\nend"


@contextmanager
def serving(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """A server on 127.0.0.1 for one client, whom `answer` serves. Gives its port."""

    def serve() -> None:
        client, _ = listener.accept()
        client.settimeout(20)
        with client:
            answer(client)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        thread = Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join()


def connected(port: int) -> str:
    """The start of a script with a connected socket `s`."""
    return (
        "import usocket\n"
        "s = usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM)\n"
        f"s.connect(usocket.getaddrinfo('127.0.0.1', {port})[0][-1])\n"
    )


def test_a_socket_is_a_stream(tmp_path: Path) -> None:
    source = """
print(s.readline(), s.readline(3), s.recv(1), s.readline())
buffer = bytearray(10)
print(s.readinto(buffer), s.readinto(buffer, 3), bytes(buffer))
print(len(s.read(50_000)), len(s.readline()), s.read(), s.read(5), s.readline())
"""
    with serving(lambda client: client.sendall(HELLO)) as port:
        said = run_script(connected(port) + source, tmp_path).stdout.splitlines()
    assert said == [
        r"b'first line\n' b'sec' b'o' b'nd\n'",
        "10 3 b'xxxxxxxxxx'",
        r"50000 49988 b'end' b'' b''",
    ]


def test_writing_takes_bytes_and_text(tmp_path: Path) -> None:
    heard: list[bytes] = []
    source = """
print(s.write(b'ab'), s.write('ü'), s.send('c'), s.sendall('d'), s.makefile('wb') is s)
print(s.makefile().write(bytearray(b'e' * 1_000_000)))
s.close()
"""

    def hear(client: socket.socket) -> None:
        with client.makefile("rb") as stream:
            heard.append(stream.read())

    with serving(hear) as port:
        said = run_script(connected(port) + source, tmp_path).stdout
    assert said == "2 2 1 None True\n1000000\n"
    assert heard == ["abücd".encode() + b"e" * 1_000_000]


def test_without_blocking_what_has_come_is_not_lost(tmp_path: Path) -> None:
    source = """
import usocket
listener = usocket.socket()
listener.bind(('127.0.0.1', 0))
listener.listen(1)
s = usocket.socket()
s.connect(listener.getsockname())
other = listener.accept()[0]

def peek(count):
    while len(s.recv(count, 2)) < count: pass

def after(text):
    other.write(text)
    s.setblocking(True)
    peek(len(text))
    s.setblocking(False)

buffer = bytearray(9)
s.setblocking(False)
print(s.read(9), s.read(), s.readline(), s.readinto(buffer))
after('hello'); print(s.read(100), s.read(100))
after('hello'); print(s.read(), s.read(2))
after('one\\npart'); print(s.readline(), s.readline(), s.readline())
after('hello'); print(s.readinto(buffer), buffer[:6])
block = bytes(1 << 24)
sent = s.write(block)
print(0 < sent < len(block), s.write(block))
other.setblocking(False)
got = other.read()
while got and len(got) < sent: got += other.read() or b''
print(len(got) == sent)
"""
    assert run_script(source, tmp_path).stdout.splitlines() == [
        "None None None None",
        "b'hello' None",
        "b'hello' None",
        r"b'one\n' b'part' None",
        r"5 bytearray(b'hello\x00')",
        "True None",
        "True",
    ]


@pytest.mark.parametrize(
    "call", ["recv(1)", "read(1)", "read()", "readline()", "readinto(bytearray(1))", "recvfrom(1)"]
)
def test_a_timeout_has_the_number_110(call: str, tmp_path: Path) -> None:
    source = f"""
s.settimeout(0.05)
try:
    s.{call}
except OSError as error:
    print(error.args[0], error)
s.close()
"""
    with serving(lambda client: client.recv(1)) as port:
        said = run_script(connected(port) + source, tmp_path).stdout
    assert said == "110 [Errno 110] timed out\n"


def test_other_errors_keep_their_numbers(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    source = f"""
import usocket
def number(action):
    try:
        action()
    except OSError as error:
        return error.args[0]
s = usocket.socket()
print(number(lambda: s.connect(('127.0.0.1', {port}))))
a = usocket.socket(usocket.AF_INET, usocket.SOCK_DGRAM)
a.bind(('127.0.0.1', 0))
a.setblocking(False)
print(number(lambda: a.recv(1)))
a.close()
print(number(lambda: a.recv(1)))
"""
    assert run_script(source, tmp_path).stdout == "111\n11\n9\n"


def test_a_server(tmp_path: Path) -> None:
    source = """
import usocket
s = usocket.socket(usocket.AF_INET, usocket.SOCK_STREAM, usocket.IPPROTO_TCP_SER)
s.setsockopt(usocket.SOL_SOCKET, usocket.SO_REUSEADDR, 1)
s.bind(('127.0.0.1', 0))
s.listen(1)
print(s.getsockname()[1], flush=True)
client, address, port = s.accept()
print(client.readline(), address, port, type(client) is usocket.socket)
client.write(b'heard')
client.close()
s.settimeout(0.01)
try:
    s.accept()
except OSError as error:
    print(error.args[0])
"""
    (tmp_path / "script.py").write_text(source)
    with subprocess.Popen(
        [FTPY.program, tmp_path / "script.py"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout
        port = int(server.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            client.sendall(b"hello\n")
            answer = client.makefile("rb").read()
            own = client.getsockname()[1]
        said = server.communicate(timeout=20)[0]
    assert answer == b"heard"
    assert said == f"b'hello\\n' 127.0.0.1 {own} True\n110\n"


def test_datagrams(tmp_path: Path) -> None:
    source = """
import usocket
a = usocket.socket(usocket.AF_INET, usocket.SOCK_DGRAM)
b = usocket.socket(usocket.AF_INET, usocket.SOCK_DGRAM, usocket.IPPROTO_UDP)
a.bind(('127.0.0.1', 0))
print(b.sendto('ü', a.getsockname()), a.recvfrom(100)[0])
"""
    assert run_script(source, tmp_path).stdout == "2 b'\\xc3\\xbc'\n"


def test_getaddrinfo_takes_two_arguments_and_gives_pairs(tmp_path: Path) -> None:
    source = """
import usocket
print(usocket.getaddrinfo('127.0.0.1', 80))
print(usocket.getaddrinfo('::1', 80)[0][-1])
print(usocket.getaddrinfo('localhost', 21)[0][-1])
for wrong in ((), ('h',), ('h', 1, 0, 0)):
    try:
        usocket.getaddrinfo(*wrong)
    except TypeError:
        print('TypeError')
try:
    usocket.getaddrinfo('no.such.host.invalid', 80)
except OSError as error:
    print(error.args[0] < 0)
"""
    assert run_script(source, tmp_path).stdout.splitlines() == [
        "[(2, 1, 0, '', ('127.0.0.1', 80))]",
        "('::1', 80)",
        "('127.0.0.1', 21)",
        *["TypeError"] * 3,
        "True",
    ]


def test_the_state_of_a_socket(tmp_path: Path) -> None:
    source = """
import socket
print(s.getsocketsta())
s.setsockopt(usocket.SOL_SOCKET, usocket.TCP_KEEPALIVE, 2)
print(s.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
print(s.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE))
s.write('x')
print(s.read(), s.getsocketsta())
s.close()
print(s.getsocketsta())
fresh = usocket.socket()
print(fresh.getsocketsta())
fresh.bind(('127.0.0.1', 0))
fresh.listen(1)
print(fresh.getsocketsta())
"""
    with serving(lambda client: client.recv(1)) as port:
        said = run_script(connected(port) + source, tmp_path).stdout.split()
    established, closed_by_peer, closed, unused, listening = "4", "7", "-1", "0", "1"
    assert said == [established, "1", "120", "b''", closed_by_peer, closed, unused, listening]


# `uselect`


def test_poll_gives_the_objects(tmp_path: Path) -> None:
    source = """
import uselect
p = uselect.poll()
print(p.register(s, uselect.POLLIN), p.poll(0))
s.write('go')
print(p.poll(20_000) == [(s, uselect.POLLIN)], [obj is s for obj, event in p.ipoll(20_000)])
print(p.modify(s, uselect.POLLOUT), p.poll() == [(s, uselect.POLLOUT)])
p.register(s)
print(p.poll() == [(s, uselect.POLLIN | uselect.POLLOUT)])
print([*p.ipoll(0, 1)] == [(s, uselect.POLLIN | uselect.POLLOUT)], [*p.ipoll(0, 1)])
print(uselect.select([s], [], [], 0) == ([s], [], []))
s.write('end')
s.close()
print(p.unregister(s), p.poll(0))
try:
    p.modify(s, 0)
except (OSError, ValueError):
    print('unknown')
"""

    def answer(client: socket.socket) -> None:
        client.recv(2)
        client.sendall(b"data")
        client.recv(3)

    with serving(answer) as port:
        said = run_script(connected(port) + source, tmp_path).stdout.splitlines()
    assert said == [
        "None []",
        "True [True]",
        "None True",
        "True",
        "True []",
        "True",
        "None []",
        "unknown",
    ]


# `ussl`


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate that nobody has signed."""
    folder = tmp_path_factory.mktemp("tls")
    file = folder / "server.pem"
    key, cert = folder / "key.pem", folder / "cert.pem"
    options = f"-x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout {key} -out {cert}"
    subprocess.run(["openssl", "req", *options.split()], check=True, capture_output=True)
    file.write_text(cert.read_text() + key.read_text())
    return file


def test_tls_without_blocking(certificate: Path, tmp_path: Path) -> None:
    """As without TLS: None where there is nothing, and what is there where there is less."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def answer(client: socket.socket) -> None:
        with context.wrap_socket(client, server_side=True) as secure:
            secure.recv(100)
            secure.sendall(b"some\nof it")
            while secure.recv(65536):
                pass

    source = """
import ussl, utime
t = ussl.wrap_socket(s)
t.setblocking(False)
print(t.read(5), t.readline(), t.readinto(bytearray(5)))
t.setblocking(True)
t.write('go')
line = t.readline()
t.setblocking(False)
utime.sleep_ms(200)
print(line, t.read(100), t.read(100))
sent, full = 0, False
while not full:
    n = t.write(bytes(1 << 20))
    sent, full = sent + (n or 0), n is None or n < 1 << 20
print(sent > 0)
t.close()
"""
    with serving(answer) as port:
        done = run_script(connected(port) + source, tmp_path)
    assert done.stdout == "None None None\nb'some\\n' b'of it' None\nTrue\n"


def test_tls(certificate: Path, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.load_verify_locations(certificate)
    context.verify_mode = ssl.CERT_OPTIONAL
    heard: list[bytes] = []
    peers: list[bool] = []

    def answer(client: socket.socket) -> None:
        with context.wrap_socket(client, server_side=True) as secure:
            heard.append(secure.recv(100))
            peers.append(bool(secure.getpeercert()))
            secure.sendall(HELLO)

    source = f"""
import ussl, usocket
s.settimeout(20)
text = open({str(certificate)!r}).read()
cut = text.index('-----BEGIN PRIVATE')
t = ussl.wrap_socket(s, server_hostname='localhost', cert=text[:cut], key=text[cut:])
print(t.write('hello'), t.readline(), t.read(6), t.recv(1), t.readinto(bytearray(3)))
print(len(t.read()))
t.close()
other = ussl.wrap_socket(usocket.socket())
other.close()
"""
    with serving(answer) as port:
        done = run_script(connected(port) + source, tmp_path)
    assert done.stdout == f"5 b'first line\\n' b'second' b'\\n' 3\n{len(HELLO) - 21}\n"
    assert done.stderr == "ftpy: ussl verifies no certificate, as the device\n"
    assert (heard, peers) == ([b"hello"], [True])


def test_a_handshake_that_fails_is_an_os_error(tmp_path: Path) -> None:
    source = """
import ussl
try:
    ussl.wrap_socket(s)
except OSError as error:
    print('OSError')
"""
    with serving(lambda client: client.sendall(b"220 not TLS\r\n")) as port:
        assert run_script(connected(port) + source, tmp_path).stdout == "OSError\n"


def test_a_handshake_in_which_nothing_comes(tmp_path: Path) -> None:
    source = """
import ussl
s.settimeout(0.1)
try:
    ussl.wrap_socket(s)
except OSError as error:
    print(error.args[0])
s.close()
"""
    with serving(lambda client: client.recv(65536) and client.recv(1)) as port:
        assert run_script(connected(port) + source, tmp_path).stdout == "110\n"
