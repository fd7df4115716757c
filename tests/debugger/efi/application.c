// SPDX-License-Identifier: LGPL-2.1-or-later
// An EFI application for the debugger's test: it tells a port that it is there, and calls a
// function.

static int sum_to(int last) {
  int sum = 0;
  for (int i = 1; i <= last; ++i) sum += i;
  return sum;
}

static void post(unsigned char code) {
  __asm__ volatile("outb %0, $0x80" : : "a"(code));
}

// Where the optimiser cannot see what becomes of it.
volatile int result, last = 10;

__attribute__((noinline)) void calculate(int number) {
  result = sum_to(number);
}

unsigned long long efi_main(void* image, void* system_table) {
  (void)image;
  (void)system_table;
  post(0x5a);
  calculate(last);
  return 0;
}
