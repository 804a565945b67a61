#pragma once

#include <stdbool.h>

#include "Conversion.h"
#include "Embedding.h"
#include "MemoryLimit.h"
#include "PasteMode.h"

/// The part of Python's C API that the stable ABI leaves out, under plain C types: CPython's header, which
/// Swift imports, hides these calls, and the two views of `Python.h` must not meet in one module.

/// What became of `script_runtime_start`.
struct ScriptRuntimeStart {
  /// The interpreter runs. Otherwise the command line has been answered or refused already.
  bool started;
  /// Exit status where `started` is false.
  int status;
  /// `script_runtime_run` will show the prompt and its banner: interactive, no script, not `-q`.
  bool prompt;
};

/// Starts the interpreter as `python3` would with this command line and this environment.
///
/// `executable` becomes `sys.executable`; NULL leaves it to Python. An environment in which Python cannot
/// start at all (a wrong PYTHONHOME, say) ends the process with Python's message and status 1. The calling
/// thread is the main thread from here on and holds the interpreter.
///
/// In C because `PyConfig` is no part of the stable ABI.
struct ScriptRuntimeStart script_runtime_start(
    int argc, char *_Nullable *_Nonnull argv, const char *_Nullable executable);

/// Runs `usr/main.py` of the working directory in `__main__` as a script is run, before `script_runtime_run`;
/// does nothing if there is no such file.
///
/// An exception prints its traceback, and SystemExit ends the file alone: the caller goes on, unless the run is ending.
/// With `has_path` `sys.path` is as it should be; otherwise the working directory is put first.
///
/// In C because the calls of `PyRun_` are no part of the stable ABI.
void script_runtime_boot(bool has_path);

/// Whether the run is to end, whatever would come next: the device was switched off, or the time is over.
bool script_runtime_is_ending(void);

/// Makes the prompt the plain one, which Python had before 3.13, without a word about it to child processes. Call it
/// before `script_runtime_run`.
///
/// In C because Python's `main` chooses the prompt by an environment variable, which is taken back at the right moment.
void script_prompt_be_basic(void);

/// Runs what the command line names (script, `-c`, `-m`, standard input or the prompt), ends the
/// interpreter and returns the exit status. A KeyboardInterrupt that nobody caught ends the process by
/// SIGINT, as a shell expects.
///
/// A script, `-c` or standard input whose top level says `return` runs as a chunk (the module
/// `_ftpy.chunk`): its status is 1 if the value is False, otherwise 0. `has_path` says that `sys.path`
/// starts with what it should, so that nothing is put before it.
///
/// In C because `Py_RunMain` and the calls of `PyRun_` are no part of the stable ABI.
int script_runtime_run(bool has_path);
