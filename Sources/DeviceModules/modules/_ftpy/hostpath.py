"""Where a path of the script lies on this host: the one place that every device module asks.

Without a root (`--root`) paths are the host's own. With one, `/` is the root and relative paths
start from the working directory, as on the device; `..` goes no higher than `/`, and a symbolic
link that leads out of the root is refused. An empty path is the working directory.

Links are followed when a path is looked up, not when it is used: a program that puts a link
there in between is not kept out. Hard links and mounts count as what they look like.
"""

import errno
import os
import sys

from _ftpy.program import owns_process, root

_has_hinted = False


def host(path: str, *, entry: bool = False, at_root: int = errno.EBUSY) -> str:
    """The host's path for `path` as a script writes it. TypeError for what is no path.

    The last name is left as it is, so that `os.remove` takes a link and not what it leads to;
    `entry` says that nothing follows it. OSError 13 if a link leads out of the root, and with
    `entry` OSError `at_root` for the root itself.
    """
    name = os.fspath(path)
    if root is None:
        hint_at_root(name)
        return name or "."
    place = root + absolute(os.fsdecode(name))
    if place == root + "/":
        if entry:
            raise OSError(at_root, "The device's root itself", name)
        return root
    folder, last = os.path.split(place)
    found = os.path.join(os.path.realpath(folder), last)
    if not within(found) or not (entry or within(os.path.realpath(found))):
        raise OSError(errno.EACCES, "A link leads out of the device's root", name)
    return found


def hint_at_root(name: str) -> None:
    """Says once that `/usr` is not the device's, where a script seems to take it for that.

    It does where it names the folder itself, or something in it that is not there.
    """
    global _has_hinted
    if _has_hinted or not owns_process or not isinstance(name, str):
        return
    place = name.rstrip("/")
    if place == "/usr" or (place.startswith("/usr/") and not os.path.lexists(name)):
        _has_hinted = True
        if sys.stderr is not None:
            print(
                "ftpy: /usr is this computer's; `ftpy --root DIR` makes it the device's",
                file=sys.stderr,
            )


def device(path: str) -> str:
    """The script's spelling of `path`, an absolute path of the host. OSError 2 if it has none."""
    if root is None:
        return path
    if not within(path):
        raise OSError(errno.ENOENT, "Outside of the device's root", path)
    return path[len(root) :] or "/"


def absolute(path: str) -> str:
    """`path` from the device's `/` on, without `.` and `..`.

    A path of the host that leads into the root, as `__file__` is one, means the same file.
    """
    if path.startswith("/"):
        path = device(path) if within(path) else path
    else:
        path = f"{device(os.getcwd())}/{path}"
    return os.path.normpath("/" + path.lstrip("/"))


def within(path: str) -> bool:
    """Whether an absolute path of the host is the root or in it. Looks at no link."""
    return path == root or path.startswith(f"{root}/")
