#pragma once

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>

/// Whether somebody sits before standard input, or it counts as a terminal (`-i`).
bool is_interactive(void);

/// Imports what line editing needs: before the script's folder is on the path.
void import_readline(void);

/// Whether the prompt comes after the script.
bool wants_prompt(void);

/// The prompt after something else. Returns the exit status.
int prompt(void);

/// The prompt that Python's own `main` shows, and all that this ends. Returns the exit status.
int prompt_alone(void);
