#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <unistd.h>

#include "CScriptRuntime.h"
#include "plan.h"

struct Plan plan;

static PyStatus set_command_line(PyConfig *config, int argc, char **argv, const char *executable) {
  PyConfig_InitPythonConfig(config);
  PyStatus status = PyConfig_SetBytesArgv(config, argc, argv);
  if (!PyStatus_Exception(status) && executable)
    status = PyConfig_SetBytesString(config, &config->executable, executable);
  return status;
}

static bool shows_prompt(const PyConfig *config) {
  bool code = config->run_command || config->run_module || config->run_filename;
  return !code && !config->quiet && (config->interactive || isatty(STDIN_FILENO));
}

static void keep_plan(const PyConfig *config) {
  plan.command = config->run_command ? wcsdup(config->run_command) : NULL;
  plan.module = config->run_module ? wcsdup(config->run_module) : NULL;
  plan.script = config->run_filename ? wcsdup(config->run_filename) : NULL;
  plan.inspect = config->inspect;
  plan.interactive = config->interactive;
  plan.skips_first_line = config->skip_source_first_line;
  plan.is_isolated = config->isolated;
  plan.uses_environment = config->use_environment;
  plan.has_safe_path = config->safe_path;
}

/// Whether Python can import from the script. It asks the same way, and remembers the answer in
/// `sys.path_importer_cache`.
static bool is_application(const wchar_t *script) {
  PyObject *path = PyUnicode_FromWideChar(script, -1);
  PyObject *importer = path ? PyImport_GetImporter(path) : NULL;
  bool found = importer && importer != Py_None;
  Py_XDECREF(importer);
  Py_XDECREF(path);
  PyErr_Clear();
  return found;
}

struct ScriptRuntimeStart script_runtime_start(int argc, char **argv, const char *executable) {
  struct ScriptRuntimeStart start = {0};
  PyConfig config;

  // Setting argv also pre-initialises Python: locale and UTF-8 mode, from the same command line and
  // environment.
  PyStatus status = set_command_line(&config, argc, argv, executable);
  if (!PyStatus_Exception(status))
    status = PyConfig_Read(&config);
  if (!PyStatus_Exception(status)) {
    start.prompt = shows_prompt(&config);
    keep_plan(&config);
    // As it was before: Python 3.11 loses an option (`-X warn_default_encoding`) of one that has been read.
    PyConfig_Clear(&config);
    status = set_command_line(&config, argc, argv, executable);
    if (!PyStatus_Exception(status))
      status = Py_InitializeFromConfig(&config);
  }
  PyConfig_Clear(&config);

  if (PyStatus_IsExit(status))
    start.status = status.exitcode;
  else if (PyStatus_IsError(status))
    Py_ExitStatusException(status);
  else {
    start.started = true;
    plan.is_application = plan.script && is_application(plan.script);
  }
  return start;
}
