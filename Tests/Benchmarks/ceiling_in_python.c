/* The least that a client of FTP can do within Python: ceiling.c's system calls behind the methods of a class, and what every script can see of a
 * session: the reply as text, `lastresp`, `welcome`, `host`, `port`, `af` and a socket of Python's own as `sock`, the events for an audit hook; other
 * threads run while it waits. It looks for no replaced method, reads no attribute, and like the program ends Python when anything is odd.
 *
 * What its operations are, and how they are called, says client.py; there are connect, login, quit, voidcmd, pwd, nlst, dir with the `append` of a list,
 * retrbinary and storbinary, and FTP_TLS with files' `write` and files. Over TLS it makes no more calls than the program, and files are deciphered into
 * and enciphered from their descriptors. */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>
#include <stddef.h>
#include <structmember.h>

#define main program
#include "ceiling.c"
#undef main

PyAPI_FUNC(int) PySys_Audit(const char *event, const char *format, ...); /* not declared for the stable ABI before 3.13 */

struct ftp {
  PyObject ob_base;
  PyObject *attributes;
  struct session session;
};

static PyObject *socket_class;

static struct session *session_of(PyObject *self) { return &((struct ftp *)self)->session; }

static void must(int is_well) {
  if (is_well) return;
  PyErr_Print();
  exit(1);
}

/* Sets an attribute to an object that nobody else has. */
static void set(PyObject *self, const char *name, PyObject *value) {
  must(value && PyObject_SetAttrString(self, name, value) == 0);
  Py_DecRef(value);
}

/* The next reply as a script gets it. */
static PyObject *reply(PyObject *self, char digit) {
  struct session *s = session_of(self);
  Py_BEGIN_ALLOW_THREADS
  expect(s, digit);
  Py_END_ALLOW_THREADS
  size_t size = strcspn(s->reply, "\r\n");
  PyObject *text = PyUnicode_DecodeUTF8(s->reply, (Py_ssize_t)size, "strict");
  must(text && PyObject_SetAttrString(self, "lastresp", text) == 0);
  return text;
}

static PyObject *command(PyObject *self, char digit, const char *verb, const char *argument) {
  must(PySys_Audit("ftplib.sendcmd", "Os", self, verb) == 0);
  Py_BEGIN_ALLOW_THREADS
  say(session_of(self), "%s%s%s\r\n", verb, *argument ? " " : "", argument);
  Py_END_ALLOW_THREADS
  return reply(self, digit);
}

static const char *utf8(PyObject *text) {
  const char *bytes = PyUnicode_AsUTF8AndSize(text, NULL);
  must(bytes != NULL);
  return bytes;
}

static PyObject *connect_method(PyObject *self, PyObject *arguments) {
  struct session *s = session_of(self);
  must(PyArg_ParseTuple(arguments, "si", &host, &port));
  must(PySys_Audit("ftplib.connect", "Osi", self, host, port) == 0);
  PyObject *sock = PyObject_CallFunction(socket_class, "ii", AF_INET, SOCK_STREAM);
  int fd = sock ? PyObject_AsFileDescriptor(sock) : -1;
  must(fd >= 0);
  Py_BEGIN_ALLOW_THREADS
  connect_session(s, fd);
  Py_END_ALLOW_THREADS
  set(self, "host", PyUnicode_FromString(host));
  set(self, "port", PyLong_FromLong(port));
  set(self, "sock", sock);
  set(self, "af", PyLong_FromLong(AF_INET));
  PyObject *welcome = PyUnicode_DecodeUTF8(s->reply, (Py_ssize_t)strcspn(s->reply, "\r\n"), "strict");
  must(welcome && PyObject_SetAttrString(self, "welcome", welcome) == 0);
  return welcome;
}

static PyObject *login_method(PyObject *self, PyObject *arguments) {
  must(PyArg_ParseTuple(arguments, "ss", &user, &password));
  if (context) {
    Py_DecRef(command(self, '2', "AUTH", "TLS"));
    Py_BEGIN_ALLOW_THREADS
    session_of(self)->tls = secure(session_of(self)->control, NULL);
    Py_END_ALLOW_THREADS
  }
  Py_DecRef(command(self, '3', "USER", user));
  return command(self, '2', "PASS", password);
}

