"""The smallest inetd: inetd.py ADDRESS PORT PROGRAM [ARGUMENT...]

Runs the program once for each connection, which is its standard input, output and error output.
"""

import os
import signal
import socket
import sys


def main(address: str, port: int, command: list[str]) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.create_server((address, port), family=family, backlog=64)
    # The kernel then reaps the children itself.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for descriptor in (0, 1, 2):
                os.dup2(connection.fileno(), descriptor)
            os.execv(command[0], command)
        connection.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
