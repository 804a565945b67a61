#define _GNU_SOURCE
#include "scriptfile.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chunk.h"

/// All that a file holds. In memory that is no Python object's: it is no use of the script's.
struct Content {
  char *bytes;
  size_t length;
};

/// Reads a file to its end. False with an exception set.
static bool read_all(FILE *file, struct Content *content) {
  size_t room = 0;
  *content = (struct Content){0};
  while (true) {
    if (content->length == room) {
      char *moved = PyMem_RawRealloc(content->bytes, room += room + BUFSIZ);
      if (!moved) {
        PyErr_NoMemory();
        return false;
      }
      content->bytes = moved;
    }
    content->length += fread(content->bytes + content->length, 1, room - content->length, file);
    if (feof(file))
      return true;
    if (!ferror(file))
      continue;
    int reason = errno;
    clearerr(file);
    if (reason == EINTR && PyErr_CheckSignals() == 0)
      continue;
    // Standard input that is closed is empty, as to Python.
    if (reason == EBADF && file == stdin)
      return true;
    if (!PyErr_Occurred()) {
      errno = reason;
      PyErr_SetFromErrno(PyExc_OSError);
    }
    return false;
  }
}

/// A file without a name, in memory where the system has such files. NULL with `errno` set.
static FILE *unnamed_file(void) {
#ifdef MFD_CLOEXEC
  int descriptor = memfd_create("script", MFD_CLOEXEC);
  FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w+b");
  if (file)
    return file;
  if (descriptor >= 0)
    close(descriptor);
#endif
  return tmpfile();
}

/// The content of what can be read but once, such as a pipe, as a file for Python, which asks where it stands in it. NULL with an
/// exception set.
static FILE *spool(const struct Content *content) {
  FILE *file = unnamed_file();
  if (file && fwrite(content->bytes, 1, content->length, file) == content->length && fflush(file) == 0) {
    rewind(file);
    return file;
  }
  PyErr_SetFromErrno(PyExc_OSError);
  if (file)
    fclose(file);
  return NULL;
}

/// Leaves out the first line, but not its end: lines keep their numbers.
static void skip_line(FILE *file) {
  int character;
  while ((character = getc(file)) != EOF)
    if (character == '\n') {
      ungetc(character, file);
      return;
    }
}

/// The same in memory, as bytes.
static PyObject *bytes_of(const struct Content *content, bool skips_first_line) {
  const char *end = content->bytes + content->length;
  const char *start = skips_first_line && content->length ? memchr(content->bytes, '\n', content->length) : content->bytes;
  return PyBytes_FromStringAndSize(start ? start : end, start ? end - start : 0);
}

/// Runs a file whose content is known, and closes it before its code runs, but for standard input: it is nothing of the script's or
/// of its children. A new reference to its value, or NULL with an exception set.
static PyObject *run_source(
    FILE *file, const struct Content *content, PyObject *name, PyObject *variables, bool skips_first_line) {
  PyObject *encoded = PyUnicode_EncodeFSDefault(name);
  if (!encoded) {
    if (file != stdin)
      fclose(file);
    return NULL;
  }
  if (skips_first_line)
    skip_line(file);
  PyCompilerFlags flags = _PyCompilerFlags_INIT;
  PyObject *value = PyRun_FileExFlags(
      file, PyBytes_AS_STRING(encoded), Py_file_input, variables, variables, file != stdin, &flags);
  Py_DECREF(encoded);
  if (value || !is_return_outside_function())
    return value;
  PyErr_Clear();
  PyObject *source = bytes_of(content, skips_first_line);
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
  struct Content content = {0};
  long start = ftell(file);
  bool is_read = variables && read_all(file, &content);
  FILE *source = is_read && (start < 0 || fseek(file, start, SEEK_SET) != 0) ? spool(&content) : file;
  if (source != file && file != stdin)
    fclose(file);
  PyObject *value = NULL;
  if (is_read && source && describe_file(name, variables, file != stdin))
    value = run_source(source, &content, name, variables, skips_first_line);
  else if (source && source != stdin)
    fclose(source);
  PyMem_RawFree(content.bytes);
  return value;
}
