// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: Intel SDM vol. 3A sections 3.5.1 (GDT), 6.14 (IDT and IST), 7.7 (64-bit TSS), 5.8.8
// (SYSCALL).
#include "firmware/efi-python/loader/interrupts.h"

#include "firmware/efi-python/loader/arena.h"
#include "firmware/efi-python/loader/frames.h"
#include "firmware/efi-python/loader/machine.h"
#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/signals.h"
#include "firmware/efi-python/loader/threads.h"

typedef struct __attribute__((packed)) {
  uint16_t limit;
  uint64_t base;
} TableRegister;
typedef struct {
  uint16_t offset_low, selector;
  uint8_t ist, type;
  uint16_t offset_middle;
  uint32_t offset_high, reserved;
} Gate;
typedef struct __attribute__((packed)) {
  uint32_t reserved0;
  uint64_t rsp[3], reserved1, ist[7], reserved2;
  uint16_t reserved3, io_map;
} TaskState;

enum { kVectors = 256, kMostSegments = 120, kStackBytes = 16 << 10 };
enum { kInterruptGate = 0x8e, kPresentGate = 0x80 };
static const uint64_t kCode64 = 0x00af9b000000ffff;
static const uint64_t kData = 0x00cf93000000ffff;

extern uint64_t old_handlers[kVectors];

static struct {
  TableRegister gdt, idt;
  uint64_t efer, star, lstar, fmask, fs_base;
  uint16_t code_selector, data_selector;
} firmwares;
static uint64_t gdt[kMostSegments + 4];
static _Alignas(16) Gate idt[kVectors];
static TaskState task_state;
static _Alignas(16) uint8_t interrupt_stack[kStackBytes];

static void make_gdt(void) {
  // The firmware's segments stay where they are: its handlers push and load their selectors.
  // SYSCALL loads CS with STAR's selector and SS with the one behind it.
  uint64_t segments = (firmwares.gdt.limit + 1u) / 8;
  if (segments > kMostSegments) segments = kMostSegments;
  memcpy(gdt, (const void*)firmwares.gdt.base, segments * 8);
  gdt[segments] = kCode64;
  gdt[segments + 1] = kData;
  const uint64_t base = (uint64_t)&task_state;
  static const uint64_t kAvailableTask = 0x89ull << 40;
  gdt[segments + 2] = (sizeof task_state - 1) | (base & 0xffffff) << 16 | kAvailableTask |
                      (base >> 24 & 0xff) << 56;
  gdt[segments + 3] = base >> 32;
  task_state.ist[0] = (uint64_t)(interrupt_stack + sizeof interrupt_stack);
  task_state.io_map = sizeof task_state;
  const TableRegister table = {(uint16_t)((segments + 4) * 8 - 1), (uint64_t)gdt};
  __asm__ volatile("lgdt %0; ltr %1" : : "m"(table), "r"((uint16_t)((segments + 2) * 8)));
  write_msr(kMsrStar, segments * 8 << 32);
}

static void make_idt(void) {
  unsigned gates = (firmwares.idt.limit + 1u) / sizeof(Gate);
  if (gates > kVectors) gates = kVectors;
  memcpy(idt, (const void*)firmwares.idt.base, gates * sizeof(Gate));
  for (unsigned i = 0; i < gates; ++i) {
    Gate* const gate = &idt[i];
    if ((gate->type & kPresentGate) == 0) continue;
    old_handlers[i] =
        gate->offset_low | (uint64_t)gate->offset_middle << 16 | (uint64_t)gate->offset_high << 32;
    const uint64_t stub = (uint64_t)(interrupt_stubs + 16 * i);
    gate->offset_low = (uint16_t)stub;
    gate->offset_middle = (uint16_t)(stub >> 16);
    gate->offset_high = (uint32_t)(stub >> 32);
    gate->ist = 1;
    gate->type = kInterruptGate;
    gate->selector = firmwares.code_selector;
  }
  const TableRegister table = {(uint16_t)(gates * sizeof(Gate) - 1), (uint64_t)idt};
  __asm__ volatile("lidt %0" : : "m"(table));
}

