#define _GNU_SOURCE
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "Embedding.h"
#include "MemoryLimit.h"

// MARK: Start

static PyStatus pre_initialize(const struct ScriptEmbedding *embedding) {
  PyPreConfig config;
  if (embedding->is_like_python3) {
    PyPreConfig_InitPythonConfig(&config);
  } else {
    PyPreConfig_InitIsolatedConfig(&config);
    // Without it, and without the locale that an isolated interpreter leaves alone, everything would be ASCII.
    config.utf8_mode = 1;
  }
  config.parse_argv = 0;
  if (embedding->plain_memory)
    config.allocator = PYMEM_ALLOCATOR_MALLOC;
  return Py_PreInitialize(&config);
}

static PyStatus configure(PyConfig *config, const struct ScriptEmbedding *embedding) {
  if (embedding->is_like_python3)
    PyConfig_InitPythonConfig(config);
  else
    PyConfig_InitIsolatedConfig(config);
  config->parse_argv = 0;
  config->install_signal_handlers = embedding->handles_signals;
  config->site_import = embedding->imports_site;
  PyStatus status = PyStatus_Ok();
  if (embedding->program)
    status = PyConfig_SetBytesString(config, &config->program_name, embedding->program);
  if (!PyStatus_Exception(status) && embedding->program)
    status = PyConfig_SetBytesString(config, &config->executable, embedding->program);
  for (size_t index = 0; index < embedding->argument_count && !PyStatus_Exception(status); index++) {
    wchar_t *word = Py_DecodeLocale(embedding->arguments[index], NULL);
    status = word ? PyWideStringList_Append(&config->argv, word) : PyStatus_NoMemory();
    PyMem_RawFree(word);
  }
  return status;
}

const char *script_embedding_start(const struct ScriptEmbedding *embedding) {
  static char reason[256];
  PyConfig config = {0};
  PyStatus status = pre_initialize(embedding);
  if (!PyStatus_Exception(status) && embedding->plain_memory && !script_memory_count())
    status = PyStatus_NoMemory();
  if (!PyStatus_Exception(status)) {
    status = configure(&config, embedding);
    if (!PyStatus_Exception(status))
      status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
  }
  if (!PyStatus_Exception(status))
    return NULL;
  const char *said = PyStatus_IsError(status) && status.err_msg ? status.err_msg : "it ends at once";
  snprintf(reason, sizeof reason, "%s", said);
  return reason;
}

// MARK: Threads

bool script_embedding_is_attached(void) {
#if PY_VERSION_HEX >= 0x030D0000
  return PyThreadState_GetUnchecked() != NULL;
#else
  // Up to 3.11 the first is the state of whatever thread holds the interpreter.
  PyThreadState *state = _PyThreadState_UncheckedGet();
  return state && state == PyGILState_GetThisThreadState();
#endif
}

size_t script_embedding_other_threads(int *threads, size_t capacity) {
  PyThreadState *own = PyThreadState_Get();
  size_t count = 0;
  for (PyThreadState *state = PyInterpreterState_ThreadHead(own->interp); state; state = PyThreadState_Next(state)) {
    if (state == own)
      continue;
    // One that has not begun has none, or (up to 3.11) that of the thread which has started it: of this one, as far as can be told.
    if (count < capacity)
      threads[count] = state->native_thread_id == own->native_thread_id ? 0 : (int)state->native_thread_id;
    count++;
  }
  return count;
}

size_t script_embedding_exit_threads(void) {
  PyThreadState *own = PyThreadState_Get();
  size_t count = 0;
  for (PyThreadState *state = PyInterpreterState_ThreadHead(own->interp); state; state = PyThreadState_Next(state)) {
    // One that has not begun still has the identity of the thread that started it.
    if (state != own && state->thread_id != own->thread_id)
      PyThreadState_SetAsyncExc(state->thread_id, PyExc_SystemExit);
    count += state != own;
  }
  return count;
}

static void do_nothing(int unused) { (void)unused; }

void script_embedding_ignore_signal(void) {
  // Without SA_RESTART: the call that it comes into ends.
  struct sigaction action = {.sa_handler = do_nothing};
  sigemptyset(&action.sa_mask);
  sigaction(SIGRTMAX, &action, NULL);
}

bool script_embedding_wake_thread(int thread) {
  return syscall(SYS_tgkill, getpid(), thread, SIGRTMAX) == 0 || (errno != ESRCH && errno != EINVAL);
}

// MARK: Stopping

static PyObject *stop_class;

void script_embedding_set_stop_class(void *exception_class) { stop_class = exception_class; }

static int stop(PyObject *unused, PyFrameObject *frame, int event, PyObject *argument) {
  if (event != PyTrace_LINE || !stop_class)
    return 0;
  PyErr_SetNone(stop_class);
  return -1;
}

void script_embedding_set_stopping(bool stops) { PyEval_SetTrace(stops ? stop : NULL, NULL); }

int script_embedding_signal(void) {
  // The last of the real-time signals: no library is known to use it, and its default would end the process.
  return SIGRTMAX;
}

void script_embedding_unblock_signal(void) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGRTMAX);
  pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}

static timer_t timer;
static bool has_timer;
static pid_t timer_process;

bool script_embedding_make_timer(void) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMAX};
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif
  // Worker threads of many libraries block all signals, and so do the threads and processes that those start.
  script_embedding_unblock_signal();
  event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
  timer_process = getpid();
  has_timer = timer_create(CLOCK_MONOTONIC, &event, &timer) == 0;
  return has_timer;
}

/// A fork's child has no timers of its parent's.
static bool owns_timer(void) { return has_timer && timer_process == getpid(); }

void script_embedding_delete_timer(void) {
  if (owns_timer())
    timer_delete(timer);
  has_timer = false;
}

static struct timespec time_of(long long nanoseconds) {
  return (struct timespec){.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
}

bool script_embedding_start_timer(long long nanoseconds, long long interval) {
  struct itimerspec times = {.it_value = time_of(nanoseconds > 0 ? nanoseconds : 1), .it_interval = time_of(interval)};
  return owns_timer() && timer_settime(timer, 0, &times, NULL) == 0;
}

void script_embedding_stop_timer(void) {
  struct itimerspec none = {0};
  if (owns_timer())
    timer_settime(timer, 0, &none, NULL);
}
