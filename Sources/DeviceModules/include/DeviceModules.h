#pragma once

#include <stdbool.h>
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
  /// It has fixed answers alone: a file of the user's of this name is imported in its place.
  bool is_stub;
};

/// The module at `index`, counted from 0, or NULL past the last one.
///
/// A function, because Swift imports no C array of unknown length.
const struct DeviceModule *_Nullable device_module(size_t index);

/// The module of this name, or NULL.
const struct DeviceModule *_Nullable device_module_named(const char *_Nonnull name);

/// Whether this is the name of a module that only the device has: it drives hardware, or is a library of the firmware that is not here.
bool device_alone_has(const char *_Nonnull name);
