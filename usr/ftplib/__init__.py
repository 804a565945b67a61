"""Says why there is no `ftplib` here: Python runs this file where it cannot load the extension.

The module itself is `__init__.abi3.so` beside it, which comes first. It is built from Sources/, and
its interface stands in `__init__.pyi`.
"""

import importlib.machinery
import os
import sys
import sysconfig

EXTENSION = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__init__.abi3.so")


def reason() -> str:
    this = f"this is {sys.implementation.name} {sys.version.split()[0]} on {sys.platform}"
    if sys.implementation.name != "cpython" or sys.version_info < (3, 11):
        return f"ftplib needs CPython 3.11 or later; {this}"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return f"ftplib needs CPython's stable ABI, which its free-threaded builds lack; {this}"
    if ".abi3.so" not in importlib.machinery.EXTENSION_SUFFIXES:
        return f"ftplib needs a system whose Python modules are .so files; {this}"
    if os.path.exists(EXTENSION):
        return f"ftplib is {EXTENSION}; import that, not this file, {os.path.basename(__file__)}"
    if not os.path.isdir(os.path.dirname(EXTENSION)):
        return f"Python loads no extension from an archive, as {EXTENSION} would be; unpack it"
    return (
        f"ftplib has not been built: there is no {EXTENSION}. In the project's folder, "
        "`Tests/run.sh build` or `pip install .` makes it"
    )


raise ImportError(reason(), name=__name__, path=EXTENSION)
