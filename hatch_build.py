"""What hatchling, which makes the packages for pip, does not know: how the extension is built."""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

EXTENSION = "usr/ftplib/__init__.abi3.so"


class SwiftBuildHook(BuildHookInterface[BuilderConfig]):
    """Builds the extension and puts it where the wheel, and Python in this folder, look for it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        if sysconfig.get_config_var("Py_GIL_DISABLED"):
            raise SystemExit("a free-threaded build of Python cannot load it: it has no stable ABI")
        new = Path(self.root, EXTENSION + ".new")
        shutil.copy(swift_build(Path(self.root, os.environ.get("BUILD_DIR", ".build"))), new)
        new.replace(Path(self.root, EXTENSION))  # in one step: a Python may have the old one loaded
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data.update(pure_python=False, tag=f"cp311-abi3-{platform}")


def swift_build(scratch: Path) -> Path:
    """Builds in the folder that Tests/run.sh uses too; `SystemExit` says what is missing for it."""
    if shutil.which("swift") is None:
        raise SystemExit(
            "there is no Swift toolchain in PATH; install one: https://www.swift.org/install/linux/"
        )
    command = ["swift", "build", "--scratch-path", str(scratch), "-c", "release"]
    command += ["--product", "ftplib", *headers()]
    if status := subprocess.call(command, cwd=Path(__file__).parent):
        raise SystemExit(f"swift build failed with status {status}")
    return scratch / "release/libftplib.so"


def headers() -> list[str]:
    """Where Python.h is, unless Package.swift finds it itself: through pkg-config, from 3.11 on."""
    known = ["pkg-config", "--exists", "python3 >= 3.11"]
    if shutil.which("pkg-config") and subprocess.call(known) == 0:
        return []
    folder = sysconfig.get_path("include")
    if not Path(folder, "Python.h").exists():
        raise SystemExit(f"there is no Python.h in {folder}; on Debian: apt install libpython3-dev")
    return ["-Xcc", f"-I{folder}"]
