// Counts allocations for postern-bench: the program's own malloc, calloc and realloc go before the C
// library's (glibc manual, "Replacing malloc"), count, and hand on to glibc's internal names for them,
// so that free and all else stay the library's.

#include "CAllocations.h"

#include <stdatomic.h>
#include <stddef.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static _Atomic uint64_t count;

uint64_t postern_allocations(void) { return atomic_load_explicit(&count, memory_order_relaxed); }

// Not one atomic step, which would cost each allocation as much as the allocation itself: exact while
// a single thread allocates, as in the benchmarks that ask.
static inline void add(void) {
    atomic_store_explicit(
        &count, atomic_load_explicit(&count, memory_order_relaxed) + 1, memory_order_relaxed);
}

void *malloc(size_t size) {
    add();
    return __libc_malloc(size);
}

void *calloc(size_t items, size_t size) {
    add();
    return __libc_calloc(items, size);
}

void *realloc(void *block, size_t size) {
    add();
    return __libc_realloc(block, size);
}
