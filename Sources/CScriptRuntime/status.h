#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

/// A KeyboardInterrupt ended what ran last.
extern bool interrupted;

/// Tells the program's modules that an exception of this class has ended the script: who waits for its threads says so then.
void note_end(PyObject *exception);

/// Prints the exception that is set, which SystemExit turns into the end of the process with its status,
/// unless the prompt comes after. Returns the exit status.
int report(void);

/// Drops `value`, what a script returned, and tells the exit status for it. NULL is an exception that is set.
int status_of(PyObject *value);
