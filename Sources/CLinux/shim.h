// Linux system calls that the Glibc module does not export, or exports only as variadic functions.
// _GNU_SOURCE stays undefined: with it fd_set has other members than in the Glibc module, and no source
// could import both. What it hides is declared here.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>
#include <pthread.h>
#include <semaphore.h>

extern int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
extern int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *end);
extern int pthread_setname_np(pthread_t thread, const char *name);

// One pointer type for every family of addresses.
static inline int postern_accept4(int fd, struct sockaddr_storage *address, socklen_t *length, int flags) {
    return accept4(fd, (struct sockaddr *)address, length, flags);
}

static inline void postern_set_thread_name(const char *name) {
    pthread_setname_np(pthread_self(), name);
}

// fcntl is variadic.
static inline int postern_duplicate(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, 3); }
static inline void postern_set_nonblocking(int fd) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

// A file in memory; hidden by _GNU_SOURCE. The flag is MFD_CLOEXEC.
extern int memfd_create(const char *name, unsigned int flags);
static inline int postern_memory_file(const char *name) { return memfd_create(name, 1U); }

// Sets of processors; hidden by _GNU_SOURCE. A set is an array of bits here, as the kernel has it.
extern int sched_getaffinity(pid_t thread, size_t bytes, void *set);
extern int sched_setaffinity(pid_t thread, size_t bytes, const void *set);

// Writes down the numbers of the processors that this thread may run on, and gives how many there are; -1
// with errno on failure.
static inline int postern_allowed_processors(int *numbers, int most) {
    unsigned long set[8192 / (8 * sizeof(long))] = {0};
    if (sched_getaffinity(0, sizeof set, set) < 0) return -1;
    int count = 0;
    for (int number = 0; number < 8192 && count < most; number++) {
        if (set[number / (8 * sizeof(long))] >> number % (8 * sizeof(long)) & 1) numbers[count++] = number;
    }
    return count;
}

// Keeps this thread on one processor; 0 or an errno.
static inline int postern_stay_on(int processor) {
    unsigned long set[8192 / (8 * sizeof(long))] = {0};
    set[processor / (8 * sizeof(long))] = 1UL << processor % (8 * sizeof(long));
    return sched_setaffinity(0, sizeof set, set) == 0 ? 0 : errno;
}

// Lets this thread run wherever the process's first one may: a thread begins with the processors of the one
// that starts it, and that may stay on one. Left as it is when the system refuses.
static inline void postern_run_anywhere(void) {
    unsigned long set[8192 / (8 * sizeof(long))] = {0};
    if (sched_getaffinity(getpid(), sizeof set, set) >= 0) sched_setaffinity(0, sizeof set, set);
}

// O_DIRECT, which has another value on every processor and which _GNU_SOURCE hides.
static const int postern_open_direct = __O_DIRECT;

// Starts writing a range of a file back and waits for nothing: SYNC_FILE_RANGE_WRITE, which _GNU_SOURCE hides.
extern int sync_file_range(int fd, off_t offset, off_t count, unsigned int flags);
static inline int postern_start_write_back(int fd, off_t offset, off_t count) {
    return sync_file_range(fd, offset, count, 2);
}
