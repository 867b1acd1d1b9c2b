// Linux system calls that the Glibc module does not export, or exports only as variadic functions.
// _GNU_SOURCE stays undefined: with it fd_set has other members than in the Glibc module, and no source
// could import both. What it hides is declared here.
#pragma once
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

extern int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
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
