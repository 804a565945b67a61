"""The sentence by which a module that only has fixed answers says so."""

import sys

_said: set[str] = set()


def announce(name: str, what: str) -> None:
    """Writes one line about a module to standard error, however often the module is run."""
    if name not in _said:
        _said.add(name)
        print(f"ftpy: {name} is a stub on this host: {what}", file=sys.stderr)
