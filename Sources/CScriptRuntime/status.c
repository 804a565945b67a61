#include "status.h"

bool interrupted;

void note_end(PyObject *exception) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyObject *program = PyImport_AddModule("_ftpy.program");
  if (!program || PyObject_SetAttrString(program, "ended_by", exception ? exception : Py_None) < 0)
    PyErr_Clear();
  PyErr_Restore(type, value, traceback);
}

int report(void) {
  interrupted = PyErr_ExceptionMatches(PyExc_KeyboardInterrupt);
  note_end(PyErr_Occurred());
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
