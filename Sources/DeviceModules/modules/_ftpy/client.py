"""`ftpy -m ftplib HOST -l`: the client as a program, with the command line of CPython's `ftplib`."""

import sys

import ftplib

try:
    ftplib.test()
except ftplib.all_errors as error:
    sys.exit(f"ftplib: {error}")