static PyObject *prot_p_method(PyObject *self, PyObject *unused) {
  (void)unused;
  Py_DecRef(command(self, '2', "PBSZ", "0"));
  return command(self, '2', "PROT", "P");
}

static PyObject *quit_method(PyObject *self, PyObject *unused) {
  (void)unused;
  PyObject *farewell = command(self, '2', "QUIT", "");
  PyObject *sock = PyObject_GetAttrString(self, "sock");
  PyObject *none = sock ? PyObject_CallMethod(sock, "close", NULL) : NULL;
  must(none != NULL);
  Py_DecRef(sock);
  set(self, "sock", none);
  return farewell;
}

static PyObject *voidcmd_method(PyObject *self, PyObject *line) { return command(self, '2', utf8(line), ""); }

static PyObject *pwd_method(PyObject *self, PyObject *unused) {
  (void)unused;
  Py_DecRef(command(self, '2', "PWD", ""));
  const char *reply = session_of(self)->reply, *open = strchr(reply, '"'), *close = strrchr(reply, '"');
  if (!open || open == close) fail(reply);
  return PyUnicode_DecodeUTF8(open + 1, close - open - 1, "strict");
}

/* Opens a data connection for a verb and its argument, of a TYPE. */
static int data_of(PyObject *self, const char *which, const char *words) {
  struct session *s = session_of(self);
  static PyObject *session; /* whose TYPE it is: there is one */
  int data;
  if (session != self) Py_DecRef(command(self, '2', "TYPE", which)), session = self;
  must(PySys_Audit("ftplib.sendcmd", "Os", self, "PASV") == 0 && PySys_Audit("ftplib.sendcmd", "Os", self, words) == 0);
  Py_BEGIN_ALLOW_THREADS
  data = data_connection(s, words, "");
  if (is_same) slice(data, SO_RCVTIMEO);
  Py_END_ALLOW_THREADS
  return data;
}

/* The next bytes of a data connection; 0 is its end. */
static ssize_t next_of(int data, char *buffer, size_t room) {
  ssize_t got;
  Py_BEGIN_ALLOW_THREADS
  while ((got = recv(data, buffer, room, 0)) < 0 && errno == EAGAIN) continue;
  Py_END_ALLOW_THREADS
  if (got < 0) fail("recv");
  return got;
}

/* A transfer over TLS to or from the descriptor of a file. */
static PyObject *over_tls(PyObject *self, int data, PyObject *file, void (*transfer)(SSL *, int)) {
  int fd = file ? PyObject_AsFileDescriptor(file) : -1;
  must(fd >= 0);
  Py_BEGIN_ALLOW_THREADS
  SSL *tls = secure(data, session_of(self)->tls);
  transfer(tls, fd), part(tls, data);
  close(data);
  Py_END_ALLOW_THREADS
  return reply(self, '2');
}

static PyObject *retrbinary_method(PyObject *self, PyObject *arguments) {
  PyObject *line, *callback;
  must(PyArg_ParseTuple(arguments, "OO", &line, &callback));
  int data = data_of(self, "I", utf8(line));
  static char buffer[block];
  if (context) {
    PyObject *file = PyObject_GetAttrString(callback, "__self__"), *answer = over_tls(self, data, file, decipher);
    Py_DecRef(file);
    return answer;
  }
  for (ssize_t got; (got = next_of(data, buffer, block)) > 0;) {
    PyObject *bytes = PyBytes_FromStringAndSize(buffer, got), *none = PyObject_CallFunctionObjArgs(callback, bytes, NULL);
    must(bytes && none);
    Py_DecRef(bytes), Py_DecRef(none);
  }
  close(data);
  return reply(self, '2');
}

static PyObject *storbinary_method(PyObject *self, PyObject *arguments) {
  PyObject *line, *file;
  must(PyArg_ParseTuple(arguments, "OO", &line, &file));
  int data = data_of(self, "I", utf8(line));
  if (context) return over_tls(self, data, file, encipher);
  for (Py_ssize_t size = 1; size > 0;) {
    char *bytes;
    PyObject *content = PyObject_CallMethod(file, "read", "i", block);
    must(content && PyBytes_AsStringAndSize(content, &bytes, &size) == 0);
    Py_BEGIN_ALLOW_THREADS
    write_all(data, bytes, size);
    Py_END_ALLOW_THREADS
    Py_DecRef(content);
  }
  close(data);
  return reply(self, '2');
}

