"""A child of `multiprocessing`, which runs the script a second time: as ftpy runs scripts.

Imported in such children alone, once `__main__` is what scripts get.
"""

import runpy
import sys

run_path = runpy.run_path


def install() -> None:
    runpy.run_path = run


def run(
    path_name: str, init_globals: dict[str, object] | None = None, run_name: str | None = None
) -> dict[str, object]:
    """`runpy.run_path` with the names that are predefined, and for chunks as well."""
    main = sys.modules["__main__"].__dict__
    variables = {name: main[name] for name in ("uos", "__builtins__")} | (init_globals or {})
    try:
        return run_path(path_name, variables, run_name)
    except SyntaxError as error:
        if error.msg != "'return' outside function" or error.filename != path_name:
            raise
    from _ftpy import chunk

    module = type(sys)(run_name or "<run_path>")
    module.__dict__.update(variables, __file__=path_name)
    with open(path_name, "rb") as file:
        chunk.run(file.read(), path_name, module.__dict__)
    return module.__dict__
