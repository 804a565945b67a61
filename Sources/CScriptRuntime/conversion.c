#include "Conversion.h"

#include "MemoryLimit.h"

static _Thread_local int depth;
static _Thread_local size_t taken;

bool script_conversion_enter(int deepest) {
  if (depth >= deepest)
    return false;
  if (depth++ == 0)
    taken = 0;
  return true;
}

void script_conversion_leave(void) { depth--; }

bool script_conversion_take(size_t bytes) {
  size_t limit = script_memory_limit();
  // A value by itself has as many bytes as its object has.
  if (limit == 0 || depth == 0)
    return true;
  if (bytes > limit || taken > limit - bytes)
    return false;
  taken += bytes;
  return true;
}
