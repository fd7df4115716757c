// SPDX-License-Identifier: LGPL-2.1-or-later
// What a C program finds in its library: memory, text, messages. And the firmware's tables.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/efi-python/loader/efi.h"

typedef struct {
  EfiHandle image;
  EfiSystemTable* system;
  EfiBootServices* boot;
  EfiRuntimeServices* runtime;
  EfiHandle device;  // where the application was loaded from
  EfiFile* volume;   // its file system
} Firmware;
extern Firmware firmware;

void* memcpy(void* to, const void* from, size_t bytes);
void* memmove(void* to, const void* from, size_t bytes);
void* memset(void* to, int value, size_t bytes);
int memcmp(const void* a, const void* b, size_t bytes);
size_t strlen(const char* text);
int strcmp(const char* a, const char* b);

// From the firmware's pool, all zeros; NULL when there is none left.
void* allocate(uint64_t bytes);
void* reallocate(void* block, uint64_t old_bytes, uint64_t bytes);
void release(void* block);

// %s %c %d %x (64 bits each; %04x pads with zeros). `print` writes to the console; `debug` to port
// 402, where OVMF writes its own messages, and only when that is asked for.
void print(const char* format, ...);
void debug(const char* format, ...);
extern bool debug_enabled;

// UTF-8 to UCS-2 with the terminating 0; false when it does not fit. Characters beyond UCS-2 become
// question marks.
bool to_efi_text(const char* text, EfiChar* out, size_t characters);
// The other way.
bool from_efi_text(const EfiChar* text, char* out, size_t bytes);
