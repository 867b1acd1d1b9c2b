// CRC-32C with the processor's instructions, which Swift has no way to call. The caller asks
// postern_crc32c_is_fast first; without the instructions it computes with tables.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
// The builtins: the headers of the intrinsics pull in half of the C library.
static inline int postern_crc32c_is_fast(void) { return __builtin_cpu_supports("sse4.2"); }

__attribute__((target("sse4.2")))
static inline uint32_t postern_crc32c(uint32_t crc, const uint8_t *bytes, size_t count) {
  uint64_t wide = crc, word;
  for (; count >= 8; bytes += 8, count -= 8) {
    __builtin_memcpy(&word, bytes, 8);
    wide = __builtin_ia32_crc32di(wide, word);
  }
  crc = (uint32_t)wide;
  for (; count > 0; bytes++, count--) crc = __builtin_ia32_crc32qi(crc, *bytes);
  return crc;
}
#elif defined(__aarch64__)
#include <sys/auxv.h>

// Bit 7 of AT_HWCAP is HWCAP_CRC32.
static inline int postern_crc32c_is_fast(void) { return (getauxval(AT_HWCAP) & (1 << 7)) != 0; }

__attribute__((target("crc")))
static inline uint32_t postern_crc32c(uint32_t crc, const uint8_t *bytes, size_t count) {
  uint64_t word;
  for (; count >= 8; bytes += 8, count -= 8) {
    __builtin_memcpy(&word, bytes, 8);
    crc = __builtin_arm_crc32cd(crc, word);
  }
  for (; count > 0; bytes++, count--) crc = __builtin_arm_crc32cb(crc, *bytes);
  return crc;
}
#else
static inline int postern_crc32c_is_fast(void) { return 0; }
static inline uint32_t postern_crc32c(uint32_t crc, const uint8_t *bytes, size_t count) {
  (void)bytes; (void)count;
  return crc;
}
#endif
