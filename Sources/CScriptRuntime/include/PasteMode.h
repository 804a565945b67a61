#pragma once

/// MicroPython's paste mode at the prompt: Ctrl-E on an empty line, then text as it comes, then Ctrl-D.
///
/// For the prompt that reads through GNU readline or libedit; Python 3.13's own prompt has a paste mode on F3. The text is read
/// with `=== ` for its prompt and without completion, and runs as a file does. Ctrl-C drops it. On a line that is not empty
/// Ctrl-E keeps its meaning.
///
/// In C because `PyOS_ReadlineFunctionPointer` is no part of the stable ABI, and readline's functions are found at run time:
/// this program does not link it.

/// Offers the paste mode from the moment on at which the interpreter sets the prompt up. Call it after `script_runtime_start`,
/// with the dictionary that is to hold the function by which the prompt runs pasted text, a `PyObject *`. False with a
/// Python exception set.
_Bool script_prompt_offer_pasting(void *_Nonnull functions);
