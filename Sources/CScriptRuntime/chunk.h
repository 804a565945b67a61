#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

/// Whether the exception that is set says that a compiler has met a `return` at the top level of what it
/// was to compile. Leaves it set.
bool is_return_outside_function(void);

/// Takes the traceback from the exception that is set.
void forget_traceback(void);

/// Runs `source`, bytes or str, as a chunk with these variables (the module `_ftpy.chunk` splits it into
/// parts). A new reference to the value that it returns, None if it comes to its end; NULL with an
/// exception set, whose traceback has no frame of ours.
PyObject *run_chunk(PyObject *source, PyObject *name, PyObject *variables);
