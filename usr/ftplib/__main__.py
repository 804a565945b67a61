"""`python3 -m usr.ftplib HOST -l`: the command line of CPython's `ftplib`."""

import os
import sys

from . import all_errors, test


def main() -> None:
    try:
        test()
    except BrokenPipeError:
        # The reader has enough. What Python still holds back has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (*all_errors, ValueError) as error:
        sys.exit(f"ftplib: {error}")


if __name__ == "__main__":
    main()
