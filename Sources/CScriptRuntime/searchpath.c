#include "searchpath.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan.h"

bool add_path(PyObject *entry) {
  PyObject *path = PySys_GetObject("path");
  bool added = entry && path && PyList_Check(path) && PyList_Insert(path, 0, entry) == 0;
  Py_XDECREF(entry);
  if (!added && !PyErr_Occurred())
    PyErr_SetString(PyExc_RuntimeError, "lost sys.path");
  return added;
}

/// The folder in which a script really lies.
static PyObject *folder_of(const wchar_t *script) {
  char *bytes = Py_EncodeLocale(script, NULL);
  char *real = bytes ? realpath(bytes, NULL) : NULL;
  char *path = real ? real : bytes;
  char *end = path ? strrchr(path, '/') : NULL;
  PyObject *folder = PyUnicode_DecodeFSDefaultAndSize(path, end ? (end == path ? 1 : end - path) : 0);
  free(real);
  PyMem_Free(bytes);
  return folder;
}

PyObject *working_directory(void) {
  char *path = getcwd(NULL, 0);
  PyObject *folder = path ? PyUnicode_DecodeFSDefault(path) : NULL;
  free(path);
  return folder;
}

bool add_first_path(void) {
  if (plan.is_application)
    return add_path(PyUnicode_FromWideChar(plan.script, -1));
  if (plan.has_safe_path)
    return true;
  if (plan.script)
    return add_path(folder_of(plan.script));
  if (!plan.module)
    return add_path(PyUnicode_FromString(""));
  PyObject *folder = working_directory();
  return folder ? add_path(folder) : true; // it has been removed
}
