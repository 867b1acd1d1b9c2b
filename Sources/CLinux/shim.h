// Linux system calls that the Glibc module does not export, or exports only as variadic functions.
// _GNU_SOURCE stays undefined: with it fd_set has other members than in the Glibc module, and no source
// could import both. What it hides is declared here.
#pragma once
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>
#include <pthread.h>
#include <semaphore.h>

extern long syscall(long number, ...);
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

// Asks for short turns for this thread, so that Linux runs it soon after it was woken, before threads that
// have a longer turn to end (the slice of an ordinary task: sched(7), "sched_runtime" of sched_setattr(2),
// from Linux 6.12 on). Everything else about its scheduling stays; threads that it starts have it too.
// Earlier systems take it and do nothing, and one that refuses it changes nothing.
struct postern_scheduling {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};
static inline int postern_take_short_turns(uint64_t nanoseconds) {
    struct postern_scheduling now = {0};
    // Neither has a function in Debian 12's C library.
    if (syscall(SYS_sched_getattr, 0, &now, sizeof now, 0) != 0) return errno;
    // Real-time threads run at once as it is, and whoever chose SCHED_BATCH or SCHED_IDLE wants the opposite.
    if (now.policy != SCHED_OTHER) return 0;
    now.size = sizeof now;
    now.runtime = nanoseconds;
    return syscall(SYS_sched_setattr, 0, &now, 0) == 0 ? 0 : errno;
}

// The turns of this thread in nanoseconds, as the system has them; 0 when it does not say.
static inline uint64_t postern_turn_nanoseconds(void) {
    struct postern_scheduling now = {0};
    return syscall(SYS_sched_getattr, 0, &now, sizeof now, 0) == 0 ? now.runtime : 0;
}

// O_DIRECT, which has another value on every processor and which _GNU_SOURCE hides.
static const int postern_open_direct = __O_DIRECT;

// Has the file system find blocks for a range of a file, whose length stays as it is: fallocate(2) with
// FALLOC_FL_KEEP_SIZE, which _GNU_SOURCE hides.
extern int fallocate(int fd, int mode, off_t offset, off_t count);
static inline int postern_reserve_blocks(int fd, off_t offset, off_t count) {
    return fallocate(fd, 1, offset, count);
}

// Starts writing a range of a file back and waits for nothing: SYNC_FILE_RANGE_WRITE, which _GNU_SOURCE hides.
extern int sync_file_range(int fd, off_t offset, off_t count, unsigned int flags);
static inline int postern_start_write_back(int fd, off_t offset, off_t count) {
    return sync_file_range(fd, offset, count, 2);
}
