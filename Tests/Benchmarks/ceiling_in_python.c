/* The least that a client of FTP can do within Python: ceiling.c's system calls behind the methods of a class, and what every script can see of a
 * session: the reply as text, `lastresp`, `welcome`, `host`, `port`, `af` and a socket of Python's own as `sock`, the events for an audit hook; other
 * threads run while it waits. It looks for no replaced method, reads no attribute, and like the program ends Python when anything is odd.
 *
 * What its operations are, and how they are called, says client.py; connect, login, quit, voidcmd, pwd, retrbinary and storbinary are there. */
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
  Py_DecRef(command(self, '3', "USER", user));
  return command(self, '2', "PASS", password);
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

/* Opens a data connection for "RETR name" or "STOR name", in binary. */
static int data_of(PyObject *self, PyObject *line) {
  struct session *s = session_of(self);
  const char *words = utf8(line);
  static PyObject *in_binary; /* the session whose TYPE is I: there is one */
  int data;
  if (in_binary != self) Py_DecRef(command(self, '2', "TYPE", "I")), in_binary = self;
  must(PySys_Audit("ftplib.sendcmd", "Os", self, "PASV") == 0 && PySys_Audit("ftplib.sendcmd", "Os", self, words) == 0);
  Py_BEGIN_ALLOW_THREADS
  data = data_connection(s, words, "");
  slice(data, SO_RCVTIMEO);
  Py_END_ALLOW_THREADS
  return data;
}

static PyObject *retrbinary_method(PyObject *self, PyObject *arguments) {
  PyObject *line, *callback;
  must(PyArg_ParseTuple(arguments, "OO", &line, &callback));
  int data = data_of(self, line);
  static char buffer[block];
  for (ssize_t got;;) {
    Py_BEGIN_ALLOW_THREADS
    got = recv(data, buffer, block, 0);
    Py_END_ALLOW_THREADS
    if (got < 0) fail("recv");
    if (got == 0) break;
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
  int data = data_of(self, line);
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

static PyMethodDef methods[] = {
    {"connect", connect_method, METH_VARARGS, NULL},       {"login", login_method, METH_VARARGS, NULL},
    {"quit", quit_method, METH_NOARGS, NULL},              {"voidcmd", voidcmd_method, METH_O, NULL},
    {"pwd", pwd_method, METH_NOARGS, NULL},                {"retrbinary", retrbinary_method, METH_VARARGS, NULL},
    {"storbinary", storbinary_method, METH_VARARGS, NULL}, {NULL, NULL, 0, NULL},
};
static PyMemberDef members[] = {{"__dictoffset__", T_PYSSIZET, offsetof(struct ftp, attributes), READONLY, NULL}, {NULL, 0, 0, 0, NULL}};
static PyType_Slot slots[] = {{Py_tp_methods, methods}, {Py_tp_members, members}, {0, NULL}};
static PyType_Spec type_spec = {"ceiling_in_python.FTP", sizeof(struct ftp), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "ceiling_in_python", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_ceiling_in_python(void) {
  PyObject *module = PyModule_Create(&definition), *sockets = PyImport_ImportModule("socket");
  is_same = 1;
  must(module && sockets);
  socket_class = PyObject_GetAttrString(sockets, "socket");
  must(socket_class && PyModule_AddObject(module, "FTP", PyType_FromSpec(&type_spec)) == 0);
  return module;
}
