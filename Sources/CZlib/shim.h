// zlib, as Debian's zlib1g-dev installs it.
#pragma once
// Without the gz* functions, whose headers clash with other modules' views of <sys/types.h>.
#define Z_SOLO
#include <zlib.h>

// inflateInit2 is a macro over a function that wants the header's version and the structure's size.
static inline int postern_inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}
