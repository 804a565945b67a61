#pragma once

#include <stdbool.h>
#include <stddef.h>

/// How much memory a script may use: `MemoryError` beyond a limit, and the interpreter lives on.
///
/// What counts is what Python's objects take (its MEM and OBJ domains, and the frames of functions), above what they took when
/// `script_memory_begin` was called. Memory that C libraries take themselves (zlib, OpenSSL) and threads' stacks do not count.
///
/// A request of 4 KiB or more is refused when it would go beyond the limit by more than an eighth (or 16 KiB, whichever is more).
/// Any other is granted, for CPython does not survive the refusal of just any small request; then `MemoryError` is raised in the thread that asked, between two of its instructions: in the main thread
/// at the limit and at every 32nd part of it that is taken beyond, so that a handler has room to work in; in another after each
/// 48 KiB that it takes beyond. A script that catches all of them and grows on is refused everything at twice the limit and a MiB, but for the MemoryErrors that say so.
/// Before all that, garbage is collected where `gc.enable` allows it.
///
/// Nothing is refused while the interpreter starts and ends, while the main thread compiles, and while an exception that nobody
/// caught is printed.
///
/// In C because `PyMemAllocatorEx`, `PyPreConfig` and audit hooks are no part of the stable ABI. Unless something else is said
/// a function is called on the main thread, which holds the interpreter.

/// Makes Python take its memory through counters, from its start on. Call it before `script_runtime_start`, with the same
/// arguments. False, with a message on standard error, when this process cannot start Python at all.
///
/// Python's own pool for small objects is put aside: each block is one of `malloc`, whose size is known exactly.
bool script_memory_prepare(int argc, char *_Nullable *_Nonnull argv);

/// Does the same for a Python that has been pre-initialised, with `malloc` for its allocator, and not started. False when there is no
/// memory.
bool script_memory_count(void);

/// Sets the limit in bytes; 0 is none. What is used already stays.
void script_memory_set_limit(size_t bytes);

/// The limit in bytes; 0 is none.
size_t script_memory_limit(void);

/// Bytes used above what was used at `script_memory_begin`; 0 before it. Any thread.
size_t script_memory_used(void);

/// Counts from here, and applies the limit from here on.
void script_memory_begin(void);

/// Does the same when the code begins to run that Python's command line names.
void script_memory_begin_with_command(void);

/// Does the same now, where that code is about to run and does not say so itself: compiled code in a file.
void script_memory_begin_if_armed(void);

/// Opens a section in which nothing is refused. Sections nest.
void script_memory_suspend(void);

/// Closes the section.
void script_memory_resume(void);

/// Opens a section in which somewhat more may be used than is used now, and than the limit: an exception is described, with what its class says of
/// itself. Sections nest.
void script_memory_begin_description(void);

/// Closes the section.
void script_memory_end_description(void);

/// Ends the limit for good: what comes now is clean-up.
void script_memory_end(void);
