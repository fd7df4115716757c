// SPDX-License-Identifier: LGPL-2.1-or-later
// The agent's log: a line for each call and each return, sent to a serial port. The form of the
// lines is in docs/int-agent.md. 16-bit real mode; all pointers are offsets in the agent's segment.
// Reference: PC16550D data sheet; FIPS 180-4 (SHA-256); Phoenix Enhanced Disk Drive Specification
// 3.0; ACPI 6.4 section 15; VBE 3.0 sections 4.3 and 4.4.
#include <stdint.h>

#include "firmware/common/io.h"

struct registers {
  uint32_t eax, ebx, ecx, edx, esi, edi, ebp, esp;
  uint16_t ds, es, fs, ss, vector, ip, cs, flags, sp, popped, number;
  uint8_t kept_flags, unused;
};
extern struct registers regs;
extern uint32_t old_vectors[];
extern const uint16_t config_port, config_divisor;
extern const uint8_t config_next;

enum { DEBUG_PORT = 0xe9, FIRST_VECTOR = 0x10 };
enum { OPEN_CALLS = 32 };

// What is known of a call when it returns; a power of two of them, by number.
struct call {
  uint32_t eax, ebx, edx, esi, edi;
  uint16_t number, ds, es;
};
static struct call calls[OPEN_CALLS];
static uint16_t calls_made;
// The hard disk that the system under test sees as the first, and whose place that one takes: many
// boot programs know 80h alone.
static uint8_t first_disk = 0x80;
static uint16_t sum;

static uint8_t peek(uint32_t linear) {
  uint8_t value;
  __asm__ volatile("movw %w1, %%fs\n\tmovb %%fs:(%2), %0"
                   : "=q"(value)
                   : "r"(linear >> 4), "r"(linear & 15));
  return value;
}

static uint32_t peek_wide(uint32_t linear, unsigned bytes) {
  uint32_t value = 0;
  for (unsigned i = 0; i < bytes; ++i) value |= (uint32_t)peek(linear + i) << (i * 8);
  return value;
}

static void poke_wide(uint32_t linear, uint32_t value) {
  for (unsigned i = 0; i < 4; ++i) {
    const uint32_t at = linear + i;
    __asm__ volatile("movw %w1, %%fs\n\tmovb %0, %%fs:(%2)"
                     :
                     : "q"((uint8_t)(value >> (i * 8))), "r"(at >> 4), "r"(at & 15)
                     : "memory");
  }
}

static uint32_t linear(uint16_t segment, uint32_t offset) {
  return ((uint32_t)segment << 4) + (uint16_t)offset;
}

// A UART that is not there answers FF, and takes everything.
static void send(char c) {
  enum { LSR = 5, THRE = 0x20 };
  if (config_port == DEBUG_PORT) return outb(DEBUG_PORT, (uint8_t)c);
  while ((inb((uint16_t)(config_port + LSR)) & THRE) == 0) {
  }
  outb(config_port, (uint8_t)c);
}

// Characters of a record count for its check sum.
static void put(char c) {
  sum = (uint16_t)(sum * 31 + (uint8_t)c);
  send(c);
}

static void put_hex(uint32_t value, unsigned digits) {
  while (digits-- > 0) put("0123456789abcdef"[value >> (digits * 4) & 15]);
}

// As few digits as it takes.
static void put_number(uint32_t value) {
  unsigned digits = 1;
  while (digits < 8 && value >> (digits * 4) != 0) ++digits;
  put(' ');
  put_hex(value, digits);
}

static void put_far(uint16_t segment, uint16_t offset) {
  put(' ');
  put_hex(segment, 4);
  put(':');
  put_hex(offset, 4);
}

static void begin(char kind) {
  sum = 0;
  put('~');
  put(kind);
}

static void end(void) {
  const uint16_t check = sum;
  send(' ');
  send('*');
  for (unsigned digit = 4; digit-- > 0;) send("0123456789abcdef"[check >> (digit * 4) & 15]);
  send('\r');
  send('\n');
}

static uint32_t rotate(uint32_t value, unsigned bits) {
  return value >> bits | value << (32 - bits);
}

