#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <unistd.h>

#include "CScriptRuntime.h"

static PyStatus read_command_line(PyConfig *config, int argc, char **argv, const char *executable) {
  PyStatus status = PyConfig_SetBytesArgv(config, argc, argv);
  if (!PyStatus_Exception(status) && executable)
    status = PyConfig_SetBytesString(config, &config->executable, executable);
  if (!PyStatus_Exception(status))
    status = PyConfig_Read(config);
  return status;
}

static bool shows_prompt(const PyConfig *config) {
  bool code = config->run_command || config->run_module || config->run_filename;
  return !code && !config->quiet && (config->interactive || isatty(STDIN_FILENO));
}

struct ScriptRuntimeStart script_runtime_start(int argc, char **argv, const char *executable) {
  struct ScriptRuntimeStart start = {0};
  PyConfig config;
  PyConfig_InitPythonConfig(&config);

  // Setting argv also pre-initialises Python: locale and UTF-8 mode, from the same command line and
  // environment.
  PyStatus status = read_command_line(&config, argc, argv, executable);
  if (!PyStatus_Exception(status)) {
    start.prompt = shows_prompt(&config);
    status = Py_InitializeFromConfig(&config);
  }
  PyConfig_Clear(&config);

  if (PyStatus_IsExit(status))
    start.status = status.exitcode;
  else if (PyStatus_IsError(status))
    Py_ExitStatusException(status);
  else
    start.started = true;
  return start;
}

int script_runtime_run(void) { return Py_RunMain(); }
