#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "PasteMode.h"
#include "chunk.h"

enum { control_d = 4, control_e = 5, tab = 9 };

/// What a key does in readline.
typedef int Key(int count, int key);

/// readline's functions and variables, as far as they are needed.
static struct {
  int (*bind_key)(int key, Key *function);
  Key *(*function_of_keys)(const char *keys, void *keymap, int *type);
  Key *newline, *insert;
  int *end;
} readline;

static char *(*read_line)(FILE *input, FILE *output, const char *prompt);

/// What Ctrl-E did before.
static Key *end_of_line;
/// Whether Ctrl-E ended the line, and Ctrl-D the text.
static bool asked, finished;
/// The text, until it runs.
static char *pasted;

/// What the tokenizer gets to run the text, which must not run inside PyOS_Readline: it may call input().
static const char run_pasted[] = "__import__('sys').modules['_ftpy.program'].run_pasted()\n";

// MARK: Keys

static int begin_pasting(int count, int key) {
  if (*readline.end > 0)
    return end_of_line ? end_of_line(count, key) : 0;
  asked = true;
  return readline.newline(1, '\n');
}

static int finish_pasting(int count, int key) {
  finished = true;
  return readline.newline(1, '\n');
}

/// Gives a key a function; returns the one that it had.
static Key *bind(int key, Key *function) {
  const char keys[] = {(char)key, 0};
  Key *before = readline.function_of_keys(keys, NULL, NULL);
  readline.bind_key(key, function);
  return before;
}

// MARK: Reading

static bool append(char **text, size_t *length, const char *line) {
  size_t count = strlen(line);
  char *longer = realloc(*text, *length + count + 1);
  if (!longer)
    return false;
  memcpy(longer + *length, line, count + 1);
  *text = longer;
  *length += count;
  return true;
}

/// Reads text to its end; NULL when it was cancelled.
static char *read_text(FILE *input, FILE *output) {
  char *text = NULL, *line;
  size_t length = 0;
  bool whole = append(&text, &length, "");
  Key *complete = bind(tab, readline.insert);
  Key *delete = bind(control_d, finish_pasting);
  finished = false;
  while (whole && !finished) {
    line = read_line(input, output, "=== ");
    whole = line && append(&text, &length, line);
    // An empty line has its end; nothing at all is Ctrl-D on one, or the end of the input.
    if (line && !*line) {
      finished = true;
      fputs("\n", output);
    }
    PyMem_RawFree(line);
  }
  bind(control_d, delete);
  bind(tab, complete);
  if (whole)
    return text;
  free(text);
  return NULL;
}

/// Whether this is the prompt for a new statement.
static bool is_primary(const char *prompt) {
  PyGILState_STATE state = PyGILState_Ensure();
  PyObject *primary = PySys_GetObject("ps1");
  const char *text = primary && PyUnicode_Check(primary) ? PyUnicode_AsUTF8(primary) : NULL;
  bool same = text && prompt && strcmp(text, prompt) == 0;
  PyErr_Clear();
  PyGILState_Release(state);
  return same;
}

/// Drops the KeyboardInterrupt that cancelled the text; false when it is another exception.
static bool drop_interrupt(void) {
  PyGILState_STATE state = PyGILState_Ensure();
  bool dropped = !PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_KeyboardInterrupt);
  if (dropped)
    PyErr_Clear();
  PyGILState_Release(state);
  return dropped;
}

/// Stands before readline's own function: a line with its end, an empty string at the end of the input, NULL when interrupted.
static char *read_line_or_paste(FILE *input, FILE *output, const char *prompt) {
  if (!is_primary(prompt))
    return read_line(input, output, prompt);
  while (true) {
    // An init file may have bound the key anew.
    Key *before = bind(control_e, begin_pasting);
    if (before != begin_pasting)
      end_of_line = before;
    asked = false;
    char *line = read_line(input, output, prompt);
    bind(control_e, end_of_line);
    if (!asked)
      return line;
    PyMem_RawFree(line);
    fputs("paste mode; Ctrl-C to cancel, Ctrl-D to finish\n", output);
    char *text = read_text(input, output);
    if (!text) {
      if (!drop_interrupt())
        return NULL;
      fputs("\n", output);
      continue;
    }
    free(pasted);
    pasted = text;
    line = PyMem_RawMalloc(sizeof run_pasted);
    if (line)
      memcpy(line, run_pasted, sizeof run_pasted);
    return line;
  }
}

