#pragma once

#include <stdbool.h>
#include <wchar.h>

/// What the command line asks to run, kept from `PyConfig`, which is gone once the interpreter has started.
struct Plan {
  /// At most one of these three: `-c`, with a line's end added; `-m`; a script's absolute path.
  wchar_t *command, *module, *script;
  /// The script is a folder or an archive with a `__main__` in it.
  bool is_application;
  /// `-i` or PYTHONINSPECT: the prompt comes after all else.
  bool inspect;
  /// `-i`: standard input counts as a terminal.
  bool interactive;
  /// `-x`: the script's first line is no Python.
  bool skips_first_line;
  bool is_isolated, uses_environment, has_safe_path;
};

extern struct Plan plan;
