// SPDX-License-Identifier: LGPL-2.1-or-later
// The processor's tables while the program runs: interrupts around its red zone, system calls,
// exceptions.
#pragma once

#include <stdbool.h>
#include <stdint.h>

void interrupts_take_over(void);
void interrupts_give_back(void);

// entry.asm's.
extern uint64_t red_zone;
extern uint64_t interrupt_count, program_interrupt_count;

bool at_application_tpl(void);
