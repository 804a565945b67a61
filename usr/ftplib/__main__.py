"""What `python3 -m usr.ftplib` runs: `get`, `put`, `ls`, `sync`.

What has none of them for its first word is the command line of CPython's `ftplib`: `HOST -l`.
"""

from ._command.main import main

if __name__ == "__main__":
    main(__package__ or "ftplib")
