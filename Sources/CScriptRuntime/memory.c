#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#ifdef __APPLE__
#include <malloc/malloc.h>
#define malloc_usable_size malloc_size
#else
#include <malloc.h>
#endif

#include "MemoryLimit.h"

/// A request of this size or more is refused when it does not even fit into the margin. Those come from the growth of lists, dicts,
/// strings and buffers, whose code is prepared for it. CPython 3.12 and later end up with broken objects after some hundred
/// refusals of smaller ones.
static const size_t large = 4096;

/// The compiler takes its memory in blocks of this size (3.11) or of 256 KiB. Smaller ones that come while it works may stay, as code.
static const size_t compiler_block = 8192;

/// The least that may be taken beyond the limit until the next instruction.
static const ptrdiff_t smallest_margin = 16 * 1024;

/// Beyond this many times the limit, and `last_resort` bytes, even small requests are refused: only a thread comes there that
/// catches one MemoryError after another and goes on.
static const size_t last_resort_factor = 2;
static const size_t last_resort = 1 << 20;

/// What a MemoryError takes at most. Up to 3.11 Python raises the next one for the want of it, and so on until it runs out of stack
/// and ends the process: one is granted after a refusal, for as long as that makes no more than another `last_resort`.
static const size_t largest_error = 128;

/// What a handler of MemoryError may take at least before the next is raised.
static const ptrdiff_t smallest_step = 1024;

/// A request of this size or less is never refused. An int is one, and 3.11 makes one on an exception's way to its handler: when it gets none
/// it tries again, for ever. What holds others takes more.
static const size_t smallest = 32;

/// What the compiler may take in another thread, and how many times the source's size.
static const ptrdiff_t compiler_allowance = 1 << 20;
static const ptrdiff_t compiler_factor = 64;

/// What another thread may take beyond the limit before MemoryError is raised in it. `threading` waits for ever for a thread whose
/// first steps fail, and those take some 16 KiB for frames and a few more.
static const ptrdiff_t thread_allowance = 48 * 1024;

/// What the description of an exception may take: its text, its traceback and those of its causes.
static const ptrdiff_t description_allowance = 4 << 20;

enum Phase {
  /// No limit yet.
  starting,
  /// The limit applies from the next code on.
  armed,
  /// The limit applies.
  running,
  /// No limit any more.
  ended,
};

static PyMemAllocatorEx mem_domain, object_domain;
static PyObjectArenaAllocator arenas;

static atomic_ptrdiff_t counted;
static ptrdiff_t base;
static size_t limit;
static enum Phase phase;
/// Whether the limit is to apply when the command line's code begins.
static bool awaits_command;
static int suspended;
/// How many descriptions are being made, and what may be used meanwhile; 0 where none is.
static int descriptions;
static ptrdiff_t description_end;
static pthread_t main_thread;

/// The main thread is refused nothing until its next instruction.
static bool compiling;
/// Nor until other code begins: it prints an exception.
static bool reporting;
/// Nor until the prompt's first line: the prompt loads what it needs itself, which is no use of the script's.
static bool prompting;
/// What the main thread has taken since then.
static ptrdiff_t of_prompt;
/// What this thread may take beyond the limit until other code begins in it, when it is not the main thread.
static _Thread_local ptrdiff_t granted;

/// How much was used when MemoryError was asked for last; 0 when all that is used fits.
static ptrdiff_t raised_at;
/// Whether MemoryError is to be raised in the main thread.
static bool raises;
/// MemoryError was raised: what its traceback takes on the way to a handler, a frame for each call, is no growth of the script's.
static bool unwinds;
/// What this thread has taken beyond the limit since MemoryError was raised in it, when it is not the main thread.
static _Thread_local ptrdiff_t overdrawn;
/// This thread was refused something, and may need a MemoryError to say so.
static _Thread_local bool needs_error;
/// How much was used when garbage was collected last; 0 when it is time.
static ptrdiff_t collected_at;
/// MemoryError has been raised, and what it kept alive may be garbage by now.
static bool recovers;
/// How many times a collection is left out because the last ones freed little, and how many have been.
struct Patience {
  unsigned pauses, skipped;
};
/// A call of `tend` is on its way.
static atomic_bool tending;

static bool on_main_thread(void) { return pthread_equal(pthread_self(), main_thread); }

static ptrdiff_t used(void) { return atomic_load_explicit(&counted, memory_order_relaxed) - base - of_prompt; }

static bool applies(void) {
  return phase == running && limit && !suspended && !((compiling || reporting || prompting) && on_main_thread());
}

// MARK: Between two instructions

static bool ask_to_tend(void);

