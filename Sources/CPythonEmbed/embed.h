// Empty on purpose: this module only links libpython, for programs that host the interpreter.
// The declarations come from CPython (stable ABI) and from CScriptRuntime (the rest).
