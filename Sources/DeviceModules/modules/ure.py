r"""The device's `ure`: Python's `re`, where `\d`, `\s` and `\w` mean ASCII alone.

The device knows fewer operators: `{m,n}`, named groups and `\b` work here and fail there.
"""

import re as _re

__all__ = ["compile", "match", "search"]


def __dir__() -> list[str]:
    return __all__


def compile(regex: str, /) -> "_re.Pattern[str]":
    """A pattern with methods `match`, `search`, `split`, `sub`. ValueError for a wrong one."""
    try:
        return _re.compile(regex, _re.ASCII)
    except _re.error as error:
        raise ValueError(f"Error in regex: {error}") from None


def match(regex: "str | _re.Pattern[str]", string: str, /) -> "_re.Match[str] | None":
    """The match at the start of a text, or None."""
    return _pattern(regex).match(string)


def search(regex: "str | _re.Pattern[str]", string: str, /) -> "_re.Match[str] | None":
    """The first match in a text, or None."""
    return _pattern(regex).search(string)


def _pattern(regex: "str | _re.Pattern[str]") -> "_re.Pattern[str]":
    return regex if isinstance(regex, _re.Pattern) else compile(regex)