/* The lines of a listing, and those of each block as well in a second list unless that is NULL. */
static PyObject *lines_of(PyObject *self, const char *verb, const char *name, PyObject *second) {
  static char buffer[block], words[4096];
  PyObject *lines = PyList_New(0);
  snprintf(words, sizeof words, "%s %s", verb, name);
  int data = data_of(self, "A", words);
  size_t kept = 0;
  for (ssize_t got; (got = next_of(data, buffer + kept, block - kept)) > 0;) {
    char *line = buffer, *end = buffer + kept + got, *next;
    Py_ssize_t before = PyList_Size(lines);
    for (; (next = memchr(line, '\n', (size_t)(end - line))); line = next + 1) {
      PyObject *text = PyUnicode_DecodeUTF8(line, next - line - (next > line && next[-1] == '\r'), "strict");
      must(text && PyList_Append(lines, text) == 0);
      Py_DecRef(text);
    }
    memmove(buffer, line, kept = (size_t)(end - line));
    if (!second) continue;
    PyObject *some = PyList_GetSlice(lines, before, PyList_Size(lines));
    must(some && PyList_SetSlice(second, PyList_Size(second), PyList_Size(second), some) == 0);
    Py_DecRef(some);
  }
  close(data);
  Py_DecRef(reply(self, '2'));
  return lines;
}

static PyObject *nlst_method(PyObject *self, PyObject *name) { return lines_of(self, "NLST", utf8(name), NULL); }

static PyObject *dir_method(PyObject *self, PyObject *arguments) {
  const char *name;
  PyObject *append;
  must(PyArg_ParseTuple(arguments, "sO", &name, &append));
  PyObject *list = PyObject_GetAttrString(append, "__self__"), *lines = lines_of(self, "LIST", name, list);
  Py_DecRef(list);
  return lines;
}

static int init_tls(PyObject *self, PyObject *arguments, PyObject *keywords) {
  (void)self, (void)arguments, (void)keywords;
  is_same = 0;
  use_tls();
  return 0;
}

static PyMethodDef methods[] = {
    {"connect", connect_method, METH_VARARGS, NULL},
    {"login", login_method, METH_VARARGS, NULL},
    {"prot_p", prot_p_method, METH_NOARGS, NULL},
    {"quit", quit_method, METH_NOARGS, NULL},
    {"voidcmd", voidcmd_method, METH_O, NULL},
    {"pwd", pwd_method, METH_NOARGS, NULL},
    {"nlst", nlst_method, METH_O, NULL},
    {"dir", dir_method, METH_VARARGS, NULL},
    {"retrbinary", retrbinary_method, METH_VARARGS, NULL},
    {"storbinary", storbinary_method, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
static PyMemberDef members[] = {{"__dictoffset__", T_PYSSIZET, offsetof(struct ftp, attributes), READONLY, NULL}, {NULL, 0, 0, 0, NULL}};
static PyType_Slot slots[] = {{Py_tp_methods, methods}, {Py_tp_members, members}, {0, NULL}};
static PyType_Slot tls_slots[] = {{Py_tp_methods, methods}, {Py_tp_members, members}, {Py_tp_init, init_tls}, {0, NULL}};
static PyType_Spec type_spec = {"ceiling_in_python.FTP", sizeof(struct ftp), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
static PyType_Spec tls_spec = {"ceiling_in_python.FTP_TLS", sizeof(struct ftp), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, tls_slots};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "ceiling_in_python", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_ceiling_in_python(void) {
  PyObject *module = PyModule_Create(&definition), *sockets = PyImport_ImportModule("socket");
  is_same = 1;
  must(module && sockets);
  socket_class = PyObject_GetAttrString(sockets, "socket");
  must(socket_class && PyModule_AddObject(module, "FTP", PyType_FromSpec(&type_spec)) == 0);
  must(PyModule_AddObject(module, "FTP_TLS", PyType_FromSpec(&tls_spec)) == 0);
  return module;
}
