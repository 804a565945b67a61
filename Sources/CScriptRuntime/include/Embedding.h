#pragma once

#include <stdbool.h>
#include <stddef.h>

/// An interpreter inside a program that is no `python3`: what its configuration, its threads and its end need of the full API.

/// How `script_embedding_start` starts the interpreter. All text is the system's, NUL-terminated; NULL stands for "not given".
struct ScriptEmbedding {
  /// Read Python's environment variables and the user's site-packages as `python3` does; otherwise nothing from outside.
  bool is_like_python3;
  /// Let Python handle SIGINT, and ignore SIGPIPE.
  bool handles_signals;
  /// Import `site`, which puts site-packages on `sys.path`.
  bool imports_site;
  /// Take all memory from `malloc`, so that it can be counted.
  bool plain_memory;
  /// Where Python looks for its standard library and its virtual environment from: `VENV/bin/python`, or this program.
  const char *_Nullable program;
  /// `sys.argv`.
  const char *_Nonnull const *_Nonnull arguments;
  size_t argument_count;
};

/// Starts the interpreter; the calling thread is its main thread from here on and holds it. NULL, or the reason why it cannot start,
/// which lives until the next call.
///
/// UTF-8 is the encoding of files' names and of the standard streams where `is_like_python3` is false: there Python would take ASCII.
///
/// In C because `PyConfig` is no part of the stable ABI.
const char *_Nullable script_embedding_start(const struct ScriptEmbedding *_Nonnull embedding);

/// Whether the calling thread holds the interpreter. Any thread, while the interpreter runs.
///
/// In C because the stable ABI has no question that a thread without the interpreter may ask.
bool script_embedding_is_attached(void);

/// The system's numbers of the threads that have a state in the interpreter, but for the calling one: at most `capacity` of them; 0 is of one that has not
/// begun. How many there are. Attached.
///
/// In C because the states are no part of the stable ABI.
size_t script_embedding_other_threads(int *_Nullable threads, size_t capacity);

/// Has each of these threads raise `SystemExit` at its next instruction. How many there are. Attached.
///
/// In C because the states are no part of the stable ABI.
size_t script_embedding_exit_threads(void);

/// Makes the signal of `script_embedding_signal` one that wakes the thread that it comes to and does nothing else.
void script_embedding_ignore_signal(void);

/// Sends that signal to a thread of this process, by the system's number. False when it has ended.
bool script_embedding_wake_thread(int thread);

/// Makes every line that the calling thread runs from now on raise the class of `script_embedding_set_stop_class`, until it is called
/// with false. Attached.
///
/// In C because `PyEval_SetTrace` is no part of the stable ABI.
void script_embedding_set_stopping(bool stops);

/// What a stopping line raises: an exception class, borrowed, as `PyObject *`; it must outlive the interpreter's use.
void script_embedding_set_stop_class(void *_Nullable exception_class);

/// A signal that programs have no use for: it wakes the main thread from calls that wait.
int script_embedding_signal(void);

/// Lets the calling thread have that signal, where somebody has blocked it.
void script_embedding_unblock_signal(void);

/// Makes the process's timer, which sends that signal to the calling thread, and lets that thread have it. False, with `errno`, when there is none to be had.
///
/// In C because the thread's number in `struct sigevent` has no name in Swift.
bool script_embedding_make_timer(void);

/// Deletes it.
void script_embedding_delete_timer(void);

/// Has the timer send its signal after `nanoseconds`, and then every `interval` nanoseconds. Any thread; false when it cannot, as in
/// a fork's child.
bool script_embedding_start_timer(long long nanoseconds, long long interval);

/// Stops the timer. Any thread.
void script_embedding_stop_timer(void);
