#include "chunk.h"

bool is_return_outside_function(void) {
  if (!PyErr_ExceptionMatches(PyExc_SyntaxError))
    return false;
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  // With a traceback it comes from code that ran: another file's fault, or one of `compile`.
  PyObject *message = !traceback && value ? PyObject_GetAttrString(value, "msg") : NULL;
  bool is_return = message && PyUnicode_Check(message) &&
                   PyUnicode_CompareWithASCIIString(message, "'return' outside function") == 0;
  Py_XDECREF(message);
  PyErr_Clear();
  PyErr_Restore(type, value, traceback);
  return is_return;
}

void forget_traceback(void) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  Py_XDECREF(traceback);
  if (value)
    PyException_SetTraceback(value, Py_None);
  PyErr_Restore(type, value, NULL);
}

PyObject *run_chunk(PyObject *source, PyObject *name, PyObject *variables) {
  PyObject *module = PyImport_ImportModule("_ftpy.chunk");
  PyObject *parts = module ? PyObject_CallMethod(module, "parts", "OO", source, name) : NULL;
  Py_XDECREF(module);
  if (!parts) {
    // All frames are ours: it is what a compiler has to say of the script.
    forget_traceback();
    return NULL;
  }
  PyObject *value = NULL;
  Py_ssize_t count = PyList_Check(parts) ? PyList_GET_SIZE(parts) : 0;
  for (Py_ssize_t index = 0; index < count; index++) {
    PyObject *result = PyEval_EvalCode(PyList_GET_ITEM(parts, index), variables, variables);
    if (!result) {
      Py_DECREF(parts);
      return NULL;
    }
    // A part that ends by `return` wraps the value; one that ends at its end is None.
    bool is_end = PyTuple_Check(result) && PyTuple_GET_SIZE(result) == 1;
    if (is_end)
      value = Py_NewRef(PyTuple_GET_ITEM(result, 0));
    Py_DECREF(result);
    if (is_end)
      break;
  }
  Py_DECREF(parts);
  return value ? value : Py_NewRef(Py_None);
}
