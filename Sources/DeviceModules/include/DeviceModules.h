#pragma once

#include <stddef.h>

/// The device's modules for the interpreter: Python source carried inside the binary.
///
/// In C because `#embed` is: the compiler reads each file itself, at once and without copying it into
/// Swift source. A binary built this way needs no folder of modules beside it.

/// One module: its import name and its source.
struct DeviceModule {
  /// The name that a script imports, NUL-terminated.
  const char *_Nonnull name;
  /// UTF-8 source, NUL-terminated. Lives as long as the process.
  const char *_Nonnull source;
  /// Bytes in `source` without the NUL.
  size_t length;
};

/// The module at `index`, counted from 0, or NULL past the last one. The first, `_ftpy`, serves the others.
///
/// A function, because Swift imports no C array of unknown length.
const struct DeviceModule *_Nullable device_module(size_t index);
