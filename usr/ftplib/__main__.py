"""`python3 -m usr.ftplib HOST -l`: the command line of CPython's `ftplib`."""

from . import test

if __name__ == "__main__":
    test()
