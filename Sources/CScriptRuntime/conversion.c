#include "Conversion.h"

static _Thread_local int depth;

bool script_conversion_enter(int deepest) {
  if (depth >= deepest)
    return false;
  depth++;
  return true;
}

void script_conversion_leave(void) { depth--; }
