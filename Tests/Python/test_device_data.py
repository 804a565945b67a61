"""The thin modules on data: `ujson ustruct ubinascii uhashlib ure urandom ucollections ...`."""

from __future__ import annotations

import ast
import errno
import gzip
import hashlib
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from conftest import FTPY, run_script


def run(expression: str, cwd: Path) -> Any:
    """Runs ftpy on an expression that starts with the name of its module."""
    module = expression.lstrip("([*{").split(".")[0]
    code = f"import {module}; print(repr({expression}))"
    return FTPY.run("-c", code, cwd=cwd, check=False)


RAW = zlib.compressobj(wbits=-15)
DATA = b"line 1\nline 2\n" * 1000
RAW_DATA = RAW.compress(DATA) + RAW.flush()

VALUES: list[tuple[str, object]] = [
    ("ujson.dumps({'a': [1, 2.5, None, True, 'ü']})", '{"a": [1, 2.5, null, true, "ü"]}'),
    ("ujson.dumps({'a': (1, 2)}, separators=(',', ':'))", '{"a":[1,2]}'),
    ("ujson.dumps(b'abc')", '"abc"'),
    ("ujson.dumps('a\"\\n')", r'"a\"\n"'),
    ('ujson.loads(\'{"a": [1, "\\u00fc"]}\')', {"a": [1, "ü"]}),
    ("ujson.loads(b'[1]')", [1]),
    ("ujson.load(__import__('io').BytesIO(b'[1, 2]'))", [1, 2]),
    ("ujson.load(__import__('io').StringIO('[1, 2]'))", [1, 2]),
    # 4 bytes for `l` as on the device, with and without a sign for the byte order
    ("ustruct.calcsize('l')", 4),
    ("ustruct.calcsize('@LP')", 8),
    ("ustruct.calcsize('<lq')", 12),
    ("ustruct.calcsize('bi')", 8),
    ("ustruct.calcsize('>bi')", 5),
    ("ustruct.pack('L', 1)", struct.pack("=L", 1)),
    ("ustruct.pack('>HbI4s', 1, -2, 3, b'ab')", struct.pack(">HbI4s", 1, -2, 3, b"ab")),
    ("ustruct.unpack('<H', b'\\x01\\x02')", (0x0201,)),
    ("ustruct.unpack('<H', b'\\x01\\x02rest')", (0x0201,)),
    ("ustruct.unpack_from('<B', b'abc', 1)", (98,)),
    ("ustruct.unpack_from('<B', b'abc', -1)", (99,)),
    ("ustruct.unpack(b'>l', bytearray(b'\\0\\0\\0\\x07'))", (7,)),
    ("ustruct.pack('4sB', 'abcd', 1)", b"abcd\x01"),
    ("ustruct.pack('3s', 'ü')", b"\xc3\xbc\0"),
    ("ustruct.unpack('4s', 'abcd')", (b"abcd",)),
    ("ustruct.unpack_from('B', 'abc', 1)", (98,)),
    ("ubinascii.hexlify(b'\\x00\\xff')", b"00ff"),
    ("ubinascii.hexlify(b'\\x00\\xff\\x10', ':')", b"00:ff:10"),
    ("ubinascii.hexlify('ab')", b"6162"),
    ("ubinascii.unhexlify('00FF')", b"\x00\xff"),
    ("ubinascii.unhexlify(b'00ff')", b"\x00\xff"),
    ("ubinascii.b2a_base64(b'abc' * 40)", b"YWJj" * 40 + b"\n"),
    ("ubinascii.b2a_base64('abc')", b"YWJj\n"),
    ("ubinascii.a2b_base64('YWJj')", b"abc"),
    ("ubinascii.crc32(b'def', ubinascii.crc32(b'abc'))", zlib.crc32(b"abcdef")),
    ("uhashlib.md5(b'abc').digest()", hashlib.md5(b"abc").digest()),
    ("uhashlib.sha1('abc').digest()", hashlib.sha1(b"abc").digest()),
    ("uhashlib.sha256(bytearray(b'abc')).digest()", hashlib.sha256(b"abc").digest()),
    ("uhashlib.sha256().digest()", hashlib.sha256().digest()),
    ("ure.match('a(.)c', 'abc').group(1)", "b"),
    ("ure.search('[0-9]+', 'ab12').group(0)", "12"),
    ("ure.search(ure.compile('b+'), 'abb').group(0)", "bb"),
    ("ure.compile('b').match('ab')", None),
    ("ure.match('x', 'ab')", None),
    ("ure.search(r'\\d', '٣')", None),
    ("ure.match(r'\\w', 'ü')", None),
    ("ure.compile(',').split('a,b')", ["a", "b"]),
    ("ure.compile(' +').sub('_', 'a  b')", "a_b"),
    ("urandom.randint(3, 3)", 3),
    ("urandom.getrandbits(8) < 256", True),
    ("urandom.choice('a')", "a"),
    ("urandom.randrange(0, 10, 10)", 0),
    ("urandom.random() < 1", True),
    ("urandom.uniform(2, 2)", 2.0),
    ("(urandom.seed(1), urandom.random())[1] == (urandom.seed(1), urandom.random())[1]", True),
    ("ucollections.namedtuple('P', ('x', 'y'))(1, 2).y", 2),
    ("[*ucollections.OrderedDict([(2, 1), (1, 2)])]", [2, 1]),
    ("uarray.array('i', [1, 2]).tolist()", [1, 2]),
    ("uzlib.decompress(" + repr(zlib.compress(b"abc")) + ")", b"abc"),
    ("uzlib.decompress(" + repr(zlib.compress(b"abc")) + ", 15, 99)", b"abc"),
    ("uzlib.decompress(" + repr(gzip.compress(b"abc")) + ", 31)", b"abc"),
    ("uerrno.ENOENT", errno.ENOENT),
    ("uerrno.ETIMEDOUT", errno.ETIMEDOUT),
    ("uerrno.errorcode[2]", "ENOENT"),
    ("uerrno.errorcode[11]", "EAGAIN"),
    ("[*uerrno.errorcode].__len__()", 22),
]


