/* Python.h as a Swift module: headers only, the stable ABI of 3.11. Nothing here links libpython.
 *
 * Swift imports no function-like macro, no variadic function, and no mutable global without a warning on
 * concurrency: each `static inline` below stands for one of these. */
#ifndef FTPLIB_CPYTHON_SHIM_H
#define FTPLIB_CPYTHON_SHIM_H

#include <features.h> /* before Python.h, which otherwise changes fd_set under Swift's Glibc module */

#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000 /* 3.11: the first with the buffer protocol in the stable ABI */
#endif
#include <Python.h>

/* What the stable ABI got after Python 3.6. Pythons older than 3.11 load `.abi3.so` files as well. Where such names are weak
 * the file loads there, and PyInit.swift says what is wrong; otherwise the loader says "undefined symbol". */
#pragma weak PyGC_Disable
#pragma weak PyGC_Enable
#pragma weak PyImport_GetModule
#pragma weak PyModule_AddObjectRef
#pragma weak PyType_FromModuleAndSpec
#pragma weak PyType_GetModule
#pragma weak PyType_GetName
#pragma weak Py_Version
static inline int py_has_stable_abi(void) { return &Py_Version != NULL; } /* since 3.11 */

/* Whether this is the process's first thread: Python's main thread, where Python was started as usual. (Swift's Glibc module has no gettid.) */
static inline int is_first_thread(void) { return syscall(SYS_gettid) == getpid(); }

/* Borrowed singletons and exception classes: globals that Swift takes for mutable. */
static inline PyObject *_Nonnull py_none(void) { return Py_None; }
static inline PyObject *_Nonnull py_true(void) { return Py_True; }
static inline PyObject *_Nonnull py_false(void) { return Py_False; }
static inline PyObject *_Nonnull py_type_error(void) { return PyExc_TypeError; }
static inline PyObject *_Nonnull py_value_error(void) { return PyExc_ValueError; }
static inline PyObject *_Nonnull py_os_error(void) { return PyExc_OSError; }
static inline PyObject *_Nonnull py_timeout_error(void) { return PyExc_TimeoutError; }
static inline PyObject *_Nonnull py_eof_error(void) { return PyExc_EOFError; }
static inline PyObject *_Nonnull py_unicode_error(void) { return PyExc_UnicodeError; }
static inline PyObject *_Nonnull py_runtime_error(void) { return PyExc_RuntimeError; }
static inline PyObject *_Nonnull py_memory_error(void) { return PyExc_MemoryError; }
static inline PyObject *_Nonnull py_exception(void) { return PyExc_Exception; }
static inline PyObject *_Nonnull py_import_error(void) { return PyExc_ImportError; }
static inline PyObject *_Nonnull py_key_error(void) { return PyExc_KeyError; }
static inline PyObject *_Nonnull py_attribute_error(void) { return PyExc_AttributeError; }
static inline PyObject *_Nonnull py_system_exit(void) { return PyExc_SystemExit; }
static inline PyObject *_Nonnull py_str_type(void) { return (PyObject *)&PyUnicode_Type; }
static inline PyObject *_Nonnull py_type_type(void) { return (PyObject *)&PyType_Type; }

/* Type checks: macros. */
static inline int py_is_str(PyObject *_Nonnull o) { return PyUnicode_Check(o); }
static inline int py_is_bytes(PyObject *_Nonnull o) { return PyBytes_Check(o); }
static inline int py_is_int(PyObject *_Nonnull o) { return PyLong_Check(o); }
static inline int py_is_list(PyObject *_Nonnull o) { return PyList_Check(o); }
static inline int py_is_dict(PyObject *_Nonnull o) { return PyDict_Check(o); }
static inline int py_is_set(PyObject *_Nonnull o) { return PyAnySet_Check(o); } /* or a frozenset */
static inline int py_is_tuple(PyObject *_Nonnull o) { return PyTuple_Check(o); }
static inline int py_is_builtin_function(PyObject *_Nonnull o) { return PyCFunction_Check(o); }
static inline int py_is_exact_str(PyObject *_Nonnull o) { return Py_IS_TYPE(o, &PyUnicode_Type); }
/* A bool is one, for its class cannot be derived from. */
static inline int py_is_exact_int(PyObject *_Nonnull o) { return PyLong_CheckExact(o) || PyBool_Check(o); }
static inline int py_is_exact_list(PyObject *_Nonnull o) { return PyList_CheckExact(o); }
static inline PyTypeObject *_Nonnull py_type(PyObject *_Nonnull o) { return Py_TYPE(o); }

