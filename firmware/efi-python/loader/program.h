// SPDX-License-Identifier: LGPL-2.1-or-later
// Loads the program, its dynamic linker and its first stack, as execve(2) does.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { kMostArguments = 64 };

typedef struct {
  const char* path;
  const char* arguments[kMostArguments];
  unsigned argument_count;
  const char* environment[kMostArguments];
  unsigned environment_count;
} Program;

typedef struct {
  uint64_t rip, rsp;
} Entry;

enum { kStackBytes = 4 << 20 };

// Prints what is wrong.
bool program_load(const Program* program, Entry* entry);
