// SPDX-License-Identifier: LGPL-2.1-or-later
// The test kernel of the boot disk: says what the boot loader told it, checks it, and ends the
// machine. It writes to VGA text memory, COM1 and port E9 alike. Reference: Multiboot Specification
// 0.6.96.
#include <stdint.h>

static inline void outb(uint16_t port, uint8_t value) {
  __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
static inline uint8_t inb(uint16_t port) {
  uint8_t value;
  __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

enum {
  kColumns = 80,
  kRows = 25,
  kCom1 = 0x3f8,
  kBochsConsole = 0xe9,
  kDebugExit = 0x501,
  kBochsShutdown = 0x8900
};
enum { kLoaderMagic = 0x2badb002, kInfoMemory = 1 << 0, kInfoMap = 1 << 6 };

struct multiboot_info {
  uint32_t flags, mem_lower, mem_upper, boot_device, cmdline, mods_count, mods_addr, syms[4],
      mmap_length, mmap_addr;
};
struct memory_map_entry {
  uint32_t size;  // of the rest
  uint64_t base, length;
  uint32_t type;
} __attribute__((packed));

static volatile uint16_t* const screen = (volatile uint16_t*)0xb8000;
static unsigned row, column;

static void serial_put(char c) {
  for (unsigned i = 0; i < 100000 && (inb(kCom1 + 5) & 0x20) == 0; ++i) {
  }
  outb(kCom1, (uint8_t)c);
}

static void put(char c) {
  outb(kBochsConsole, (uint8_t)c);
  if (c == '\n') serial_put('\r');
  serial_put(c);
  if (c == '\n' || column == kColumns) {
    column = 0;
    if (row < kRows - 1) ++row;
  }
  if (c != '\n') screen[row * kColumns + column++] = (uint16_t)(0x0700 | (uint8_t)c);
}

static void print(const char* text) {
  while (*text) put(*text++);
}

static void print_hex(uint64_t value) {
  for (int shift = 60; shift >= 0; shift -= 4) put("0123456789abcdef"[value >> shift & 15]);
}

static void end_machine(uint8_t code) {
  outb(kDebugExit, code);
  for (const char* word = "Shutdown"; *word; ++word) outb(kBochsShutdown, (uint8_t)*word);
}

static int failures;
static void check(int good, const char* what) {
  if (good) return;
  print("FAILED: ");
  print(what);
  put('\n');
  ++failures;
}

void kernel_main(uint32_t magic, const struct multiboot_info* info) {
  for (unsigned i = 0; i < kColumns * kRows; ++i) screen[i] = 0x0720;
  outb(kCom1 + 1, 0);     // no interrupts
  outb(kCom1 + 3, 0x80);  // divisor latch: 115200 baud
  outb(kCom1, 1);
  outb(kCom1 + 1, 0);
  outb(kCom1 + 3, 0x03);  // 8N1
  outb(kCom1 + 2, 0xc7);  // FIFO on and empty

  print("ice86 test kernel\n");
  check(magic == kLoaderMagic, "the boot loader's magic number");
  check((info->flags & kInfoMemory) && info->mem_lower >= 512 && info->mem_lower <= 640,
        "lower memory");
  check((info->flags & kInfoMap) && info->mmap_length >= sizeof(struct memory_map_entry),
        "a memory map");
  uint64_t usable = 0, end_of_last = 0;
  if (info->flags & kInfoMap) {
    for (uint32_t at = info->mmap_addr; at < info->mmap_addr + info->mmap_length;) {
      const struct memory_map_entry* entry = (const struct memory_map_entry*)at;
      print_hex(entry->base);
      print(" + ");
      print_hex(entry->length);
      print(entry->type == 1 ? " usable\n" : entry->type == 3 ? " ACPI\n" : " reserved\n");
      check(entry->length != 0 && entry->base + entry->length > entry->base,
            "an entry of some length");
      check(entry->base >= end_of_last, "entries in order");
      end_of_last = entry->base + entry->length;
      if (entry->type == 1) usable += entry->length;
      at += entry->size + sizeof(entry->size);
    }
  }
  print("usable bytes: ");
  print_hex(usable);
  put('\n');
  check(usable >= (uint64_t)info->mem_upper * 1024, "as much usable memory as the loader says");
  print(failures == 0 ? "ice86 test kernel: ok\n" : "ice86 test kernel: failed\n");
  end_machine(failures == 0 ? 0x10 : 0x11);
}
