#include "scriptfile.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chunk.h"

/// Leaves out the first line, but not its end: lines keep their numbers.
static void skip_line(FILE *file) {
  int character;
  while ((character = getc(file)) != EOF)
    if (character == '\n') {
      ungetc(character, file);
      return;
    }
}

/// A copy of what can be read but once, such as a pipe, for reading twice; NULL with an exception set.
static FILE *spool(FILE *file) {
  char block[BUFSIZ];
  FILE *copy = tmpfile();
  while (copy) {
    size_t count = fread(block, 1, sizeof block, file);
    if (fwrite(block, 1, count, copy) != count)
      break;
    if (feof(file)) {
      rewind(copy);
      return copy;
    }
    if (ferror(file)) {
      if (errno != EINTR)
        break;
      clearerr(file);
      if (PyErr_CheckSignals() < 0)
        break;
    }
  }
  if (!PyErr_Occurred())
    PyErr_SetFromErrno(PyExc_OSError);
  if (copy)
    fclose(copy);
  return NULL;
}

/// All of a file from `start` on, as bytes.
static PyObject *content(FILE *file, long start, bool skips_first_line) {
  char block[BUFSIZ];
  size_t count;
  if (fseek(file, start, SEEK_SET) != 0)
    return PyErr_SetFromErrno(PyExc_OSError);
  PyObject *bytes = PyBytes_FromStringAndSize(NULL, 0);
  if (skips_first_line)
    skip_line(file);
  while (bytes && (count = fread(block, 1, sizeof block, file)) > 0)
    PyBytes_ConcatAndDel(&bytes, PyBytes_FromStringAndSize(block, (Py_ssize_t)count));
  return bytes;
}

/// Runs source text. A new reference to its value, or NULL with an exception set.
static PyObject *run_source(FILE *file, PyObject *name, PyObject *variables, bool skips_first_line) {
  PyObject *encoded = PyUnicode_EncodeFSDefault(name);
  if (!encoded)
    return NULL;
  long start = ftell(file);
  if (skips_first_line)
    skip_line(file);
  PyCompilerFlags flags = _PyCompilerFlags_INIT;
  PyObject *value = PyRun_FileExFlags(
      file, PyBytes_AS_STRING(encoded), Py_file_input, variables, variables, 0, &flags);
  Py_DECREF(encoded);
  if (value || !is_return_outside_function())
    return value;
  PyErr_Clear();
  PyObject *source = content(file, start, skips_first_line);
  value = source ? run_chunk(source, name, variables) : NULL;
  Py_XDECREF(source);
  return value;
}

/// Sets what `__main__` knows of its file; standard input is none. False with an exception set.
static bool describe_file(PyObject *name, PyObject *variables, bool is_file) {
  if (PyDict_SetItemString(variables, "__file__", name) < 0 ||
      PyDict_SetItemString(variables, "__cached__", Py_None) < 0)
    return false;
  if (!is_file)
    return true;
  PyObject *machinery = PyImport_ImportModule("_frozen_importlib_external");
  PyObject *loader =
      machinery ? PyObject_CallMethod(machinery, "SourceFileLoader", "sO", "__main__", name) : NULL;
  bool described = loader && PyDict_SetItemString(variables, "__loader__", loader) == 0;
  Py_XDECREF(loader);
  Py_XDECREF(machinery);
  return described;
}

void forget_file(void) {
  PyObject *main = PyImport_AddModule("__main__");
  PyObject *variables = main ? PyModule_GetDict(main) : NULL;
  if (!variables)
    return;
  for (const char **key = (const char *[]){"__file__", "__cached__", NULL}; *key; key++)
    if (PyDict_DelItemString(variables, *key) < 0)
      PyErr_Clear();
}

bool is_readable(FILE *file, PyObject *name) {
  struct stat found;
  if (!file) {
    PySys_FormatStderr("ftpy: can't open file %R: [Errno %d] %s\n", name, errno, strerror(errno));
    return false;
  }
  if (fstat(fileno(file), &found) != 0 || !S_ISDIR(found.st_mode))
    return true;
  PySys_FormatStderr("ftpy: %R is a directory, cannot continue\n", name);
  fclose(file);
  return false;
}

bool is_for_python(FILE *file, const char *name) {
  size_t length = strlen(name);
  if (isatty(fileno(file)) || (length >= 4 && !strcmp(name + length - 4, ".pyc")))
    return true;
  unsigned char start[2];
  if (fseek(file, 0, SEEK_SET) != 0)
    return false;
  bool is_compiled = fread(start, 1, 2, file) == 2 &&
                     ((long)start[0] | (long)start[1] << 8) == (PyImport_GetMagicNumber() & 0xFFFF);
  rewind(file);
  return is_compiled;
}

PyObject *run_file(FILE *file, PyObject *name, bool skips_first_line) {
  PyObject *main = PyImport_AddModule("__main__");
  PyObject *variables = main ? PyModule_GetDict(main) : NULL;
  FILE *source = fseek(file, 0, SEEK_CUR) == 0 ? file : spool(file);
  PyObject *value = NULL;
  if (source && variables && describe_file(name, variables, file != stdin))
    value = run_source(source, name, variables, skips_first_line);
  if (source && source != file)
    fclose(source);
  if (file != stdin)
    fclose(file);
  return value;
}
