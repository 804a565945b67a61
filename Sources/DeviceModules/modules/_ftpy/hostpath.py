"""Where a path of the script lies on this host: the one place that every device module asks.

Paths are the host's own. An empty path is the working directory, as on the device.
"""

import os


def host(path: str) -> str:
    """The host's path for `path` as a script writes it. TypeError for what is no path."""
    return os.fspath(path) or "."


def device(path: str) -> str:
    """The script's spelling of `path`, an absolute path of the host."""
    return path
