"""A server that does everything as RFC 959 has it, but for what a row of the table tells it.

A row names the moments at which the server misbehaves: `greeting`, or a command's verb. There the
row's steps are done, once, in place of the right ones; all before and after is in order. So the
same row serves every client and every call, and what follows the fault shows whether the two are
still in step.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress

from scripted import (
    Conversation,
    ScriptedServer,
    Step,
    cut,
    end_data,
    say,
    send,
)
from scripted_tls import server_context

FILE = b"".join(
    b"line %03d of the file: twenty letters....\r\n" % number for number in range(1, 24)
)
"""What every file of the server holds: text, and the same in binary."""
SIZE = len(FILE)
LISTING = (
    "drwxr-xr-x   2 ftp      ftp          4096 Jul 26 10:07 folder",
    "-rw-r--r--   1 ftp      ftp           981 Jul 28 16:40 file",
)
FACTS = (
    "type=dir;modify=20260726100700; folder",
    f"type=file;size={SIZE};modify=20260728164000; file",
)
NAMES = ("folder", "file")
OPENING = f"150 Opening data connection for file ({SIZE} bytes)."
DONE = "226 Transfer complete."

Reactions = Mapping[str, Sequence[Step]]


class Scene(Conversation):
    """One control connection and what the server remembers of it."""

    def __init__(
        self, server: ScriptedServer, control: socket.socket, reactions: Reactions
    ) -> None:
        super().__init__(server, control)
        self.reactions = dict(reactions)
        self.commands: list[str] = []
        self.offset = 0
        self.argument = ""
        self.is_protected = False
        self.is_over = False
        self.certificate = "server"

    def run(self) -> None:
        self.react("greeting", (say("220 Ready."),))
        while not self.is_over:
            verb, _, self.argument = self.hear().partition(" ")
            verb = verb.upper()
            if verb in ("PASV", "EPSV"):
                # As inetutils and aioftp have it: REST must be the last command before RETR.
                self.offset = 0
            self.react(verb, ORDINARY.get(verb, (say("502 That is not known here."),)))

    def hear(self, *verbs: str) -> str:
        command = super().hear(*verbs)
        self.commands.append(command)
        return command

    def react(self, moment: str, ordinary: Sequence[Step]) -> None:
        for step in self.reactions.pop(moment, ordinary):
            step(self)
        if moment in ("RETR", "STOR"):
            self.offset = 0

    def connected(self) -> socket.socket:
        """The data connection, inside TLS where that was agreed on."""
        data = super().connected()
        if self.is_protected and not isinstance(data, ssl.SSLSocket):
            data = self.data = self.wrapped(data)
        return data

    def wrapped(self, plain: socket.socket) -> ssl.SSLSocket:
        """The connection inside TLS; `close` of the server ends the handshake too."""
        context = server_context(self.certificate)
        secure = context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self.server.keep(secure)
        secure.do_handshake()
        return secure

    def end_data(self, *, reset: bool = False) -> None:
        """Closes the data connection, with TLS's own end before."""
        data = self.connected()
        if isinstance(data, ssl.SSLSocket) and not reset:
            data.setblocking(False)
            with suppress(OSError):
                data.unwrap()
            data.settimeout(2)
            with suppress(OSError):
                while socket.socket.recv(data, 65536):
                    pass
        super().end_data(reset=reset)


def scene(conversation: Conversation) -> Scene:
    assert isinstance(conversation, Scene)
    return conversation


class HostileServer(ScriptedServer):
    """A server whose first connection has these reactions; on all later ones it is in order."""

    def __init__(self, reactions: Reactions) -> None:
        self.commands: list[str] = []
        """What came in on the first connection."""

        def first(conversation: Conversation) -> None:
            scene = Scene(self, conversation.control, reactions)
            self.commands = scene.commands
            scene.run()

        def later(conversation: Conversation) -> None:
            Scene(self, conversation.control, {}).run()

        super().__init__((first,), (later,))


