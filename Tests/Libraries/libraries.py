"""The tests of libraries that are written for CPython's ftplib: with that, and with ours instead.

libraries.py PACKAGES FOLDER

unpacks the libraries' source distributions in FOLDER, which is kept, and runs their tests of FTP,
unmodified, with the Python that runs this: once as it is and once with the folder PACKAGES before
the standard library. Each must have the same outcome with ours: some need files that are in no
distribution, and fail with either.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import servers

TIMEOUT = 300
"""Seconds for a run. ftputil's takes 11, PyFilesystem's 9."""


@dataclass(frozen=True)
class Library:
    name: str
    version: str
    options: tuple[str, ...]
    """pytest's: what of its tests has to do with FTP."""
    most: int
    """Tests that fail with either module, at most: others would show nothing any more."""
    port: int = 0
    """Where its tests expect a server to be, unless they start one."""

    @property
    def folder(self) -> str:
        return f"{self.name}-{self.version}"


LIBRARIES = (
    # The slow ones wait for a clock's minute; the public servers are on the network.
    Library(
        "ftputil",
        "5.2.0",
        ("test", "--ignore=test/test_public_servers.py", "-m", "not slow"),
        most=8,
        port=2121,
    ),
    Library("fs", "2.4.16", ("tests/test_ftpfs.py",), most=4),
)


def unpack(library: Library, folder: Path) -> Path:
    """The library's sources, from PyPI."""
    place = folder / library.folder
    if not place.exists():
        wanted = f"{library.name}=={library.version}"
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        subprocess.run([*pip, "--no-binary=:all:", "--dest", folder, wanted], check=True)
        subprocess.run(["tar", "-xzf", f"{place}.tar.gz", "-C", folder], check=True)
    return place


@contextmanager
def served(library: Library) -> Iterator[None]:
    """A server as ftputil's tests describe theirs."""
    with servers.start("pureftpd", user="ftptest", password="dummy", port=library.port) as server:
        root = server.root
        for path in (
            *("rootdir1", "rootdir2/dir2", "dir with spaces/second dir", "dir_with_broken_link"),
            *("walk_test/dir1/dir11", "walk_test/dir1/dir12/dir123", "walk_test/dir2"),
            "walk_test/dir3/dir31",
        ):
            (root / path).mkdir(parents=True)
        for path in (
            *("CONTENTS", "dir with spaces/some_file", "dir with spaces/some file"),
            *(f"walk_test/dir1/dir12/{name}" for name in ("file121", "file122", "dir123/file1234")),
            *("walk_test/file4", "walk_test/dir3/file31", "walk_test/dir3/file32"),
        ):
            (root / path).write_bytes(b"content\n" * 20)
        (root / "large_file").write_bytes(os.urandom(6 << 20))
        (root / "walk_test/dir3/dir32").symlink_to("../dir1/dir12/dir123")
        (root / "dir_with_broken_link/nonexistent").symlink_to("../nonexistent/nonexistent")
        server.adopt(root)
        if os.geteuid() == 0:
            for name in ("rootdir1", "rootdir2"):
                os.chown(root / name, 0, 0)
        yield


def run(library: Library, place: Path, packages: Path | None) -> Counter[tuple[str, str]]:
    """Runs the tests; the name and the outcome of each. Nothing of ours but `packages` is there."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    if packages:
        environment["PYTHONPATH"] = str(packages)
    results = place / "results.xml"
    results.unlink(missing_ok=True)
    options = ["--quiet", "-p", "no:cacheprovider", f"--junit-xml={results}"]
    with served(library) if library.port else nullcontext():
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *library.options],
            cwd=place,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    if not results.exists():
        raise SystemExit(f"{library.folder}: no results\n{done.stdout}")
    tests = ElementTree.parse(results).iter("testcase")
    return Counter((f"{test.get('classname')}.{test.get('name')}", outcome(test)) for test in tests)


def outcome(test: ElementTree.Element) -> str:
    kinds = [kind for kind in ("failure", "error", "skipped") if test.find(kind) is not None]
    return kinds[0] if kinds else "passed"


def is_ours(packages: Path) -> bool:
    """Whether a Python with that folder before its library has our extension."""
    found = subprocess.run(
        [sys.executable, "-c", "import ftplib; print(ftplib.__file__)"],
        env={"PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.strip() == str(packages / "ftplib/__init__.abi3.so")


def main(packages: Path, folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    passed, faults = 0, []
    if not is_ours(packages):
        faults.append(f"no extension in {packages}")
    for library in LIBRARIES:
        place = unpack(library, folder)
        theirs, ours = (run(library, place, each) for each in (None, packages))
        for side, outcomes in (("CPython's", theirs), ("this", ours)):
            counts = Counter(outcome for _, outcome in outcomes.elements())
            print(f"{library.folder:14} {side:9} {dict(counts)}", flush=True)
        faults += [f"{name}: {how} with this alone" for name, how in (ours - theirs).elements()]
        # The last that were counted are ours.
        if counts["failure"] + counts["error"] > library.most:
            faults.append(f"{library.folder}: too many fail with either")
        passed += counts["passed"]
    for fault in faults:
        print(f"\n{fault}")
    print(f"\n{passed} passed, {len(faults)} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()))