/// How much more than the limit may be taken until the next instruction: an eighth of it, and at least `smallest_margin`.
static ptrdiff_t margin(void) {
  ptrdiff_t eighth = (ptrdiff_t)limit / 8;
  return eighth > smallest_margin ? eighth : smallest_margin;
}

/// Collects garbage, and less and less often while that frees little.
static void collect(struct Patience *patience) {
  if (patience->skipped++ < patience->pauses)
    return;
  patience->skipped = 0;
  ptrdiff_t before = collected_at = used();
  PyGC_Collect();
  if (used() < before - (ptrdiff_t)limit / 16)
    patience->pauses = 0;
  else if (patience->pauses < 1024)
    patience->pauses = patience->pauses * 2 + 1;
}

/// Whether the main thread is in a handler of MemoryError.
static bool handles_memory_error(void) {
  PyObject *exception = PyErr_GetHandledException();
  bool is_memory_error = exception && PyErr_GivenExceptionMatches(exception, PyExc_MemoryError);
  Py_XDECREF(exception);
  return is_memory_error;
}

/// Collects garbage when it gets tight, and after a MemoryError when its handler is done: what the exception kept alive goes then, and
/// partly into Python's lists of spare objects (2000 tuples of each length), which a collection empties.
static void tidy(void) {
  static struct Patience before, after;
  if (used() <= (ptrdiff_t)limit - (ptrdiff_t)limit / 8)
    recovers = false;
  else if (recovers && handles_memory_error())
    ask_to_tend();
  else if (recovers) {
    recovers = false;
    collect(&after);
  } else if (!collected_at)
    collect(&before);
}

/// What the limit asks for at a moment when the interpreter can bear it: a pending call of the main thread.
static int tend(void *unused) {
  atomic_store(&tending, false);
  compiling = false;
  if (phase == armed)
    script_memory_begin();
  if (!applies())
    return 0;
  tidy();
  if (!raises)
    return 0;
  raises = false;
  if (used() <= (ptrdiff_t)limit)
    return 0;
  if (unwinds) {
    unwinds = false;
    raised_at = used();
    return 0;
  }
  unwinds = true;
  recovers = true;
  ask_to_tend();
  PyErr_NoMemory();
  return -1;
}

/// Asks for `tend` at the main thread's next instruction; false when that cannot be had.
static bool ask_to_tend(void) {
  if (atomic_exchange(&tending, true))
    return true;
  if (Py_AddPendingCall(tend, NULL) == 0)
    return true;
  atomic_store(&tending, false);
  return false;
}

// MARK: Requests

/// Says that a small request for `more` bytes was granted beyond the limit: all that is used is `total`.
static void overdraw(ptrdiff_t total, ptrdiff_t more) {
  if (on_main_thread()) {
    ptrdiff_t part = (ptrdiff_t)limit / 32;
    if (raised_at && total <= raised_at + (part > smallest_step ? part : smallest_step))
      return;
    raised_at = total;
    raises = true;
    ask_to_tend();
  } else if ((overdrawn += more) > thread_allowance) {
    overdrawn = 0;
    PyThreadState_SetAsyncExc(PyThread_get_thread_ident(), PyExc_MemoryError);
  }
}

/// Whether a block may grow from `before` to `after` bytes; 0 is no block. `spares` says that a refusal would do harm.
static bool admits(size_t before, size_t after, bool spares) {
  if (after <= before || after <= smallest || !applies())
    return true;
  ptrdiff_t most = (ptrdiff_t)limit > description_end ? (ptrdiff_t)limit : description_end;
  if (after > PY_SSIZE_T_MAX / 2)
    return false;
  ptrdiff_t total = used() + (ptrdiff_t)(after - before);
  if (granted && total <= most + granted)
    return true;
  if (total > most - most / 8) {
    // Garbage in cycles is nobody's use of memory. One collection each time that it gets tight, and each time after growth.
    if (collected_at && total > collected_at + most / 16)
      collected_at = 0;
    if (!collected_at && on_main_thread())
      ask_to_tend();
  } else {
    collected_at = 0;
  }
  if (total <= most) {
    // Not at once: an exception's way to its handler frees frames and takes tracebacks.
    if (total <= most - 2 * margin()) {
      raised_at = 0;
      unwinds = false;
    }
    return true;
  }
  if (after >= large && on_main_thread()) {
    collected_at = 0;
    ask_to_tend();
  }
  ptrdiff_t end =
      most + (after >= large ? margin() : most * (ptrdiff_t)(last_resort_factor - 1) + (ptrdiff_t)last_resort);
  if (total > end && needs_error && after <= largest_error && total <= end + (ptrdiff_t)last_resort) {
    needs_error = false;
    return true;
  }
  if (total > end && !spares) {
    needs_error = true;
    if (on_main_thread()) {
      // The refusal raises MemoryError: it is not raised a second time for what came before.
      recovers = unwinds = true;
      raises = false;
      raised_at = used() > most ? used() : most;
    }
    return false;
  }
  overdraw(total, (ptrdiff_t)(after - before));
  return true;
}

