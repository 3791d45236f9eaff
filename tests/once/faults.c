/* Preloaded into a run: counts its calls into the kernel, over all its threads and processes, and at one of them kills
 * the process or lets the call fail. strace injects faults too, but counts each thread for itself, so the first calls
 * of a thread that begins late are never reached.
 *
 *   FAULTS_FILE   what all processes share: the count, AT, and behind them an octet for each call, its index in NAMES
 *   FAULTS_AT     the call, from 1; 0 is none
 *   FAULTS_CALLS  names of the calls that count, each with a comma behind it
 *   FAULTS_HOW    kill: before the call; half: when half of what it writes is written; SIG and a number: that signal,
 *                 and the call goes on; else the number of the error with which it fails
 *   FAULTS_ON     not empty: the calls after that one fail too
 *   FAULTS_CLOCK  seconds by which the clock of the day is ahead; below 0 it is behind
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum call { OPEN, CREATE, READ, PREAD, WRITE, PRINT, PWRITE, WRITEV, FSYNC, FDATASYNC, RENAME, LINK, UNLINK, MKDIR,
            RMDIR, FTRUNCATE, FLOCK, LOCK, CONNECT, SEND, RECV, CALLS };
static const char *const NAMES[CALLS] = { "open,", "create,", "read,", "pread,", "write,", "print,", "pwrite,",
    "writev,", "fsync,", "fdatasync,", "rename,", "link,", "unlink,", "mkdir,", "rmdir,", "ftruncate,", "flock,",
    "lock,", "connect,", "send,", "recv," };
#define ROOM (1 << 20)

static struct { atomic_uint count, at; unsigned char calls[ROOM]; atomic_long ahead; } *shared;
static unsigned counted;
static int half, error, signalled, on;

static int named(const char *list, const char *name) {
    for (const char *found = list; (found = strstr(found, name)); found++)
        if (found == list || found[-1] == ',') return 1;
    return 0;
}

/* Also called by a process that was forked, whose environment has changed since it began. */
__attribute__((constructor)) void faults_begin(void) {
    const char *path = getenv("FAULTS_FILE"), *calls = getenv("FAULTS_CALLS"), *how = getenv("FAULTS_HOW");
    if (!path || !calls) return;
    int fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || syscall(SYS_ftruncate, fd, (long)sizeof *shared)) abort();
    for (int call = 0; call < CALLS; call++)
        if (named(calls, NAMES[call])) counted |= 1u << call;
    half = how && !strcmp(how, "half");
    signalled = how && !strncmp(how, "SIG", 3) ? atoi(how + 3) : 0;
    error = how ? atoi(how) : 0;
    on = *(getenv("FAULTS_ON") ?: "") != 0;
    void *memory = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) abort();
    syscall(SYS_close, fd);
    shared = memory;
    if (getenv("FAULTS_AT")) atomic_store(&shared->at, atoi(getenv("FAULTS_AT")));
    if (getenv("FAULTS_CLOCK")) atomic_store(&shared->ahead, atol(getenv("FAULTS_CLOCK")));
}

static void die(void) { kill(getpid(), SIGKILL); for (;;) pause(); }

/* 0: go on; 1: half of it, and then `die`; -1: fail with `errno` set. */
static int due(enum call call) {
    if (!shared || !(counted & 1u << call)) return 0;
    unsigned number = atomic_fetch_add(&shared->count, 1) + 1;
    if (number <= ROOM) shared->calls[number - 1] = call;
    unsigned at = atomic_load(&shared->at);
    if (!at || (number != at && !(on && number > at))) return 0;
    if (signalled) { kill(getpid(), signalled); return 0; }
    if (error) { errno = error; return -1; }
    if (half && (call == WRITE || call == PWRITE || call == SEND)) return 1;
    die();
    return 0;
}

#define REAL(name) static typeof(&name) real; if (!real) real = (typeof(&name))dlsym(RTLD_NEXT, #name)
#define SIMPLE(call, type, name, parameters, arguments) \
    type name parameters { REAL(name); return due(call) ? -1 : real arguments; }
#define HALVED(call, name, parameters, length, arguments) \
    ssize_t name parameters { REAL(name); int what = due(call); if (what < 0) return -1; \
                              if (what) { length /= 2; real arguments; die(); } return real arguments; }

HALVED(fd > 2 ? WRITE : PRINT, write, (int fd, const void *data, size_t size), size, (fd, data, size))
HALVED(PWRITE, pwrite, (int fd, const void *data, size_t size, off_t where), size, (fd, data, size, where))
HALVED(PWRITE, pwrite64, (int fd, const void *data, size_t size, off64_t where), size, (fd, data, size, where))
HALVED(SEND, send, (int fd, const void *data, size_t size, int flags), size, (fd, data, size, flags))
SIMPLE(WRITEV, ssize_t, writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
SIMPLE(SEND, ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
SIMPLE(RECV, ssize_t, recv, (int fd, void *data, size_t size, int flags), (fd, data, size, flags))
SIMPLE(RECV, ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags))
SIMPLE(READ, ssize_t, read, (int fd, void *data, size_t size), (fd, data, size))
SIMPLE(PREAD, ssize_t, pread, (int fd, void *data, size_t size, off_t where), (fd, data, size, where))
SIMPLE(PREAD, ssize_t, pread64, (int fd, void *data, size_t size, off64_t where), (fd, data, size, where))
SIMPLE(FSYNC, int, fsync, (int fd), (fd))
SIMPLE(FDATASYNC, int, fdatasync, (int fd), (fd))
SIMPLE(RENAME, int, rename, (const char *from, const char *to), (from, to))
SIMPLE(RENAME, int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
SIMPLE(LINK, int, link, (const char *from, const char *to), (from, to))
SIMPLE(LINK, int, linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags))
SIMPLE(UNLINK, int, unlink, (const char *path), (path))
SIMPLE(UNLINK, int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
SIMPLE(MKDIR, int, mkdir, (const char *path, mode_t mode), (path, mode))
SIMPLE(RMDIR, int, rmdir, (const char *path), (path))
SIMPLE(FTRUNCATE, int, ftruncate, (int fd, off_t size), (fd, size))
SIMPLE(FTRUNCATE, int, ftruncate64, (int fd, off64_t size), (fd, size))
SIMPLE(FLOCK, int, flock, (int fd, int operation), (fd, operation))
SIMPLE(CONNECT, int, connect, (int fd, const struct sockaddr *address, socklen_t size), (fd, address, size))

#define OPENS(name, first, given) \
    int name(first const char *path, int flags, ...) { \
        REAL(name); va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
        return due(flags & O_CREAT ? CREATE : OPEN) ? -1 : real(given path, flags, mode); }
#define NOTHING
#define FOLDER int folder,
#define GIVEN folder,
OPENS(open, NOTHING, NOTHING)
OPENS(open64, NOTHING, NOTHING)
OPENS(openat, FOLDER, GIVEN)
OPENS(openat64, FOLDER, GIVEN)

#define CONTROLS(name) \
    int name(int fd, int command, ...) { \
        REAL(name); va_list rest; va_start(rest, command); void *argument = va_arg(rest, void *); va_end(rest); \
        int locks = command == F_SETLK || command == F_SETLKW; \
        return locks && due(LOCK) ? -1 : real(fd, command, argument); }
CONTROLS(fcntl)
CONTROLS(fcntl64)

int clock_gettime(clockid_t clock, struct timespec *moment) {
    REAL(clock_gettime);
    int result = real(clock, moment);
    if (shared && clock == CLOCK_REALTIME) moment->tv_sec += atomic_load(&shared->ahead);
    return result;
}
