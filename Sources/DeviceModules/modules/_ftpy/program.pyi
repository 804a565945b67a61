"""What the program tells its modules: made in Swift (DeviceImports) before `_ftpy` runs."""

#: The program's own version.
version: str

#: Every module of this folder by name: its source, in the program's memory.
sources: dict[str, memoryview]
