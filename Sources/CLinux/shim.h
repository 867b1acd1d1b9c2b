// Linux system calls that the Glibc module does not export, or exports only as variadic functions.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
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

// With _GNU_SOURCE the address is a transparent union, which Swift cannot pass.
static inline int postern_accept4(int fd, struct sockaddr_storage *address, socklen_t *length, int flags) {
    return accept4(fd, (struct sockaddr *)address, length, flags);
}

// Declared only with _GNU_SOURCE, which the Glibc module does not set.
static inline void postern_set_thread_name(const char *name) {
    pthread_setname_np(pthread_self(), name);
}
