#ifndef POSTERN_CALLOCATIONS_H
#define POSTERN_CALLOCATIONS_H

#include <stdint.h>

/// Blocks of memory that this program has taken from the C library since it began.
uint64_t postern_allocations(void);

#endif
