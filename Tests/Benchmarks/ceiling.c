/* The least that a client of FTP can do: the system calls, and nothing else. What the kernel and the server allow, as a contestant.
 *
 *     ceiling OPERATION HOST PORT USER PASSWORD PATH COUNT [1]
 *
 * The operations are those of client.py; like that it prints what the operation took without the login. With the last argument retr_file and
 * stor_file go over TLS: what OpenSSL takes comes on top then. It trusts the server, has no time limits, and ends with status 1 when anything
 * is odd. An operation whose name ends in _same makes all the system calls that this repository's client makes for it: what a client costs
 * that looks for unasked replies before a command unless it has just read one, waits no longer than it may, and keeps the connection alive. */
#ifndef _GNU_SOURCE /* Python's headers define it: ceiling_in_python.c */
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { block = 256 * 1024 };

static const char *operation, *host, *user, *password, *path;
static int port, count;
static SSL_CTX *context; /* NULL without TLS */
static int is_same;      /* whether it is to make this repository's calls */

struct session {
  int control;
  SSL *tls; /* NULL without TLS */
  size_t ahead; /* bytes of `input` that are the next reply's: 226 may come with 150 */
  char input[4096], reply[4096];
};

static struct timespec wall, cpu, heard; /* the last: when the last reply had been read */

static void begin(void) { clock_gettime(CLOCK_MONOTONIC, &wall), clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu); }

static double since(struct timespec then, clockid_t which) {
  struct timespec now;
  clock_gettime(which, &now);
  return (double)(now.tv_sec - then.tv_sec) + (double)(now.tv_nsec - then.tv_nsec) / 1e9;
}

static void end(void) { printf("%f %f 0\n", since(wall, CLOCK_MONOTONIC), since(cpu, CLOCK_PROCESS_CPUTIME_ID)); }

static void fail(const char *what) {
  perror(what);
  exit(1);
}

/* Has a call return when it has waited for so long: the client's asks then for Ctrl-C. */
static void slice(int fd, int option) {
  struct timeval time = {.tv_usec = 50000};
  setsockopt(fd, SOL_SOCKET, option, &time, sizeof time);
}

static int dial_with(int fd, int to) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)to)};
  if (is_same) slice(fd, SO_SNDTIMEO);
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) fail(host);
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) fail("connect");
  return fd;
}

static int dial(int to) { return dial_with(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), to); }

/* One reply of one line, which must begin with `digit`. */
static void expect(struct session *s, char digit) {
  char *end;
  while (!(end = memchr(s->input, '\n', s->ahead))) {
    size_t room = sizeof s->input - s->ahead;
    ssize_t got = s->tls ? SSL_read(s->tls, s->input + s->ahead, (int)room) : recv(s->control, s->input + s->ahead, room, 0);
    if (got < 0 && is_same && errno == EAGAIN) continue;
    if (got <= 0) fail("recv");
    s->ahead += (size_t)got;
    if (is_same) clock_gettime(CLOCK_MONOTONIC, &heard);
  }
  size_t size = (size_t)(end + 1 - s->input);
  memcpy(s->reply, s->input, size - 1), s->reply[size - 1] = 0;
  s->ahead -= size;
  memmove(s->input, s->input + size, s->ahead);
  if (s->reply[0] != digit) {
    fputs(s->reply, stderr);
    exit(1);
  }
}

static void say(struct session *s, const char *format, ...) {
  char line[4096];
  va_list arguments;
  va_start(arguments, format);
  int size = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  struct pollfd request = {.fd = s->control, .events = POLLIN};
  if (is_same && since(heard, CLOCK_MONOTONIC) > 20e-6 && poll(&request, 1, 0) != 0) fail("poll");
  if ((s->tls ? SSL_write(s->tls, line, size) : send(s->control, line, (size_t)size, 0)) != size) fail("send");
}

/* Has sessions go over TLS: several records a read. */
static void use_tls(void) {
  if (!(context = SSL_CTX_new(TLS_client_method()))) fail("SSL_CTX_new");
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, block);
}

/* TLS over a connection, with the session of another one. */
static SSL *secure(int fd, SSL *like) {
  SSL *tls = SSL_new(context);
  if (!tls || SSL_set_fd(tls, fd) != 1) fail("SSL_new");
  if (like) SSL_set_session(tls, SSL_get0_session(like));
  if (SSL_connect(tls) != 1) fail("SSL_connect");
  return tls;
}

