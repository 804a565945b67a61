"""Serves the rows of the table to the clients under test, of whatever language.

    python3 -m hostile.serve

Writes its port, and ends with its standard input. To each connection it says, line by line:

    list   one line for each row, fields between tabs, then an empty line
    start N   a server for row N: its port
    end    closes that; a line for each thing that the client did wrong, then an empty line
"""

from __future__ import annotations

import socket
import sys
import threading
from contextlib import suppress

from hostile import table
from hostile.obedient import HostileServer


def described(number: int) -> str:
    row = table.ROWS[number]
    wanted = [word for client in ("documented", "low", "swift") for word in row.wanted(client)]
    times = [f"{row.timeout}", f"{row.deadline}", f"{row.endless:d}"]
    return "\t".join([str(number), row.source, row.name, row.call, *times, row.says, *wanted])


def faults(number: int, server: HostileServer) -> list[str]:
    """What the client did that it must not do."""
    try:
        server.close()
    except RuntimeError as error:
        return [str(error)]
    found = [f"{type(fault).__name__}: {fault}" for fault in server.faults]
    for command in server.commands:
        if command.partition(" ")[0].upper() in table.ROWS[number].never:
            found.append(f"the client said {command}")
    return found


def attend(client: socket.socket) -> None:
    server: HostileServer | None = None
    number = 0
    with (
        client,
        client.makefile("rw", encoding="utf-8", errors="backslashreplace", newline="") as lines,
    ):
        for line in lines:
            verb, _, argument = line.strip().partition(" ")
            if verb == "list":
                answer = [described(number) for number in range(len(table.ROWS))] + [""]
            elif verb == "start":
                number = int(argument)
                server = HostileServer(table.ROWS[number].server)
                answer = [str(server.port)]
            else:
                answer = [*(faults(number, server) if server else ()), ""]
                server = None
            lines.write("".join(f"{' '.join(words.splitlines())}\r\n" for words in answer))
            lines.flush()
    if server:
        server.close()


def serve(listener: socket.socket) -> None:
    while True:
        client = listener.accept()[0]
        threading.Thread(target=attend, args=(client,), daemon=True).start()


def main() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        print(listener.getsockname()[1], flush=True)
        with suppress(KeyboardInterrupt):
            sys.stdin.read()


if __name__ == "__main__":
    main()
