#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

/// Whether `file`, which has just been opened, is one to be read. Otherwise it is closed and the reason told.
bool is_readable(FILE *file, PyObject *name);

/// Whether a file holds compiled code, or is a terminal to be asked for code.
bool is_for_python(FILE *file, const char *name);

/// Runs an open file in `__main__`, which keeps the variables, and closes it. A new reference to its value,
/// or NULL with an exception set.
PyObject *run_file(FILE *file, PyObject *name, bool skips_first_line);

/// Takes from `__main__` what `run_file` has told it of its file.
void forget_file(void);
