#pragma once

#include <stdbool.h>
#include <stddef.h>

/// How deep the calling thread is in values that it converts between Swift and Python, one inside the other.
///
/// In C because Swift has no thread-local variables.

/// Goes one deeper; false, and no deeper, when that would be beyond `deepest`.
bool script_conversion_enter(int deepest);

/// Comes back from there.
void script_conversion_leave(void);

/// Counts `bytes` that the value takes in Swift; false when that makes more than the script's memory limit for the whole value.
bool script_conversion_take(size_t bytes);