// MARK: Running

/// Typed text, in the encoding of `sys.stdin` as at the prompt.
static PyObject *decoded(const char *text) {
  PyObject *input = PySys_GetObject("stdin");
  PyObject *name = input ? PyObject_GetAttrString(input, "encoding") : NULL;
  const char *encoding = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
  PyErr_Clear();
  PyObject *decoded = PyUnicode_Decode(text, (Py_ssize_t)strlen(text), encoding, NULL);
  Py_XDECREF(name);
  return decoded;
}

static PyObject *run(const char *text) {
  PyObject *main = PyImport_AddModule("__main__");
  PyObject *source = main ? decoded(text) : NULL;
  const char *utf8 = source ? PyUnicode_AsUTF8(source) : NULL;
  PyCompilerFlags flags = _PyCompilerFlags_INIT;
  flags.cf_flags = PyCF_SOURCE_IS_UTF8 | PyCF_IGNORE_COOKIE;
  PyObject *code = utf8 ? Py_CompileStringFlags(utf8, "<paste>", Py_file_input, &flags) : NULL;
  PyObject *variables = main ? PyModule_GetDict(main) : NULL;
  PyObject *result = code && PySys_Audit("exec", "O", code) == 0 ? PyEval_EvalCode(code, variables, variables) : NULL;
  if (utf8 && !code && is_return_outside_function()) {
    PyErr_Clear();
    PyObject *name = PyUnicode_FromString("<paste>");
    result = name ? run_chunk(source, name, variables) : NULL;
    Py_XDECREF(name);
  }
  Py_XDECREF(code);
  Py_XDECREF(source);
  return result;
}

/// Runs the text that was pasted. Says what it raised as the prompt does, so that no line of this program is in the traceback.
static PyObject *run_pasted_text(PyObject *module, PyObject *unused) {
  char *text = pasted;
  pasted = NULL;
  PyObject *result = text ? run(text) : Py_NewRef(Py_None);
  free(text);
  if (!result)
    PyErr_Print();
  Py_XDECREF(result);
  Py_RETURN_NONE;
}

// MARK: Setting up

static void *find(void *library, const char *name) { return dlsym(library, name); }

/// Looks readline's functions up in the libraries that Python's module brought with it.
static bool find_readline(void) {
  PyObject *module = PyImport_ImportModule("readline");
  PyObject *file = module ? PyObject_GetAttrString(module, "__file__") : NULL;
  const char *path = file && PyUnicode_Check(file) ? PyUnicode_AsUTF8(file) : NULL;
  bool built_in = module && !path;
  PyErr_Clear();
  void *library = built_in ? RTLD_DEFAULT : path ? dlopen(path, RTLD_LAZY | RTLD_NOLOAD) : NULL;
  Py_XDECREF(file);
  Py_XDECREF(module);
  if (!module || (!built_in && !library))
    return false;
  readline.bind_key = find(library, "rl_bind_key");
  readline.function_of_keys = find(library, "rl_function_of_keyseq");
  readline.newline = find(library, "rl_newline");
  readline.insert = find(library, "rl_insert");
  readline.end = find(library, "rl_end");
  return readline.bind_key && readline.function_of_keys && readline.newline && readline.insert && readline.end;
}

/// Waits for the moment at which the interpreter loads what its prompt needs.
static int follow(const char *event, PyObject *arguments, void *unused) {
  if (read_line || strcmp(event, "cpython.run_interactivehook") != 0)
    return 0;
  if (find_readline() && PyOS_ReadlineFunctionPointer) {
    read_line = PyOS_ReadlineFunctionPointer;
    PyOS_ReadlineFunctionPointer = read_line_or_paste;
  }
  return 0;
}

_Bool script_prompt_offer_pasting(void *functions) {
  static PyMethodDef definition = {"run_pasted", run_pasted_text, METH_NOARGS, "Run what was pasted at the prompt."};
  PyObject *function = PyCFunction_New(&definition, NULL);
  if (!function)
    return false;
  bool stored = PyDict_SetItemString(functions, definition.ml_name, function) == 0;
  Py_DECREF(function);
  return stored && PySys_AddAuditHook(follow, NULL) == 0;
}
