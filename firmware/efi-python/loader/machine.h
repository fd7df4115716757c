// SPDX-License-Identifier: LGPL-2.1-or-later
// The few instructions that C has no word for.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Intel SDM vol. 4, table 2-2.
enum {
  kMsrEfer = 0xc0000080,
  kMsrStar = 0xc0000081,
  kMsrLstar = 0xc0000082,
  kMsrFmask = 0xc0000084,
  kMsrFsBase = 0xc0000100,
};
#define RFLAGS_IF 0x200u

static inline uint64_t read_msr(uint32_t msr) {
  uint32_t low, high;
  __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
  return (uint64_t)high << 32 | low;
}
static inline void write_msr(uint32_t msr, uint64_t value) {
  __asm__ volatile("wrmsr" : : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(msr));
}
static inline uint64_t read_tsc(void) {
  uint32_t low, high;
  __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
  return (uint64_t)high << 32 | low;
}
static inline void enable_interrupts(void) {
  __asm__ volatile("sti" : : : "memory");
}
static inline void disable_interrupts(void) {
  __asm__ volatile("cli" : : : "memory");
}
// Until the next interrupt, which is accepted whatever RFLAGS.IF was.
static inline void halt_until_interrupt(void) {
  uint64_t flags;
  __asm__ volatile("pushfq; popq %0; sti; hlt" : "=r"(flags) : : "memory");
  if ((flags & RFLAGS_IF) == 0) disable_interrupts();
}
static inline void cpuid(uint32_t leaf, uint32_t out[4]) {
  __asm__ volatile("cpuid"
                   : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                   : "a"(leaf), "c"(0));
}
static inline void out_byte(uint16_t port, uint8_t value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
static inline uint8_t in_byte(uint16_t port) {
  uint8_t value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}
static inline void out_word(uint16_t port, uint16_t value) {
  __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}