@pytest.mark.parametrize(("expression", "value"), VALUES, ids=[row[0][:40] for row in VALUES])
def test_values(expression: str, value: object, tmp_path: Path) -> None:
    done = run(expression, tmp_path)
    assert done.stderr == ""
    assert ast.literal_eval(done.stdout) == value


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("ujson.loads('{')", "JSONDecodeError: Expecting property name"),
        ("ujson.dumps({1, 2})", "TypeError: set has no JSON form"),
        ("ustruct.pack('B', 256)", "ValueError: ubyte format requires 0 <= number <= 255"),
        ("ustruct.pack('BB', 1)", "ValueError: pack expected 2 items for packing (got 1)"),
        ("ustruct.unpack('I', b'abc')", "ValueError: unpack_from requires a buffer of"),
        ("ubinascii.hexlify(3)", "TypeError: "),
        ("ubinascii.unhexlify([1, 2])", "TypeError: "),
        ("ubinascii.a2b_base64(3)", "TypeError: "),
        ("ubinascii.b2a_base64([1, 2])", "TypeError: "),
        ("ubinascii.crc32(3)", "TypeError: "),
        ("ustruct.calcsize('y')", "ValueError: bad char in struct format"),
        ("ustruct.pack_into('I', bytearray(2), 0, 1)", "ValueError: pack_into requires a buffer"),
        ("ubinascii.unhexlify('0')", "Error: Odd-length string"),
        ("ubinascii.a2b_base64('Y')", "Error: Invalid base64-encoded string"),
        ("uhashlib.md5().hexdigest", "'md5' object has no attribute 'hexdigest'"),
        ("ure.compile('(')", "ValueError: Error in regex: missing ), unterminated subpattern"),
        ("uzlib.decompress(b'nonsense')", "ValueError: Error -3 while decompressing data"),
        ("ucollections.deque((), 1, 1).popleft()", "IndexError: pop from an empty deque"),
    ],
)
def test_errors(expression: str, error: str, tmp_path: Path) -> None:
    assert error in run(expression, tmp_path).stderr


