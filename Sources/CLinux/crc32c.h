// CRC-32C with the processor's instructions, which Swift has no way to call. The caller asks
// postern_crc32c_is_fast first; without the instructions it computes with tables.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
// The builtins: the headers of the intrinsics pull in half of the C library.
static inline int postern_crc32c_is_fast(void) { return __builtin_cpu_supports("sse4.2"); }
// Whether it can also be had in parts (postern_crc32c_in_parts).
static inline int postern_crc32c_has_parts(void) {
  return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");
}

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

// What a checksum comes to after 256 bytes more that are zero: times x^(8 * 256 - 33), modulo the polynomial
// (Intel, "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction", 2011).
__attribute__((target("sse4.2,pclmul")))
static inline uint64_t postern_crc32c_past_256(uint64_t crc) {
  typedef long long pair __attribute__((vector_size(16)));
  pair product = __builtin_ia32_pclmulqdq128((pair){(long long)crc, 0}, (pair){0xb9e02b86, 0}, 0);
  return __builtin_ia32_crc32di(0, (uint64_t)product[0]);
}

// The same in three parts at a time: an instruction waits three cycles for the one before it, and those of
// the parts do not wait for each other.
__attribute__((target("sse4.2,pclmul")))
static inline uint32_t postern_crc32c_in_parts(uint32_t crc, const uint8_t *bytes, size_t count) {
  uint64_t first = crc, word;
  for (; count >= 768; bytes += 768, count -= 768) {
    uint64_t second = 0, third = 0;
    for (size_t place = 0; place < 256; place += 8) {
      __builtin_memcpy(&word, bytes + place, 8);
      first = __builtin_ia32_crc32di(first, word);
      __builtin_memcpy(&word, bytes + 256 + place, 8);
      second = __builtin_ia32_crc32di(second, word);
      __builtin_memcpy(&word, bytes + 512 + place, 8);
      third = __builtin_ia32_crc32di(third, word);
    }
    first = postern_crc32c_past_256(postern_crc32c_past_256(first) ^ second) ^ third;
  }
  return postern_crc32c((uint32_t)first, bytes, count);
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
static inline int postern_crc32c_has_parts(void) { return 0; }
static inline uint32_t postern_crc32c_in_parts(uint32_t crc, const uint8_t *bytes, size_t count) {
  return postern_crc32c(crc, bytes, count);
}
#else
static inline int postern_crc32c_is_fast(void) { return 0; }
static inline uint32_t postern_crc32c(uint32_t crc, const uint8_t *bytes, size_t count) {
  (void)bytes; (void)count;
  return crc;
}
static inline int postern_crc32c_has_parts(void) { return 0; }
static inline uint32_t postern_crc32c_in_parts(uint32_t crc, const uint8_t *bytes, size_t count) {
  return postern_crc32c(crc, bytes, count);
}
#endif