static void count(ptrdiff_t bytes) {
  atomic_fetch_add_explicit(&counted, bytes, memory_order_relaxed);
  if (prompting && on_main_thread())
    of_prompt += bytes;
}

/// The compiler's blocks that live: they do not count. `exec` of a string keeps them until the code has run.
static void *compilers[512];
static int compiler_blocks;

/// Finds a place in that list; NULL finds an empty one.
static void **compilers_place(void *block) {
  for (size_t i = 0; i < sizeof compilers / sizeof *compilers; i++)
    if (compilers[i] == block)
      return &compilers[i];
  return NULL;
}

/// What a new block counts.
static ptrdiff_t weigh(void *block) {
  if (!block)
    return 0;
  size_t size = malloc_usable_size(block);
  void **place = size >= compiler_block && compiling && on_main_thread() ? compilers_place(NULL) : NULL;
  if (!place)
    return (ptrdiff_t)size;
  *place = block;
  compiler_blocks++;
  return 0;
}

/// What a block counted that goes.
static ptrdiff_t forget(void *block) {
  if (!block)
    return 0;
  size_t size = malloc_usable_size(block);
  void **place = compiler_blocks && size >= compiler_block ? compilers_place(block) : NULL;
  if (!place)
    return (ptrdiff_t)size;
  *place = NULL;
  compiler_blocks--;
  return 0;
}

static void *allocate(void *domain, size_t size) {
  PyMemAllocatorEx *next = domain;
  void *block = admits(0, size, false) ? next->malloc(next->ctx, size) : NULL;
  count(weigh(block));
  return block;
}

static void *allocate_zeroed(void *domain, size_t items, size_t size) {
  PyMemAllocatorEx *next = domain;
  size_t total;
  if (__builtin_mul_overflow(items, size, &total))
    return NULL;
  void *block = admits(0, total, false) ? next->calloc(next->ctx, items, size) : NULL;
  count(weigh(block));
  return block;
}

static void *reallocate(void *domain, void *block, size_t size) {
  PyMemAllocatorEx *next = domain;
  if (!admits(block ? malloc_usable_size(block) : 0, size, false))
    return NULL;
  ptrdiff_t before = forget(block);
  void *moved = next->realloc(next->ctx, block, size);
  count(weigh(moved ? moved : block) - before);
  return moved;
}

static void release(void *domain, void *block) {
  PyMemAllocatorEx *next = domain;
  count(-forget(block));
  next->free(next->ctx, block);
}

/// The frames of Python functions lie in these: without the pool for small objects nothing else does. CPython 3.11 raises
/// SystemError when it gets none.
static void *allocate_arena(void *unused, size_t size) {
  void *arena = admits(0, size, true) ? arenas.alloc(arenas.ctx, size) : NULL;
  if (arena)
    count((ptrdiff_t)size);
  return arena;
}

static void release_arena(void *unused, void *arena, size_t size) {
  count(-(ptrdiff_t)size);
  arenas.free(arenas.ctx, arena, size);
}

// MARK: When the limit applies

/// Whether the code that the command line names comes next.
static bool begins_command(const char *event) {
  static const char *const events[] = {
      "cpython.run_command", "cpython.run_file", "cpython.run_module", "cpython.run_stdin"};
  for (size_t i = 0; i < sizeof events / sizeof *events; i++)
    if (strcmp(event, events[i]) == 0)
      return true;
  return false;
}

/// Whether the prompt's lines are compiled, `arguments` being the source and the file's name.
static bool begins_prompt(PyObject *arguments) {
  PyObject *name = PyTuple_Check(arguments) && PyTuple_GET_SIZE(arguments) == 2 ? PyTuple_GET_ITEM(arguments, 1) : NULL;
  return name && PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, "<stdin>") == 0;
}

/// The size of what the compiler is about to read; 0 where it is not known.
static ptrdiff_t source_size(PyObject *arguments) {
  PyObject *source = PyTuple_Check(arguments) && PyTuple_GET_SIZE(arguments) > 0 ? PyTuple_GET_ITEM(arguments, 0) : NULL;
  if (source && PyBytes_Check(source))
    return PyBytes_GET_SIZE(source);
  return source && PyUnicode_Check(source) ? PyUnicode_GET_LENGTH(source) : 0;
}

/// Lets this thread take what the interpreter's next piece of work may need, the compiler's for a source of this size. In the main thread
/// `tend` ends that.
static void spare(ptrdiff_t source) {
  if (!on_main_thread())
    granted = compiler_allowance + (source < PTRDIFF_MAX / (2 * compiler_factor) ? source * compiler_factor : 0);
  else if (phase != starting && ask_to_tend())
    compiling = true;
}