# The right steps


def over(conversation: Conversation) -> None:
    scene(conversation).is_over = True


def passive(conversation: Conversation) -> None:
    """Listens, and says where in the words of the command that was heard last."""
    port = conversation.listen()
    if conversation.server.heard[-1].upper().startswith("EPSV"):
        conversation.say(f"229 Entering extended passive mode (|||{port}|).")
    else:
        conversation.say(f"227 Entering passive mode (127,0,0,1,{port >> 8},{port & 255}).")


def active(conversation: Conversation) -> None:
    """Connects to where the client listens."""
    *_, high, low = scene(conversation).argument.split(",")
    target = ("127.0.0.1", int(high) << 8 | int(low))
    conversation.data = conversation.server.keep(socket.create_connection(target))
    conversation.say("200 Very well.")


def remember(conversation: Conversation) -> None:
    """Takes REST's offset."""
    scene(conversation).offset = int(scene(conversation).argument)


def send_file(conversation: Conversation) -> None:
    """The file, from where REST has it."""
    offset, scene(conversation).offset = scene(conversation).offset, 0
    conversation.connected().sendall(FILE[offset:])


def take(conversation: Conversation) -> None:
    """Receives an upload, which must be the file from where REST has it."""
    offset, scene(conversation).offset = scene(conversation).offset, 0
    source = conversation.connected()
    received = b"".join(iter(lambda: source.recv(65536), b""))
    conversation.end_data()
    if received != FILE[offset:]:
        raise AssertionError(f"the upload came as {len(received)} bytes, not {SIZE - offset}")


def lines(*content: str) -> Step:
    """Lines on the data connection."""
    return send("".join(line + "\r\n" for line in content).encode())


def secured(conversation: Conversation) -> None:
    """TLS on the control connection."""
    conversation.control = scene(conversation).wrapped(conversation.control)


def protect(conversation: Conversation) -> None:
    scene(conversation).is_protected = scene(conversation).argument == "P"


DOWNLOAD: Sequence[Step] = (say(OPENING), send_file, end_data(), say(DONE))
UPLOAD: Sequence[Step] = (say("150 Go ahead."), take, say(DONE))


def listing(*content: str) -> Sequence[Step]:
    return (say("150 Here it comes."), lines(*content), end_data(), say(DONE))


ORDINARY: Reactions = {
    "USER": (say("331 Password, please."),),
    "PASS": (say("230 Welcome."),),
    "ACCT": (say("230 Welcome."),),
    "AUTH": (say("234 Go ahead."), secured),
    "PBSZ": (say("200 PBSZ=0"),),
    "PROT": (protect, say("200 Very well.")),
    "TYPE": (say("200 Very well."),),
    "PASV": (passive,),
    "EPSV": (passive,),
    "PORT": (active,),
    "REST": (remember, say("350 Go on.")),
    "RETR": DOWNLOAD,
    "STOR": UPLOAD,
    "LIST": listing(*LISTING),
    "NLST": listing(*NAMES),
    "MLSD": listing(*FACTS),
    "SIZE": (say(f"213 {SIZE}"),),
    "MDTM": (say("213 20260728164000"),),
    "PWD": (say('257 "/in/step" is the current directory.'),),
    "CWD": (say("250 There we are."),),
    "CDUP": (say("250 There we are."),),
    "MKD": (say('257 "/in/step/new" created.'),),
    "RMD": (say("250 It is gone."),),
    "DELE": (say("250 It is gone."),),
    "RNFR": (say("350 And to?"),),
    "RNTO": (say("250 It has another name."),),
    "STAT": (say("211-Status", " all is well", "211 End"),),
    "SYST": (say("215 UNIX Type: L8"),),
    "NOOP": (say("200 Zzz."),),
    "ABOR": (say("226 Nothing runs."),),
    "QUIT": (say("221 Goodbye."), cut(), over),
}
"""What the server does at a command when no row says otherwise."""
