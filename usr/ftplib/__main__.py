"""`python3 -m usr.ftplib HOST -l`: the command line of CPython's `ftplib`."""

import sys

from . import all_errors, test


def main() -> None:
    try:
        test()
    except all_errors as error:
        sys.exit(f"ftplib: {error}")


if __name__ == "__main__":
    main()
