"""What the program tells its modules: made in Swift (DeviceImports) before `_ftpy` runs."""

#: The program's own version.
version: str

#: Every module of this folder by name: its source, in the program's memory.
sources: dict[str, memoryview]

#: The bytes that the script may use (`-X heapsize`), or None without a limit.
memory_limit: int | None

def memory_used() -> int:
    """The bytes that the script uses now: what Python's objects take beyond what they took when it
    began, its own code not counted. 0 without a limit: nobody counts then."""

def run_pasted() -> None:
    """Run the text that was typed in the prompt's paste mode. For the prompt alone."""
