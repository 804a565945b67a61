#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

/// Puts `entry`, which is taken over, before all others of `sys.path`. False with an exception set; NULL is one.
bool add_path(PyObject *entry);

/// `sys.path[0]` as `python3` sets it for what the plan names: the script's folder, the working directory for
/// `-m`, otherwise empty for the one of the moment. False with an exception set.
bool add_first_path(void);

/// A new reference to the working directory's path; NULL if it has been removed, or with an exception set.
PyObject *working_directory(void);
