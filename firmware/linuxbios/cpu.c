// SPDX-License-Identifier: LGPL-2.1-or-later
// Memory types and caches, and the local APIC.
// Reference: Intel SDM vol. 3A sections 11.11 (MTRRs), 11.5.3 and 10.4 to 10.5; vol. 2A CPUID;
// Intel MultiProcessor Specification 1.4, section 3.6.2.2 (virtual wire mode).
#include "firmware/common/console.h"
#include "firmware/linuxbios/linuxbios.h"

enum {
  MTRR_CAP = 0xfe,
  MTRR_BASE0 = 0x200,
  MTRR_FIX_64K_00000 = 0x250,
  MTRR_FIX_16K_80000 = 0x258,
  MTRR_FIX_16K_A0000 = 0x259,
  MTRR_FIX_4K_C0000 = 0x268,
  MTRR_DEF_TYPE = 0x2ff
};
enum { UNCACHEABLE = 0, WRITE_PROTECTED = 5, WRITE_BACK = 6 };
enum { DEF_TYPE_FIXED = 0x400, DEF_TYPE_ENABLE = 0x800, MASK_VALID = 0x800 };
enum { CPUID_MSR = 1 << 5, CPUID_APIC = 1 << 9, CPUID_MTRR = 1 << 12 };
enum { APIC_BASE = 0x1b, APIC_BASE_ENABLE = 0x800 };
enum { APIC_SPURIOUS = 0xf0, APIC_LINT0 = 0x350, APIC_LINT1 = 0x360 };

static void cpuid(uint32_t leaf, uint32_t out[4]) {
  __asm__ volatile("cpuid"
                   : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                   : "0"(leaf), "2"(0));
}
static uint64_t read_msr(uint32_t index) {
  uint32_t low, high;
  __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(index));
  return low | (uint64_t)high << 32;
}
static void write_msr(uint32_t index, uint64_t value) {
  __asm__ volatile("wrmsr" : : "c"(index), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

// A CPU without CPUID keeps the ID flag at 0 (SDM vol. 1 section 20.1.2).
static bool has_cpuid(void) {
  uint32_t before, after;
  __asm__ volatile(
      "pushfl\n\tpopl %0\n\tmovl %0, %1\n\txorl $0x200000, %1\n\tpushl %1\n\tpopfl\n\t"
      "pushfl\n\tpopl %1\n\tpushl %0\n\tpopfl"
      : "=&r"(before), "=&r"(after));
  return ((before ^ after) & 0x200000) != 0;
}

static unsigned set_variable(unsigned number, unsigned count, uint64_t start, uint64_t size,
                             uint64_t address_mask) {
  // A range is a power of two on a multiple of its size: from 0 upwards, the largest first.
  while (size >= 0x100000 && number < count) {
    uint64_t block = (uint64_t)1 << 63;
    while (block > size) block >>= 1;
    while ((start & (block - 1)) != 0) block >>= 1;
    write_msr(MTRR_BASE0 + number * 2, start | WRITE_BACK);
    write_msr(MTRR_BASE0 + number * 2 + 1, (~(block - 1) & address_mask) | MASK_VALID);
    ++number;
    start += block;
    size -= block;
  }
  return number;
}

static void mtrr_init(const Memory* memory, uint32_t largest_extended_leaf) {
  unsigned bits = 36;
  if (largest_extended_leaf >= 0x80000008u) {
    uint32_t leaf[4];
    cpuid(0x80000008u, leaf);
    bits = leaf[0] & 0xff;
  }
  const uint64_t address_mask = ((uint64_t)1 << bits) - 1;
  const uint64_t capabilities = read_msr(MTRR_CAP);
  const unsigned count = capabilities & 0xff;
  const bool fixed = (capabilities & 0x100) != 0;

  write_msr(MTRR_DEF_TYPE, UNCACHEABLE);
  __asm__ volatile("wbinvd" : : : "memory");
  const uint64_t kWriteBack8 = 0x0606060606060606u, kWriteProtected8 = 0x0505050505050505u;
  if (fixed) {
    write_msr(MTRR_FIX_64K_00000, kWriteBack8);
    write_msr(MTRR_FIX_16K_80000, kWriteBack8);
    write_msr(MTRR_FIX_16K_A0000, 0);  // the frame buffer
    for (unsigned i = 0; i < 8; ++i) write_msr(MTRR_FIX_4K_C0000 + i, kWriteProtected8);
  }
  unsigned used = set_variable(0, count, 0, memory->below_4g, address_mask);
  used = set_variable(used, count, (uint64_t)1 << 32, memory->above_4g, address_mask);
  for (unsigned i = used; i < count; ++i) write_msr(MTRR_BASE0 + i * 2 + 1, 0);
  write_msr(MTRR_DEF_TYPE, DEF_TYPE_ENABLE | (fixed ? DEF_TYPE_FIXED : 0u) | UNCACHEABLE);
  print("CPU: %u of %u MTRRs set\n", used, count);
}

// A local APIC that is on passes no interrupt of the 8259 pair on by itself: LINT0 has to be told.
// What follows may be a BIOS from before there were APICs.
static uint32_t virtual_wire(void) {
  const uint64_t base = read_msr(APIC_BASE);
  if ((base & APIC_BASE_ENABLE) == 0 || (base >> 32) != 0) return 0;
  volatile uint32_t* const apic = (volatile uint32_t*)((uint32_t)base & 0xfffff000u);
  apic[APIC_SPURIOUS / 4] = 0x1ff;  // software enable, vector FFh
  apic[APIC_LINT0 / 4] = 0x700;     // ExtINT
  apic[APIC_LINT1 / 4] = 0x400;     // NMI
  print("CPU: local APIC at %08x, virtual wire\n", (uint32_t)base & 0xfffff000u);
  return (uint32_t)base & 0xfffff000u;
}

CpuInfo cpu_init(const Memory* memory) {
  CpuInfo info = {0, 0, 0};
  uint32_t leaf[4], vendor[4], extended[4];
  if (!has_cpuid()) {
    print("CPU: no CPUID\n");
    return info;
  }
  cpuid(0, vendor);
  char name[13];
  for (unsigned i = 0; i < 4; ++i) {
    name[i] = (char)(vendor[1] >> i * 8);
    name[4 + i] = (char)(vendor[3] >> i * 8);
    name[8 + i] = (char)(vendor[2] >> i * 8);
  }
  name[12] = 0;
  cpuid(1, leaf);
  cpuid(0x80000000u, extended);
  info.signature = leaf[0];
  info.features = leaf[3];
  print("CPU: %s, signature %08x, features %08x\n", name, leaf[0], leaf[3]);
  // Caches first off, then the types, then on: CD and NW in CR0.
  __asm__ volatile(
      "movl %%cr0, %%eax\n\torl $0x40000000, %%eax\n\tandl $0xdfffffff, %%eax\n\tmovl %%eax, "
      "%%cr0\n\twbinvd"
      :
      :
      : "eax", "memory");
  if ((leaf[3] & CPUID_MTRR) != 0 && (leaf[3] & CPUID_MSR) != 0) {
    mtrr_init(memory, extended[0] >= 0x80000000u ? extended[0] : 0);
  }
  if ((leaf[3] & CPUID_APIC) != 0 && (leaf[3] & CPUID_MSR) != 0) {
    info.local_apic = virtual_wire();
  }
  __asm__ volatile("movl %%cr0, %%eax\n\tandl $0x9fffffff, %%eax\n\tmovl %%eax, %%cr0"
                   :
                   :
                   : "eax", "memory");
  return info;
}