/* Makes a new str, to which nobody else refers, an instance of a subclass of str that adds nothing to its memory; 0 when it is to be
 * made by the class. That takes two more pieces of memory and a copy for each: with very many lines most of what a line costs. The field
 * is the stable ABI's; that CPython then uses and frees the object as it should is known of the versions up to 3.13. A str of less than
 * two characters may be one that all share: `size` is the text's in UTF-8, of which a character has up to four bytes. */
static inline int py_str_becomes(PyObject *_Nonnull text, Py_ssize_t size, PyObject *_Nonnull type) {
  if (Py_Version >= 0x030E0000 || Py_REFCNT(text) != 1 || (size <= 4 && PyUnicode_GetLength(text) < 2)) return 0;
  Py_INCREF(type);
  Py_SET_TYPE(text, (PyTypeObject *)type);
  return 1;
}

/* A dictionary's number: each change gives it one that no dictionary of this interpreter has had (PEP 509); 0 where there is none. It lies behind the
 * count of the entries. That is not in the stable ABI, but settled: the Pythons that have it, up to 3.12, do not change any more. */
static inline uint64_t py_dict_version(PyObject *_Nonnull dictionary) {
  const struct { PyObject_HEAD Py_ssize_t used; uint64_t version; } *fields = (const void *)dictionary;
  return Py_Version < 0x030D0000 ? fields->version : 0;
}

/* The addresses of the lookup and the setting of attributes that classes have by default. */
static inline void *_Nonnull py_generic_lookup(void) { return (void *)PyObject_GenericGetAttr; }
static inline void *_Nonnull py_generic_setting(void) { return (void *)PyObject_GenericSetAttr; }

/* Calls with up to three arguments; NULL ends them. The functions behind them are variadic. */
static inline PyObject *_Nullable py_call(
    PyObject *_Nonnull callable, PyObject *_Nullable a, PyObject *_Nullable b, PyObject *_Nullable c) {
  return PyObject_CallFunctionObjArgs(callable, a, b, c, NULL);
}
static inline PyObject *_Nullable py_call_method(
    PyObject *_Nonnull self, PyObject *_Nonnull name, PyObject *_Nullable a, PyObject *_Nullable b,
    PyObject *_Nullable c) {
  return PyObject_CallMethodObjArgs(self, name, a, b, c, NULL);
}

/* PySys_Audit: in every CPython since 3.8, in the stable ABI since 3.13 alone, and so looked for by its name; NULL where the interpreter does
 * not show it. It makes a tuple of the arguments only where a hook gets it. `format` is Py_BuildValue's, for the event's name and up to three
 * objects; the function itself has a parameter for the name. Both calls are variadic. */
static inline void *_Nullable py_find_audit(void) { return dlsym(NULL /* RTLD_DEFAULT */, "PySys_Audit"); }
static inline int py_audit(
    void *_Nonnull function, const char *_Nonnull format, const char *_Nonnull event, PyObject *_Nonnull a, PyObject *_Nonnull b,
    PyObject *_Nullable c) {
  return ((int (*)(const char *, const char *, ...))function)(event, format + 1, a, b, c);
}
static inline PyObject *_Nullable py_call_audit(
    PyObject *_Nonnull callable, const char *_Nonnull format, const char *_Nonnull event, PyObject *_Nonnull a,
    PyObject *_Nonnull b, PyObject *_Nullable c) {
  return PyObject_CallFunction(callable, format, event, a, b, c);
}

/* Sets the AttributeError for a name that a module lacks, as Python words it. PyErr_Format is variadic. */
static inline void py_raise_no_attribute(PyObject *_Nonnull module, PyObject *_Nonnull name) {
  PyObject *owner = PyModule_GetNameObject(module);
  if (owner)
    PyErr_Format(PyExc_AttributeError, "module '%U' has no attribute '%U'", owner, name);
  Py_XDECREF(owner);
}

/* Flags: macros with casts. */
static const unsigned int py_type_flags = Py_TPFLAGS_DEFAULT;
static const unsigned int py_base_type_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE;
static const unsigned int py_fixed_base_type_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_IMMUTABLETYPE;
static const unsigned int py_collected_type_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC;
static const unsigned int py_fixed_collected_type_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE;
static const int py_method_flags = METH_METHOD | METH_FASTCALL | METH_KEYWORDS;
static const int py_function_flags = METH_FASTCALL | METH_KEYWORDS;

/* PyModuleDef_HEAD_INIT is a brace initialiser. */
static inline PyModuleDef py_module_def(
    const char *_Nonnull name, const char *_Nonnull doc, Py_ssize_t state_size,
    PyMethodDef *_Nonnull methods, PyModuleDef_Slot *_Nonnull slots, traverseproc _Nonnull traverse,
    inquiry _Nonnull clear, freefunc _Nonnull free) {
  return (PyModuleDef){PyModuleDef_HEAD_INIT, name, doc, state_size, methods, slots, traverse, clear, free};
}

#endif
