// PCRE2 with 8-bit code units, as Debian's libpcre2-dev installs it.
#pragma once
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