static const uint32_t kRound[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static void digest_block(uint32_t state[8], const uint32_t block[16]) {
  static uint32_t w[64];
  uint32_t v[8];
  for (unsigned i = 0; i < 16; ++i) w[i] = block[i];
  for (unsigned i = 16; i < 64; ++i) {
    const uint32_t a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) +
           (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
  }
  for (unsigned i = 0; i < 8; ++i) v[i] = state[i];
  for (unsigned i = 0; i < 64; ++i) {
    const uint32_t t1 = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
                        ((v[4] & v[5]) ^ (~v[4] & v[6])) + kRound[i] + w[i];
    const uint32_t t2 = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
                        ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    for (unsigned k = 7; k > 0; --k) v[k] = v[k - 1];
    v[4] += t1;
    v[0] = t1 + t2;
  }
  for (unsigned i = 0; i < 8; ++i) state[i] += v[i];
}

static void put_digest(uint32_t from, uint32_t size) {
  static uint32_t block[16];
  uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                       0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  const uint32_t padded = (size + 9 + 63) & ~63U;
  for (uint32_t at = 0; at < padded; at += 64) {
    for (unsigned i = 0; i < 16; ++i) block[i] = 0;
    for (unsigned i = 0; i < 64; ++i) {
      const uint8_t byte = at + i < size ? peek(from + at + i) : at + i == size ? 0x80 : 0;
      block[i / 4] |= (uint32_t)byte << (24 - i % 4 * 8);
    }
    if (at + 64 == padded) block[15] |= size * 8;
    digest_block(state, block);
  }
  for (const char* c = "sha256:"; *c != 0; ++c) put(*c);
  for (unsigned i = 0; i < 8; ++i) put_hex(state[i], 8);
}

// What stands there, or its digest: as the emulator's own trace has it.
static void put_memory(uint32_t at, uint32_t size) {
  put(' ');
  if (size == 0) return put('-');
  if (size > 32) return put_digest(at, size);
  for (uint32_t i = 0; i < size; ++i) put_hex(peek(at + i), 2);
}

static void put_registers(void) {
  put_number(regs.eax);
  put_number(regs.ebx);
  put_number(regs.ecx);
  put_number(regs.edx);
  put_number(regs.esi);
  put_number(regs.edi);
  put_number(regs.ebp);
  put_number(regs.flags);
  put_number(regs.ds);
  put_number(regs.es);
}

static void put_ticks(void) {
  put_number(peek_wide(0x46c, 4));
}

// Sectors at a place, as bytes; at most the 127 of a disk address packet.
static uint32_t sectors(uint32_t count) {
  return count > 127 ? 0 : count * 512;
}

// What the answer of a call that succeeded is, in memory.
static uint32_t answer(const struct call* call, uint32_t* at) {
  const uint16_t ax = (uint16_t)call->eax;
  const uint8_t ah = ax >> 8;
  if ((regs.flags & 1) != 0) return 0;
  if (regs.vector == 0x13 && ah == 0x02) {
    *at = linear(call->es, call->ebx);
    return sectors((uint8_t)ax);
  }
  if (regs.vector == 0x13 && ah == 0x42) {
    const uint32_t packet = linear(call->ds, call->esi);
    *at = linear((uint16_t)peek_wide(packet + 6, 2), peek_wide(packet + 4, 2));
    return sectors(peek_wide(packet + 2, 2));
  }
  if (regs.vector == 0x13 && ah == 0x48) {
    *at = linear(call->ds, call->esi);
    const uint32_t size = peek_wide(*at, 2);
    return size < 0x42 ? size : 0x42;
  }
  if (regs.vector == 0x15 && ax == 0xe820) {
    *at = linear(call->es, call->edi);
    return regs.ecx < 24 ? regs.ecx : 24;
  }
  if (regs.vector == 0x15 && ah == 0xc0) {
    *at = linear(regs.es, regs.ebx);
    return 2 + (peek_wide(*at, 2) & 0xff);
  }
  if (regs.vector == 0x10 && (uint16_t)regs.eax == 0x004f) {
    *at = linear(call->es, call->edi);
    if (ax == 0x4f00) return 20;
    if (ax == 0x4f01) return 50;
    if (ax == 0x4f15 && (uint8_t)call->ebx == 1) return 128;
  }
  return 0;
}

// The memory map may not give the agent's memory away.
static void guard_memory_map(const struct call* call) {
  uint16_t segment;
  __asm__("movw %%cs, %0" : "=r"(segment));
  if (regs.vector != 0x15 || (uint16_t)call->eax != 0xe820 || (regs.flags & 1) != 0) return;
  const uint32_t entry = linear(call->es, call->edi), ours = (uint32_t)segment << 4;
  const uint32_t base = peek_wide(entry, 4), size = peek_wide(entry + 8, 4);
  if (peek_wide(entry + 4, 4) != 0 || peek_wide(entry + 12, 4) != 0) return;
  if (peek_wide(entry + 16, 4) != 1 || base > ours || base + size <= ours) return;
  if (base + size > 0xa0000) return;
  poke_wide(entry + 8, ours - base);
}

// The drive number in DL, exchanged.
static uint32_t with_drive(uint32_t edx) {
  const uint8_t drive = (uint8_t)edx;
  const uint8_t other = drive == 0x80 ? first_disk : drive == first_disk ? 0x80 : drive;
  return (edx & ~(uint32_t)0xff) | other;
}

uint32_t log_call(void) {
  const uint16_t number = calls_made++;
  struct call* call = &calls[number % OPEN_CALLS];
  call->eax = regs.eax;
  call->ebx = regs.ebx;
  call->edx = regs.edx;
  call->esi = regs.esi;
  call->edi = regs.edi;
  call->ds = regs.ds;
  call->es = regs.es;
  call->number = number;
  const uint32_t old = old_vectors[regs.vector - FIRST_VECTOR];
  begin('C');
  put_number(number);
  put_number(regs.vector);
  put_far(regs.cs, regs.ip);
  put_far((uint16_t)(old >> 16), (uint16_t)old);
  put_registers();
  put_far(regs.ss, regs.sp);
  put_ticks();
  const uint8_t ah = (uint8_t)(regs.eax >> 8);
  const int packet = regs.vector == 0x13 && ah >= 0x42 && ah <= 0x47 && ah != 0x45 && ah != 0x46;
  put_memory(linear(regs.ds, regs.esi), packet ? 16 : 0);
  end();
  if (regs.vector == 0x13) regs.edx = with_drive(regs.edx);
  return number;
}

void log_return(void) {
  const struct call* call = &calls[regs.number % OPEN_CALLS];
  // Flags as they were on the stack: IRET took them from there. Others: RETF 2.
  enum { FLAGS = 0x0fd5 };
  const char how = regs.kept_flags ? 'f' : ((regs.popped ^ regs.flags) & FLAGS) == 0 ? 'i' : '2';
  const int known = call->number == regs.number;
  if (known) guard_memory_map(call);
  // AH=08 gives the number of drives in DL, the others leave it alone.
  if (known && regs.vector == 0x13 && (uint8_t)(call->eax >> 8) != 0x08 &&
      (uint8_t)regs.edx == (uint8_t)with_drive(call->edx)) {
    regs.edx = with_drive(regs.edx);
  }
  begin('R');
  put_number(regs.number);
  put(' ');
  put(how);
  put_registers();
  put_ticks();
  uint32_t at = 0;
  const uint32_t size = known ? answer(call, &at) : 0;
  put_memory(at, size);
  end();
}

// The port, the header line, and the number under which the next drive is found.
uint32_t agent_start(uint32_t booted) {
  enum { IER = 1, DLL = 0, DLM = 1, LCR = 3, MCR = 4, FCR = 2, DLAB = 0x80, EIGHT_BITS = 3 };
  if (config_port != DEBUG_PORT) {
    outb((uint16_t)(config_port + IER), 0);
    outb((uint16_t)(config_port + LCR), DLAB | EIGHT_BITS);
    outb((uint16_t)(config_port + DLL), (uint8_t)config_divisor);
    outb((uint16_t)(config_port + DLM), (uint8_t)(config_divisor >> 8));
    outb((uint16_t)(config_port + LCR), EIGHT_BITS);
    outb((uint16_t)(config_port + FCR), 0x07);  // FIFOs on and empty
    outb((uint16_t)(config_port + MCR), 0x03);  // DTR, RTS
  }
  uint32_t next = config_next;
  if (next == 0xff) next = booted < 0x80 ? 0x80 : booted + 1;
  begin('H');
  put_number(1);
  put_number(booted);
  put_number(next);
  put_number(peek_wide(0x413, 2));
  // The BIOS's date, at F000:FFF5.
  put(' ');
  for (unsigned i = 0; i < 8; ++i) {
    const char c = (char)peek(0xffff5 + i);
    put(c > ' ' && c < 0x7f && c != '*' && c != '~' ? c : '.');
  }
  end();
  if (next <= 0x80) return next;
  first_disk = (uint8_t)next;
  return 0x80;
}
