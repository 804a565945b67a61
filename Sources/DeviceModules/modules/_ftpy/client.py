"""`ftpy -m ftplib HOST -l`: the client as a program, with CPython's command line for it."""

import ftplib
import sys

try:
    ftplib.test()  # type: ignore[attr-defined]
except ftplib.all_errors as error:
    sys.exit(f"ftplib: {error}")
