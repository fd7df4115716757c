// SPDX-License-Identifier: LGPL-2.1-or-later
// The memory functions of the C library that firmware uses.
#pragma once

#include <stddef.h>

void* memcpy(void* to, const void* from, size_t size);
void* memmove(void* to, const void* from, size_t size);
void* memset(void* to, int value, size_t size);
int memcmp(const void* left, const void* right, size_t size);
size_t strlen(const char* text);