void interrupts_take_over(void) {
  disable_interrupts();
  __asm__ volatile("sgdt %0; sidt %1" : "=m"(firmwares.gdt), "=m"(firmwares.idt));
  __asm__ volatile("movw %%cs, %0; movw %%ss, %1"
                   : "=r"(firmwares.code_selector), "=r"(firmwares.data_selector));
  firmwares.efer = read_msr(kMsrEfer);
  firmwares.star = read_msr(kMsrStar);
  firmwares.lstar = read_msr(kMsrLstar);
  firmwares.fmask = read_msr(kMsrFmask);
  firmwares.fs_base = read_msr(kMsrFsBase);
  make_gdt();
  make_idt();
  static const uint64_t kSystemCallEnable = 1;
  static const uint64_t kClearedFlags = 0x44700;  // AC, NT, DF, IF, TF
  write_msr(kMsrLstar, (uint64_t)call_entry);
  write_msr(kMsrFmask, kClearedFlags);
  write_msr(kMsrEfer, firmwares.efer | kSystemCallEnable);
  enable_interrupts();
}

void interrupts_give_back(void) {
  disable_interrupts();
  __asm__ volatile("lidt %0" : : "m"(firmwares.idt));
  // The program's system calls have left CS and SS on segments that the firmware's GDT has not.
  __asm__ volatile(
      "movw %0, %%ss\n\t"
      "pushq %1\n\t"
      "leaq 1f(%%rip), %%rax\n\t"
      "pushq %%rax\n\t"
      "lretq\n"
      "1:"
      :
      : "r"(firmwares.data_selector), "r"((uint64_t)firmwares.code_selector)
      : "rax", "memory");
  __asm__ volatile("lgdt %0" : : "m"(firmwares.gdt));
  write_msr(kMsrEfer, firmwares.efer);
  write_msr(kMsrStar, firmwares.star);
  write_msr(kMsrLstar, firmwares.lstar);
  write_msr(kMsrFmask, firmwares.fmask);
  write_msr(kMsrFsBase, firmwares.fs_base);
  enable_interrupts();
}

bool at_application_tpl(void) {
  const uint64_t tpl = firmware.boot->raise_tpl(kTplHighLevel);
  firmware.boot->restore_tpl(tpl);
  return tpl == kTplApplication;
}

// From entry.asm, on the program's stack. Interrupts are off; the program's may have been, or it
// may be a callback of the firmware at a higher TPL: then there is nothing to do.
void interrupted(InterruptFrame* frame) {
  if ((frame->rflags & RFLAGS_IF) == 0) return;
  enable_interrupts();
  if (at_application_tpl()) threads_tick();
  disable_interrupts();
}

static bool has_error_code(uint64_t vector) {
  static const uint32_t kWithCode = 1u << 8 | 0x1fu << 10 | 1u << 17 | 1u << 21 | 3u << 29;
  return (kWithCode >> vector & 1) != 0;
}

_Noreturn void exception(const ExceptionFrame* frame) {
  static const char* const kNames[] = {"rax", "rcx", "rdx", "rbx", "rbp", "rsi", "rdi", "r8",
                                       "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
  const bool code = has_error_code(frame->vector);
  const uint64_t* const processor = frame->processor + (code ? 1 : 0);
  uint64_t cr2;
  __asm__ volatile("movq %%cr2, %0" : "=r"(cr2));
  enable_interrupts();
  const bool ours = arena_contains(processor[0], 1);
  print("\nefi-python: exception %d at %x in %s", frame->vector, processor[0],
        ours ? "the program" : "the firmware or the loader");
  if (frame->vector == 14) print(", address %x", cr2);
  if (code) print(", error code %x", frame->processor[0]);
  print("\n");
  for (unsigned i = 0; i < 15; ++i) {
    print("%s %016x%s", kNames[i], (&frame->rax)[-(int)i], i % 4 == 3 ? "\n" : "  ");
  }
  print("rsp %016x\n", processor[3]);
  if (ours) {
    const uint64_t* const stack = (const uint64_t*)(processor[3] & ~7ull);
    for (unsigned i = 0; i < 24; ++i) print("%016x%s", stack[i], i % 4 == 3 ? "\n" : " ");
  }
  leave_program(128 + kSigSegv);
}