/* Up to the greeting, with a socket. */
static void connect_session(struct session *s, int fd) {
  int on = 1, seconds = 60;
  s->control = dial_with(fd, port), s->ahead = 0, s->tls = NULL;
  if (is_same) {
    setsockopt(s->control, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(s->control, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
    setsockopt(s->control, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
    getpid();
    slice(s->control, SO_RCVTIMEO);
  } else
    setsockopt(s->control, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  expect(s, '2');
}

static void open_session(struct session *s) {
  connect_session(s, socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (context) say(s, "AUTH TLS\r\n"), expect(s, '2'), s->tls = secure(s->control, NULL);
  say(s, "USER %s\r\n", user);
  expect(s, '3');
  say(s, "PASS %s\r\n", password);
  expect(s, '2');
  if (context) say(s, "PBSZ 0\r\n"), expect(s, '2'), say(s, "PROT P\r\n"), expect(s, '2');
}

static void close_session(struct session *s) {
  say(s, "QUIT\r\n");
  expect(s, '2');
  close(s->control);
}

static void type(struct session *s, char which) {
  say(s, "TYPE %c\r\n", which);
  expect(s, '2');
}

static int data_connection(struct session *s, const char *verb, const char *name) {
  unsigned a, b;
  say(s, "PASV\r\n");
  expect(s, '2');
  const char *open = strchr(s->reply, '(');
  if (!open || sscanf(open, "(%*u,%*u,%*u,%*u,%u,%u)", &a, &b) != 2) fail(s->reply);
  int fd = dial((int)(a * 256 + b));
  say(s, "%s%s%s\r\n", verb, *name ? " " : "", name);
  expect(s, '1');
  return fd;
}

static void write_all(int fd, const char *bytes, ssize_t size) {
  while (size > 0) {
    ssize_t done = write(fd, bytes, (size_t)size);
    if (done < 0) fail("write");
    bytes += done, size -= done;
  }
}

enum way { copied, moved, text, hashed };

/* Reads the data connection to its end, into `file` unless that is -1; without the CRs in text. */
static void drain(int data, int file, enum way way) {
  char *buffer = malloc(block);
  EVP_MD_CTX *digest = way == hashed ? EVP_MD_CTX_new() : NULL;
  ssize_t got;
  if (!buffer) fail("malloc");
  if (digest && EVP_DigestInit(digest, EVP_sha256()) != 1) fail("EVP_DigestInit");
  while ((got = recv(data, buffer, block, 0)) > 0) {
    if (digest) EVP_DigestUpdate(digest, buffer, (size_t)got);
    if (file < 0) continue;
    char *out = buffer + got;
    if (way == text) {
      char *in = buffer, *end = out, *next;
      for (out = buffer; (next = memchr(in, '\r', (size_t)(end - in))); in = next + 1)
        memmove(out, in, (size_t)(next - in)), out += next - in;
      memmove(out, in, (size_t)(end - in)), out += end - in;
    }
    write_all(file, buffer, out - buffer);
  }
  if (got < 0) fail("recv");
  EVP_MD_CTX_free(digest);
  free(buffer);
}

/* The same without a copy in this process: through a pipe. */
static void move(int data, int file) {
  int ends[2];
  ssize_t got;
  if (pipe(ends) != 0) fail("pipe");
  fcntl(ends[1], F_SETPIPE_SZ, 4 * block);
  while ((got = splice(data, NULL, ends[1], NULL, 4 * block, SPLICE_F_MOVE)) > 0)
    while (got > 0) {
      ssize_t put = splice(ends[0], NULL, file, NULL, (size_t)got, SPLICE_F_MOVE);
      if (put <= 0) fail("splice");
      got -= put;
    }
  if (got < 0) fail("splice");
  close(ends[0]), close(ends[1]);
}

/* The same out of TLS. */
static void decipher(SSL *data, int file) {
  char *buffer = malloc(block);
  int size = 0, got;
  if (!buffer) fail("malloc");
  while ((got = SSL_read(data, buffer + size, block - size)) > 0)
    if ((size += got) == block || !SSL_has_pending(data)) write_all(file, buffer, size), size = 0;
  write_all(file, buffer, size);
  free(buffer);
}

/* A file into TLS. */
static void encipher(SSL *data, int file) {
  char *buffer = malloc(block);
  ssize_t got;
  if (!buffer) fail("malloc");
  while ((got = read(file, buffer, block)) > 0)
    if (SSL_write(data, buffer, (int)got) != got) fail("SSL_write");
  free(buffer);
}

/* Says farewell in TLS, and waits for the server's: a connection that is closed before is reset. */
static void part(SSL *data, int fd) {
  char byte;
  SSL_shutdown(data);
  shutdown(fd, SHUT_WR);
  while (SSL_read(data, &byte, 1) > 0) continue;
  SSL_free(data);
}

static void receive(struct session *s, const char *verb, const char *name, int file, enum way way) {
  int data = data_connection(s, verb, name);
  if (context) {
    SSL *tls = secure(data, s->tls);
    decipher(tls, file), part(tls, data);
  } else if (way == moved)
    move(data, file);
  else
    drain(data, file, way);
  close(data);
  expect(s, '2');
}

static void send_file(struct session *s, const char *name, int file) {
  struct stat status;
  int data = data_connection(s, "STOR", name);
  if (fstat(file, &status) != 0) fail("fstat");
  if (context) {
    SSL *tls = secure(data, s->tls);
    encipher(tls, file), part(tls, data);
  } else for (off_t offset = 0; offset < status.st_size;)
    if (sendfile(data, file, &offset, (size_t)(status.st_size - offset)) <= 0) fail("sendfile");
  close(data);
  expect(s, '2');
}

/* The same with a copy in this process. */
static void send_copied(struct session *s, const char *name, int file) {
  char *buffer = malloc(block);
  ssize_t got;
  int data = data_connection(s, "STOR", name);
  if (!buffer) fail("malloc");
  while ((got = read(file, buffer, block)) > 0) write_all(data, buffer, got);
  close(data);
  expect(s, '2');
  free(buffer);
}

/* Sends a text file with CRLF for LF, a block at a time. */
static void send_text(struct session *s, const char *name, int file) {
  char *in = malloc(block), *out = malloc(2 * block);
  ssize_t got;
  int data = data_connection(s, "STOR", name);
  if (!in || !out) fail("malloc");
  while ((got = read(file, in, block)) > 0) {
    char *to = out, *from = in, *next;
    for (; (next = memchr(from, '\n', (size_t)(in + got - from))); from = next + 1) {
      memcpy(to, from, (size_t)(next - from)), to += next - from;
      *to++ = '\r', *to++ = '\n';
    }
    memcpy(to, from, (size_t)(in + got - from)), to += in + got - from;
    write_all(data, out, to - out);
  }
  close(data);
  expect(s, '2');
  free(in), free(out);
}

static void *thread(void *unused) {
  struct session s;
  (void)unused;
  open_session(&s);
  type(&s, 'I');
  receive(&s, "RETR", "file.bin", -1, copied);
  close_session(&s);
  return NULL;
}

static int is(const char *name) { return strcmp(operation, name) == 0; }

static int open_local(int flags) {
  int fd = open(path, flags | O_CLOEXEC, 0644);
  if (fd < 0) fail(path);
  return fd;
}

static void small_files(struct session *s, int is_upload) {
  static char content[4096];
  char name[32];
  type(s, 'I');
  for (int index = 0; index < count; index++) {
    snprintf(name, sizeof name, "small/%04d", index);
    if (!is_upload) {
      receive(s, "RETR", name, -1, copied);
      continue;
    }
    int data = data_connection(s, "STOR", name);
    write_all(data, content, sizeof content);
    close(data);
    expect(s, '2');
  }
}

int main(int argc, char **argv) {
  struct session s;
  if (argc < 8) return 2;
  char *same = strstr(argv[1], "_same");
  if ((is_same = same != NULL)) *same = 0;
  operation = argv[1], host = argv[2], port = atoi(argv[3]), user = argv[4], password = argv[5], path = argv[6], count = atoi(argv[7]);
  if (argc > 8 && strcmp(argv[8], "1") == 0) use_tls();

  begin();
  if (is("sessions")) {
    for (int index = 0; index < count; index++) open_session(&s), close_session(&s);
    end();
    return 0;
  }
  if (is("threads")) {
    pthread_t threads[4];
    for (int index = 0; index < 4; index++) pthread_create(&threads[index], NULL, thread, NULL);
    for (int index = 0; index < 4; index++) pthread_join(threads[index], NULL);
    end();
    return 0;
  }
  open_session(&s);
  begin();
  if (is("retr_file")) {
    type(&s, 'I');
    receive(&s, "RETR", "file.bin", open_local(O_RDWR | O_CREAT | O_TRUNC), moved);
  } else if (is("retr_copied")) { /* what the pipe saves */
    type(&s, 'I');
    receive(&s, "RETR", "file.bin", open_local(O_RDWR | O_CREAT | O_TRUNC), copied);
  } else if (is("retr_nothing")) {
    type(&s, 'I');
    receive(&s, "RETR", "file.bin", -1, copied);
  } else if (is("retr_sha256")) {
    type(&s, 'I');
    receive(&s, "RETR", "file.bin", -1, hashed);
  } else if (is("stor_file")) {
    type(&s, 'I');
    send_file(&s, "file.bin", open_local(O_RDONLY));
  } else if (is("stor_copied")) { /* what sendfile saves, and costs */
    type(&s, 'I');
    send_copied(&s, "file.bin", open_local(O_RDONLY));
  } else if (is("lines_file")) {
    type(&s, 'A');
    receive(&s, "RETR", "text.txt", open_local(O_RDWR | O_CREAT | O_TRUNC), text);
  } else if (is("lines_nothing") || is("lines_list")) {
    type(&s, 'A');
    receive(&s, "RETR", "text.txt", -1, copied);
  } else if (is("stor_lines")) {
    type(&s, 'A');
    send_text(&s, "text.txt", open_local(O_RDONLY));
  } else if (is("nlst") || is("list") || is("mlsd")) {
    type(&s, 'A');
    receive(&s, is("nlst") ? "NLST" : is("list") ? "LIST" : "MLSD", "many", -1, copied);
  } else if (is("small_retr") || is("small_stor")) {
    small_files(&s, is("small_stor"));
  } else if (is("noop") || is("pwd")) {
    for (int index = 0; index < count; index++) say(&s, is("noop") ? "NOOP\r\n" : "PWD\r\n"), expect(&s, '2');
  } else {
    return 2;
  }
  end();
  close_session(&s);
  return 0;
}
