#include "prompt.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "CScriptRuntime.h"
#include "plan.h"
#include "status.h"

/// The variable by which Python is asked for the prompt that it had before 3.13.
static const char basic_variable[] = "PYTHON_BASIC_REPL";

static bool is_basic;

void script_prompt_be_basic(void) { is_basic = true; }

bool is_interactive(void) { return plan.interactive || isatty(STDIN_FILENO); }

void import_readline(void) {
  for (const char **name = (const char *[]){"readline", "rlcompleter", NULL}; *name; name++) {
    PyObject *module = PyImport_ImportModule(*name);
    if (!module)
      PyErr_Clear();
    Py_XDECREF(module);
  }
}

bool wants_prompt(void) {
  return (plan.inspect || (plan.uses_environment && getenv("PYTHONINSPECT"))) && is_interactive() &&
         !script_runtime_is_ending();
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

int prompt(void) {
  interrupted = false;
  note_end(PyExc_SystemExit);
  let_exit();
  PyObject *hook = PySys_GetObject("__interactivehook__");
  if (hook) {
    PyObject *result =
        PySys_Audit("cpython.run_interactivehook", "O", hook) < 0 ? NULL : PyObject_CallNoArgs(hook);
    if (!result) {
      PySys_WriteStderr("Failed calling sys.__interactivehook__\n");
      PyErr_Print();
    }
    Py_XDECREF(result);
  }
#if PY_VERSION_HEX >= 0x030D0000
  if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !is_basic && !getenv(basic_variable)) {
    PyObject *repl = PyImport_ImportModule("_pyrepl.main");
    PyObject *result = repl ? PyObject_CallMethod(repl, "interactive_console", NULL) : NULL;
    Py_XDECREF(repl);
    return result ? (Py_DECREF(result), 0) : report();
  }
#endif
  return PyRun_AnyFile(stdin, "<stdin>") != 0;
}

/// Takes the variable back once Python has chosen its prompt, before the first statement that may start a program.
static int follow(const char *event, PyObject *arguments, void *unused) {
  static bool has_chosen;
  if (strcmp(event, "cpython.run_stdin") == 0)
    has_chosen = true;
  else if (has_chosen && strcmp(event, "compile") == 0 && is_basic) {
    is_basic = false;
    unsetenv(basic_variable);
  }
  return 0;
}

int prompt_alone(void) {
  note_end(PyExc_SystemExit);
  if (is_basic && !getenv(basic_variable) && PySys_AddAuditHook(follow, NULL) == 0)
    setenv(basic_variable, "1", 1);
  else
    is_basic = false;
  return Py_RunMain();
}
