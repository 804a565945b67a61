#include "status.h"

bool interrupted;

int report(void) {
  interrupted = PyErr_ExceptionMatches(PyExc_KeyboardInterrupt);
  PyErr_Print();
  return 1;
}

int status_of(PyObject *value) {
  bool failed = value == Py_False;
  Py_XDECREF(value);
  if (!value)
    return report();
  return failed;
}