/// Follows what the interpreter is about to do.
static int follow(const char *event, PyObject *arguments, void *unused) {
  if (strcmp(event, "compile") == 0) {
    if (prompting && begins_prompt(arguments)) {
      prompting = false;
      base += of_prompt;
      of_prompt = 0;
    }
    // The compiler must not fail for its own blocks' sake.
    spare(source_size(arguments));
  } else if (strcmp(event, "exec") == 0) {
    granted = 0;
    if (on_main_thread() && reporting) {
      reporting = unwinds = false;
      raised_at = raised_at ? used() : 0;
    }
    if (phase == armed)
      ask_to_tend();
  } else if (strcmp(event, "sys.excepthook") == 0) {
    reporting = reporting || on_main_thread();
  } else if (strcmp(event, "cpython.run_interactivehook") == 0) {
    prompting = on_main_thread() && phase == running;
  } else if (strcmp(event, "sys._current_frames") == 0 || strcmp(event, "sys._current_exceptions") == 0) {
    // They allocate under a lock that PyThreadState_SetAsyncExc takes.
    spare(0);
  } else if (awaits_command && phase == starting && begins_command(event)) {
    phase = armed;
  }
  return 0;
}

static void become_main_thread(void) { main_thread = pthread_self(); }

bool script_memory_count(void) {
  static bool follows_forks;
  if (PySys_AddAuditHook(follow, NULL))
    return false;
  become_main_thread();
  if (!follows_forks)
    pthread_atfork(NULL, NULL, become_main_thread);
  follows_forks = true;
  phase = starting;
  suspended = descriptions = 0;
  description_end = 0;
  prompting = compiling = reporting = raises = unwinds = recovers = false;
  // What the last interpreter was asked to do went with it.
  atomic_store(&tending, false);
  of_prompt = 0;

  // A second start of Python sets its allocators anew, but not that of its arenas.
  PyMemAllocatorEx counting = {&mem_domain, allocate, allocate_zeroed, reallocate, release};
  PyMem_GetAllocator(PYMEM_DOMAIN_MEM, &mem_domain);
  PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &counting);
  PyMem_GetAllocator(PYMEM_DOMAIN_OBJ, &object_domain);
  counting.ctx = &object_domain;
  PyMem_SetAllocator(PYMEM_DOMAIN_OBJ, &counting);
  if (!arenas.alloc) {
    PyObject_GetArenaAllocator(&arenas);
    PyObject_SetArenaAllocator(&(PyObjectArenaAllocator){NULL, allocate_arena, release_arena});
  }
  return true;
}

bool script_memory_prepare(int argc, char **argv) {
  PyPreConfig config;
  PyPreConfig_InitPythonConfig(&config);
  config.allocator = PYMEM_ALLOCATOR_MALLOC;
  PyStatus status = Py_PreInitializeFromBytesArgs(&config, argc, argv);
  if (!PyStatus_Exception(status) && !script_memory_count())
    status = PyStatus_NoMemory();
  if (PyStatus_Exception(status)) {
    fprintf(stderr, "ftpy: %s\n", status.err_msg ? status.err_msg : "Python cannot start");
    return false;
  }
  return true;
}

void script_memory_set_limit(size_t bytes) {
  limit = bytes > PTRDIFF_MAX / 4 ? PTRDIFF_MAX / 4 : bytes;
  raised_at = collected_at = 0;
}

size_t script_memory_limit(void) { return limit; }

size_t script_memory_used(void) {
  ptrdiff_t bytes = phase == running || phase == ended ? used() : 0;
  return bytes > 0 ? (size_t)bytes : 0;
}

void script_memory_begin(void) {
  // What is garbage now must not be the script's gain when it goes.
  PyGC_Collect();
  base = atomic_load_explicit(&counted, memory_order_relaxed);
  raised_at = collected_at = 0;
  raises = unwinds = false;
  phase = running;
}

void script_memory_begin_with_command(void) { awaits_command = true; }

void script_memory_begin_if_armed(void) {
  if (phase == armed)
    script_memory_begin();
}

void script_memory_suspend(void) { suspended++; }

void script_memory_resume(void) { suspended -= suspended > 0; }

void script_memory_begin_description(void) {
  if (descriptions++)
    return;
  ptrdiff_t most = used() > (ptrdiff_t)limit ? used() : (ptrdiff_t)limit;
  description_end = most + description_allowance;
}

void script_memory_end_description(void) {
  if (descriptions > 0 && !--descriptions)
    description_end = 0;
}

void script_memory_end(void) { phase = ended; }
