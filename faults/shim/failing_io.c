/* Makes a process's I/O on its database fail, through LD_PRELOAD.
 *
 *     cc -shared -fPIC -o failing_io.so failing_io.c -ldl
 *     LD_PRELOAD=./failing_io.so FAILING_IO=/path/of/a/file keyhold serve
 *
 * While the file at FAILING_IO exists, the call named in it fails. Its text is "read", "write", "sync" or "truncate",
 * a blank, and EIO or ENOSPC; with STALL instead of an error, the call blocks until the text changes. Reads fail on the
 * database and its write-ahead log, other calls on the log only, so that checkpoints of earlier changes still work.
 * Without the file nothing fails.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Reads by system call, because the libc functions are replaced below. */
static int read_small(const char *path, char *into, size_t size) {
    int file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    long length = syscall(SYS_read, file, into, size - 1);
    syscall(SYS_close, file);
    if (length <= 0) return 0;
    into[length] = 0;
    return 1;
}

static int ends_with(const char *text, const char *end) {
    size_t length = strlen(text), wanted = strlen(end);
    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

/* The error for a call on this file, or 0 for none. */
static int fault(const char *call, int file) {
    const char *control = getenv("FAILING_IO");
    char order[64], link[64], path[4096];
    int kept = errno;
    if (!control || !read_small(control, order, sizeof order)) goto none;
    if (strncmp(order, call, strlen(call)) != 0) goto none;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) goto none;
    path[length] = 0;
    if (!ends_with(path, "-wal") && !(strcmp(call, "read") == 0 && ends_with(path, ".db"))) goto none;
    if (strstr(order, "STALL")) {
        const struct timespec moment = {0, 10 * 1000 * 1000};
        while (read_small(control, order, sizeof order) && strstr(order, "STALL")) nanosleep(&moment, NULL);
        goto none;
    }
    return strstr(order, "ENOSPC") ? ENOSPC : EIO;
none:
    errno = kept;
    return 0;
}

#define REPLACE(result, name, call, parameters, arguments)                        \
    result name parameters {                                                      \
        static result(*real) parameters;                                          \
        if (!real) real = (result(*) parameters)dlsym(RTLD_NEXT, #name);          \
        int error = fault(call, file);                                            \
        if (error) {                                                              \
            errno = error;                                                        \
            return -1;                                                            \
        }                                                                         \
        return real arguments;                                                    \
    }

REPLACE(ssize_t, read, "read", (int file, void *into, size_t size), (file, into, size))
REPLACE(ssize_t, pread, "read", (int file, void *into, size_t size, off_t at), (file, into, size, at))
REPLACE(ssize_t, pread64, "read", (int file, void *into, size_t size, off64_t at), (file, into, size, at))
REPLACE(ssize_t, write, "write", (int file, const void *from, size_t size), (file, from, size))
REPLACE(ssize_t, pwrite, "write", (int file, const void *from, size_t size, off_t at), (file, from, size, at))
REPLACE(ssize_t, pwrite64, "write", (int file, const void *from, size_t size, off64_t at), (file, from, size, at))
REPLACE(int, fsync, "sync", (int file), (file))
REPLACE(int, fdatasync, "sync", (int file), (file))
REPLACE(int, ftruncate, "truncate", (int file, off_t size), (file, size))
REPLACE(int, ftruncate64, "truncate", (int file, off64_t size), (file, size))
