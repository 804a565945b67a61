"""The sentence by which a module that only has fixed answers says so."""

import sys

_said: set[str] = set()


def announce(name: str, what: str) -> None:
    """Writes one line about a module to standard error, however often the module is run."""
    # To print(), no file at all is standard output.
    if name not in _said and sys.stderr is not None:
        _said.add(name)
        print(f"ftpy: {name} is a stub on this host: {what}", file=sys.stderr)
