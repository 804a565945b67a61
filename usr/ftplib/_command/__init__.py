"""The client as a program, for shells: `main` runs it.

Each command has a module of its name; `sync` is in `trees`, which `get -r` and `put -r` need too.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usr import ftplib as ftplib
else:
    # What this package lies in, whatever that is called: `usr.ftplib`, or `ftplib` where the path
    # leads to it. In ftpy it is built in.
    ftplib = importlib.import_module(__name__.rpartition(".")[0].replace("_ftpy", "ftplib"))
