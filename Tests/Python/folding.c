/* Before the system's library (LD_PRELOAD): to a program no directory tells upper case from lower, as on FAT. A name that is not there is that of the
 * same letters, where there is one; it keeps its spelling. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEXT(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

/* As the directory spells a name. */
static const char *spelled(int directory, const char *name, char *found) {
  struct stat status;
  if (directory == AT_FDCWD || strchr(name, '/') || NEXT(fstatat)(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0) return name;
  int fd = NEXT(openat)(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *listing = fd < 0 ? NULL : fdopendir(fd);
  const char *result = name;
  for (struct dirent *entry; listing && (entry = readdir(listing));)
    if (strcasecmp(entry->d_name, name) == 0) result = strcpy(found, entry->d_name);
  if (listing) closedir(listing);
  return result;
}

int fstatat(int directory, const char *name, struct stat *status, int flags) {
  char found[256];
  return NEXT(fstatat)(directory, spelled(directory, name, found), status, flags);
}

int openat(int directory, const char *name, int flags, ...) {
  char found[256];
  va_list arguments;
  va_start(arguments, flags);
  unsigned mode = flags & O_CREAT ? va_arg(arguments, unsigned) : 0;
  va_end(arguments);
  return NEXT(openat)(directory, spelled(directory, name, found), flags, mode);
}

int faccessat(int directory, const char *name, int mode, int flags) {
  char found[256];
  return NEXT(faccessat)(directory, spelled(directory, name, found), mode, flags);
}

int mkdirat(int directory, const char *name, mode_t mode) {
  char found[256];
  return NEXT(mkdirat)(directory, spelled(directory, name, found), mode);
}

int unlinkat(int directory, const char *name, int flags) {
  char found[256];
  return NEXT(unlinkat)(directory, spelled(directory, name, found), flags);
}

int renameat(int from, const char *name, int to, const char *other) {
  char found[256], others[256];
  return NEXT(renameat)(from, spelled(from, name, found), to, spelled(to, other, others));
}
