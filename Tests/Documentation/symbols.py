"""Is every public symbol of the Swift libraries documented?

    python3 Tests/Documentation/symbols.py FOLDER MODULE...

FOLDER holds the symbol graphs that `swift package generate-documentation` has left; that command
itself does not mind a symbol without a comment. Names every such, and exits with 1 if there is one.
Members that the compiler makes need none, nor do those of a protocol, whose comment counts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def graphs(folder: Path, module: str) -> Iterator[dict[str, Any]]:
    for path in sorted(folder.rglob(f"{module}.symbols.json")):
        yield json.loads(path.read_text())
    for path in sorted(folder.rglob(f"{module}@*.symbols.json")):
        yield json.loads(path.read_text())


def undocumented(graph: dict[str, Any]) -> Iterator[str]:
    # What has the comment of a protocol's member points there.
    inherited = {
        relation["source"] for relation in graph["relationships"] if "sourceOrigin" in relation
    }
    for symbol in graph["symbols"]:
        identifier = symbol["identifier"]["precise"]
        if identifier in inherited or "location" not in symbol:
            continue
        if symbol["kind"]["identifier"] == "swift.extension":  # its members are symbols too
            continue
        lines = symbol.get("docComment", {}).get("lines", [])
        if not any(line["text"].strip() for line in lines):
            place = Path(symbol["location"]["uri"]).name
            line = symbol["location"]["position"]["line"] + 1
            yield f"{place}:{line}: {'.'.join(symbol['pathComponents'])} is not documented"


def main() -> int:
    folder, modules = Path(sys.argv[1]), sys.argv[2:]
    failed = False
    for module in modules:
        symbols = 0
        for graph in graphs(folder, module):
            symbols += len(graph["symbols"])
            for sentence in undocumented(graph):
                failed = True
                print(sentence)
        print(f"{module}: {symbols} public symbols")
        failed = failed or symbols == 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