@pytest.mark.parametrize(
    ("module", "statement"),
    [("ujson", "loads('{')"), ("ubinascii", "unhexlify('0')"), ("ubinascii", "a2b_base64('Y')")],
)
def test_what_cannot_be_read_is_a_value_error(module: str, statement: str, tmp_path: Path) -> None:
    source = f"import {module}\ntry:\n    {module}.{statement}\nexcept ValueError: print('caught')"
    assert run_script(source, tmp_path).stdout == "caught\n"


def test_pack_into(tmp_path: Path) -> None:
    source = """
import ustruct
buffer = bytearray(6)
ustruct.pack_into('<H', buffer, 1, 0x0102)
ustruct.pack_into('<B', buffer, -1, 9)
print(buffer)
"""
    assert run_script(source, tmp_path).stdout == "bytearray(b'\\x00\\x02\\x01\\x00\\x00\\t')\n"


def test_a_hash_is_updated(tmp_path: Path) -> None:
    source = """
import uhashlib, ubinascii
h = uhashlib.sha256(b'a')
print(h.update(b'b'), h.update('c'), ubinascii.hexlify(h.digest()).decode())
"""
    expected = hashlib.sha256(b"abc").hexdigest()
    assert run_script(source, tmp_path).stdout == f"None None {expected}\n"


def test_a_deque_has_a_length(tmp_path: Path) -> None:
    source = """
from ucollections import deque
d = deque((), 2)
for n in range(4): d.append(n)
print(len(d), d.popleft(), d.popleft(), bool(d))
full = deque((), 1, 1)
full.append(1)
try:
    full.append(2)
except IndexError as error:
    print(error)
"""
    assert run_script(source, tmp_path).stdout == "2 2 3 False\nfull\n"


def test_dump_to_a_file(tmp_path: Path) -> None:
    source = """
import ujson
with open('x.json', 'w') as f: ujson.dump({'a': 1}, f)
with open('x.json') as f: print(ujson.load(f))
"""
    assert run_script(source, tmp_path).stdout == "{'a': 1}\n"


@pytest.mark.parametrize(
    ("content", "bits"),
    [(zlib.compress(DATA), 0), (gzip.compress(DATA), 31), (RAW_DATA, -15)],
    ids=["zlib", "gzip", "raw"],
)
def test_a_compressed_stream(content: bytes, bits: int, tmp_path: Path) -> None:
    (tmp_path / "packed").write_bytes(content)
    source = f"""
import uzlib
with open('packed', 'rb') as f:
    d = uzlib.DecompIO(f, {bits})
    head, line, buffer = d.read(7), d.readline(), bytearray(7)
    print(head, line, d.readinto(buffer), bytes(buffer), len(d.read()), d.read(5))
"""
    expected = f"b'line 1\\n' b'line 2\\n' 7 b'line 1\\n' {len(DATA) - 21} b''\n"
    assert run_script(source, tmp_path).stdout == expected


@pytest.mark.parametrize("size", [1, 100, 257, 258, 300])
def test_a_stream_whose_last_piece_fills_what_is_read(size: int, tmp_path: Path) -> None:
    """What comes out last does so behind all that goes in."""
    coder = zlib.compressobj(9, zlib.DEFLATED, -15)
    (tmp_path / "packed").write_bytes(coder.compress(bytes(300)) + coder.flush())
    source = f"""
import uzlib
with open('packed', 'rb') as f:
    d, count = uzlib.DecompIO(f, -15), 0
    while n := d.raw.readinto(bytearray({size})):
        count += n
    print(count)
"""
    assert run_script(source, tmp_path).stdout == "300\n"


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (zlib.compress(DATA)[:-20], "EOFError: the compressed data end too early"),
        (b"nonsense", "ValueError: Error -3"),
    ],
)
def test_a_broken_stream(content: bytes, error: str, tmp_path: Path) -> None:
    (tmp_path / "packed").write_bytes(content)
    source = "import uzlib\nwith open('packed', 'rb') as f: uzlib.DecompIO(f).read()"
    assert error in run_script(source, tmp_path, check=False).stderr
