#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "CScriptRuntime.h"
#include "chunk.h"
#include "plan.h"

/// A KeyboardInterrupt ended what ran last.
static bool interrupted;

/// Prints the exception that is set, which SystemExit turns into the end of the process with its status,
/// unless the prompt comes after. Returns the exit status.
static int report(void) {
  interrupted = PyErr_ExceptionMatches(PyExc_KeyboardInterrupt);
  PyErr_Print();
  return 1;
}

/// Drops `value`, what a script returned, and tells the exit status for it.
static int status_of(PyObject *value) {
  bool failed = value == Py_False;
  Py_XDECREF(value);
  if (!value)
    return report();
  return failed;
}

// sys.path

/// Puts `entry`, which is taken over, before all others. False with an exception set.
static bool add_path(PyObject *entry) {
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

static PyObject *working_directory(void) {
  char *path = getcwd(NULL, 0);
  PyObject *folder = path ? PyUnicode_DecodeFSDefault(path) : NULL;
  free(path);
  return folder;
}

/// `sys.path[0]` as `python3` sets it: the script's folder, the working directory for `-m`, otherwise empty
/// for the one of the moment.
static bool add_first_path(void) {
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

// Files

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

static void forget_file(void) {
  PyObject *main = PyImport_AddModule("__main__");
  PyObject *variables = main ? PyModule_GetDict(main) : NULL;
  if (!variables)
    return;
  for (const char **key = (const char *[]){"__file__", "__cached__", NULL}; *key; key++)
    if (PyDict_DelItemString(variables, *key) < 0)
      PyErr_Clear();
}

/// Whether `file`, which has just been opened, is one to be read. Otherwise it is closed and the reason told.
static bool is_readable(FILE *file, PyObject *name) {
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

/// Whether a file holds compiled code, or is a terminal to be asked for code.
static bool is_for_python(FILE *file, const char *name) {
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

/// Runs an open file in `__main__`, which keeps the variables, and closes it. A new reference to its value,
/// or NULL with an exception set.
static PyObject *run_file(FILE *file, PyObject *name, bool skips_first_line) {
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

static int run_and_forget(FILE *file, PyObject *name, bool skips_first_line) {
  int status = status_of(run_file(file, name, skips_first_line));
  forget_file();
  return status;
}

// The forms of the command line

static int run_script(void) {
  PyObject *name = PyUnicode_FromWideChar(plan.script, -1);
  PyObject *encoded = name ? PyUnicode_EncodeFSDefault(name) : NULL;
  if (!encoded || PySys_Audit("cpython.run_file", "u", plan.script) < 0)
    return report();
  const char *path = PyBytes_AS_STRING(encoded);
  FILE *file = fopen(path, "rb");
  int status = file ? 1 : 2;
  if (!is_readable(file, name))
    ; // and said so
  else if (is_for_python(file, path))
    status = PyRun_AnyFileEx(file, path, 1) != 0;
  else
    status = run_and_forget(file, name, plan.skips_first_line);
  Py_DECREF(encoded);
  Py_DECREF(name);
  return status;
}

static int run_standard_input(void) {
  PyObject *name = PyUnicode_FromString("<stdin>");
  if (!name || PySys_Audit("cpython.run_stdin", NULL) < 0)
    return report();
  int status = run_and_forget(stdin, name, false);
  Py_DECREF(name);
  return status;
}

/// Shows the lines of `-c` to tracebacks, as Python does from 3.13 on.
static void quote_command(PyObject *source, PyObject *name) {
#if PY_VERSION_HEX >= 0x030D0000
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyObject *linecache = PyImport_ImportModule("linecache");
  PyObject *cache = linecache ? PyObject_GetAttrString(linecache, "cache") : NULL;
  PyObject *lines = PyUnicode_Splitlines(source, 1);
  PyObject *entry = lines ? Py_BuildValue("(nOOO)", PyUnicode_GET_LENGTH(source), Py_None, lines, name) : NULL;
  if (cache && entry)
    PyObject_SetItem(cache, name, entry);
  Py_XDECREF(entry);
  Py_XDECREF(lines);
  Py_XDECREF(cache);
  Py_XDECREF(linecache);
  PyErr_Restore(type, value, traceback);
#else
  (void)source, (void)name;
#endif
}

static int run_command(void) {
  PyObject *main = PyImport_AddModule("__main__");
  PyObject *variables = main ? PyModule_GetDict(main) : NULL;
  PyObject *source = PyUnicode_FromWideChar(plan.command, -1);
  PyObject *name = PyUnicode_FromString("<string>");
  if (!variables || !source || !name || PySys_Audit("cpython.run_command", "O", source) < 0)
    return report();
  PyObject *bytes = PyUnicode_AsUTF8String(source);
  if (!bytes) {
    PySys_WriteStderr("Unable to decode the command from the command line:\n");
    return report();
  }
  PyCompilerFlags flags = _PyCompilerFlags_INIT;
  flags.cf_flags |= PyCF_IGNORE_COOKIE;
  PyObject *value =
      PyRun_StringFlags(PyBytes_AS_STRING(bytes), Py_file_input, variables, variables, &flags);
  if (!value && is_return_outside_function()) {
    PyErr_Clear();
    value = run_chunk(source, name, variables);
  }
  if (!value)
    quote_command(source, name);
  Py_DECREF(bytes);
  Py_DECREF(name);
  Py_DECREF(source);
  return status_of(value);
}

/// Runs a module as `__main__`; without `sets_argument` one that the first entry of `sys.path` holds.
static int run_module(const wchar_t *name, bool sets_argument) {
  if (PySys_Audit("cpython.run_module", "u", name) < 0)
    return report();
  PyObject *runpy = PyImport_ImportModule("runpy");
  PyObject *run = runpy ? PyObject_GetAttrString(runpy, "_run_module_as_main") : NULL;
  PyObject *module = PyUnicode_FromWideChar(name, -1);
  PyObject *value = run && module ? PyObject_CallFunction(run, "Oi", module, sets_argument) : NULL;
  Py_XDECREF(module);
  Py_XDECREF(run);
  Py_XDECREF(runpy);
  if (!value)
    return report();
  Py_DECREF(value);
  return 0;
}

// The prompt after something else

static bool is_interactive(void) { return plan.interactive || isatty(STDIN_FILENO); }

/// For line editing. Imported before the script's folder is on the path.
static void import_readline(void) {
  for (const char **name = (const char *[]){"readline", "rlcompleter", NULL}; *name; name++) {
    PyObject *module = PyImport_ImportModule(*name);
    if (!module)
      PyErr_Clear();
    Py_XDECREF(module);
  }
}

static bool wants_prompt(void) {
  return (plan.inspect || (plan.uses_environment && getenv("PYTHONINSPECT"))) && is_interactive();
}

/// Lets SystemExit end the prompt, which `-i` kept it from in the script. Python's own `main` sets the same
/// field; up to 3.13 there is no public way to it.
static void let_exit(void) {
#if PY_VERSION_HEX >= 0x030E0000
  PyObject *no = PyLong_FromLong(0);
  if (!no || PyConfig_Set("inspect", no) < 0)
    PyErr_Clear();
  Py_XDECREF(no);
#else
  extern const PyConfig *_Py_GetConfig(void);
  ((PyConfig *)_Py_GetConfig())->inspect = 0;
#endif
}

static int prompt(void) {
  interrupted = false;
  let_exit();
  PyObject *hook = PySys_GetObject("__interactivehook__");
  if (hook) {
    PyObject *result = PyObject_CallNoArgs(hook);
    if (!result) {
      PySys_WriteStderr("Failed calling sys.__interactivehook__\n");
      PyErr_Print();
    }
    Py_XDECREF(result);
  }
#if PY_VERSION_HEX >= 0x030D0000
  if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !getenv("PYTHON_BASIC_REPL")) {
    PyObject *repl = PyImport_ImportModule("_pyrepl.main");
    PyObject *result = repl ? PyObject_CallMethod(repl, "interactive_console", NULL) : NULL;
    Py_XDECREF(repl);
    return result ? (Py_DECREF(result), 0) : report();
  }
#endif
  return PyRun_AnyFile(stdin, "<stdin>") != 0;
}

// From outside

/// The end of the file alone: what SystemExit has to say goes to standard error, its status nowhere.
static void report_exit(void) {
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyErr_NormalizeException(&type, &value, &traceback);
  PyObject *code = value ? PyObject_GetAttrString(value, "code") : NULL;
  if (code && code != Py_None && !PyLong_Check(code))
    PySys_FormatStderr("%S\n", code);
  Py_XDECREF(code);
  Py_XDECREF(type);
  Py_XDECREF(value);
  Py_XDECREF(traceback);
  PyErr_Clear();
}

void script_runtime_boot(bool has_path) {
  PyObject *folder = working_directory();
  PyObject *name = folder ? PyUnicode_FromFormat("%U/usr/main.py", folder) : NULL;
  PyObject *path = name ? PyUnicode_EncodeFSDefault(name) : NULL;
  FILE *file = path ? fopen(PyBytes_AS_STRING(path), "rb") : NULL;
  bool is_there = path && (file || errno != ENOENT);
  if (!has_path && folder && !add_path(Py_NewRef(folder)))
    PyErr_Print();
  if (is_there && is_readable(file, name)) {
    PyObject *value = run_file(file, name, false);
    if (!value && PyErr_ExceptionMatches(PyExc_SystemExit))
      report_exit();
    else if (!value)
      PyErr_Print();
    Py_XDECREF(value);
    forget_file();
  }
  Py_XDECREF(path);
  Py_XDECREF(name);
  Py_XDECREF(folder);
}

/// Ends the interpreter. A script that nobody saved from Ctrl-C dies of that signal.
static int finish(int status) {
  if (Py_FinalizeEx() < 0)
    status = 120;
  free(plan.command);
  free(plan.module);
  free(plan.script);
  if (!interrupted)
    return status;
  if (PyOS_setsig(SIGINT, SIG_DFL) != SIG_ERR)
    kill(getpid(), SIGINT);
  return 128 + SIGINT;
}

int script_runtime_run(bool has_path) {
  bool has_code = plan.command || plan.module || plan.script;
  if (!has_code && is_interactive())
    return Py_RunMain();

  if (plan.inspect && !plan.is_isolated)
    import_readline();
  if ((plan.is_application || !has_path) && !add_first_path())
    return finish(report());

  int status;
  if (plan.command)
    status = run_command();
  else if (plan.module)
    // The client has no code of its own to run; this name stands for its command line.
    status = run_module(wcscmp(plan.module, L"ftplib") ? plan.module : L"_ftpy.ftplib", true);
  else if (plan.is_application)
    status = run_module(L"__main__", false);
  else if (plan.script)
    status = run_script();
  else
    status = run_standard_input();

  if (wants_prompt())
    status = prompt();
  return finish(status);
}
