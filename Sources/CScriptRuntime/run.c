#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "CScriptRuntime.h"
#include "chunk.h"
#include "plan.h"
#include "prompt.h"
#include "scriptfile.h"
#include "searchpath.h"
#include "status.h"

static int run_and_forget(FILE *file, PyObject *name, bool skips_first_line) {
  int status = status_of(run_file(file, name, skips_first_line));
  forget_file();
  return status;
}

static int run_script(void) {
  PyObject *name = PyUnicode_FromWideChar(plan.script, -1);
  PyObject *encoded = name ? PyUnicode_EncodeFSDefault(name) : NULL;
  if (!encoded || PySys_Audit("cpython.run_file", "u", plan.script) < 0)
    return report();
  const char *path = PyBytes_AS_STRING(encoded);
  FILE *file = fopen(path, "rbe");
  int status = file ? 1 : 2;
  if (!is_readable(file, name))
    ; // and said so
  else if (is_for_python(file, path)) {
    script_memory_begin_if_armed();
    status = PyRun_AnyFileEx(file, path, 1) != 0;
    // It has printed the exception.
    PyObject *type = status ? PySys_GetObject("last_type") : NULL;
    interrupted = type && PyErr_GivenExceptionMatches(type, PyExc_KeyboardInterrupt);
    note_end(type);
  }
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
  FILE *file = path ? fopen(PyBytes_AS_STRING(path), "rbe") : NULL;
  bool is_there = path && (file || errno != ENOENT);
  if (!has_path && folder && !add_path(Py_NewRef(folder)))
    PyErr_Print();
  if (is_there && is_readable(file, name)) {
    // The event that python3 raises for a script: the memory limit begins with it.
    PyObject *value = PySys_Audit("cpython.run_file", "O", name) < 0 ? NULL : run_file(file, name, false);
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

/// Waits for the script's threads before Python does so, which ignores what a signal raises meanwhile. The exit status.
static int wait_for_threads(int status) {
  PyObject *name = PyUnicode_FromString("threading");
  PyObject *threading = name ? PyImport_GetModule(name) : NULL;
  Py_XDECREF(name);
  if (!threading) {
    PyErr_Clear();
    return status;
  }
  script_memory_suspend();
  PyObject *embedding = PyImport_ImportModule("_ftpy.embedding");
  script_memory_resume();
  PyObject *value = NULL;
  // A script that has taken all that it may is told so wherever it is: once more then.
  for (int tries = 0; embedding && !value && tries < 2 && (!tries || PyErr_ExceptionMatches(PyExc_MemoryError)); tries++) {
    PyErr_Clear();
    value = PyObject_CallMethod(embedding, "wait_for_threads", "O", PyExc_SystemExit);
  }
  if (!value && (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt) || PyErr_ExceptionMatches(PyExc_SystemExit))) {
    forget_traceback();
    status = report();
  } else if (!value)
    PyErr_WriteUnraisable(threading);
  Py_XDECREF(value);
  Py_XDECREF(embedding);
  Py_DECREF(threading);
  return status;
}

/// Ends the interpreter. A script that nobody saved from Ctrl-C dies of that signal.
static int finish(int status) {
  status = wait_for_threads(status);
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

bool script_runtime_is_ending(void) {
  PyObject *program = PyImport_AddModule("_ftpy.program");
  PyObject *is_ending = program ? PyObject_GetAttrString(program, "is_ending") : NULL;
  bool ends = is_ending == Py_True;
  Py_XDECREF(is_ending);
  PyErr_Clear();
  return ends;
}

int script_runtime_run(bool has_path) {
  if (script_runtime_is_ending())
    return finish(0);
  bool has_code = plan.command || plan.module || plan.script;
  if (!has_code && is_interactive())
    return prompt_alone();

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
