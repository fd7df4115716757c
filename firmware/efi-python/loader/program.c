// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: System V ABI, chapters 4 and 5 (ELF); its AMD64 supplement 3.4 (the first stack);
// getauxval(3).
#include "firmware/efi-python/loader/program.h"

#include "firmware/efi-python/loader/arena.h"
#include "firmware/efi-python/loader/machine.h"
#include "firmware/efi-python/loader/paths.h"
#include "firmware/efi-python/loader/random.h"
#include "firmware/efi-python/loader/runtime.h"

typedef struct {
  uint8_t ident[16];
  uint16_t type, machine;
  uint32_t version;
  uint64_t entry, program_headers, section_headers;
  uint32_t flags;
  uint16_t header_bytes, program_header_bytes, program_header_count, rest[3];
} ElfHeader;
typedef struct {
  uint32_t type, flags;
  uint64_t offset, address, physical, file_bytes, memory_bytes, alignment;
} ProgramHeader;
enum { kMachineX86_64 = 62, kSharedObject = 3, kLoad = 1, kInterpreter = 3, kMostHeaders = 32 };

typedef struct {
  uint64_t base, entry, headers, header_count;
  char interpreter[128];
} Image;

static bool fail(const char* path, const char* what) {
  print("efi-python: %s: %s\n", path, what);
  return false;
}

static bool load_segments(Node* node, const ProgramHeader* headers, const ElfHeader* elf,
                          Image* image, const char* path) {
  uint64_t low = UINT64_MAX, high = 0;
  for (unsigned i = 0; i < elf->program_header_count; ++i) {
    if (headers[i].type != kLoad) continue;
    if (headers[i].address < low) low = headers[i].address;
    if (headers[i].address + headers[i].memory_bytes > high)
      high = headers[i].address + headers[i].memory_bytes;
  }
  if (low >= high || low % kPageBytes != 0) return fail(path, "has no sound segments");
  image->base = arena_map(high - low, kArenaZeroed);
  if (image->base == 0) return fail(path, "does not fit into memory");
  image->base -= low;
  for (unsigned i = 0; i < elf->program_header_count; ++i) {
    const ProgramHeader* const h = &headers[i];
    if (h->type != kLoad) continue;
    if (h->file_bytes > h->memory_bytes ||
        node_read(node, (void*)(image->base + h->address), h->file_bytes, h->offset) !=
            (int64_t)h->file_bytes) {
      return fail(path, "cannot be read");
    }
    if (elf->program_headers >= h->offset && elf->program_headers < h->offset + h->file_bytes)
      image->headers = image->base + h->address + elf->program_headers - h->offset;
  }
  return true;
}

static bool load_image(const char* path, Image* image) {
  Place place;
  if (path_find(AT_CURRENT_DIRECTORY, path, true, &place) != 0 || place.on_esp)
    return fail(path, "is not in the archive");
  ElfHeader elf;
  ProgramHeader headers[kMostHeaders];
  if (node_read(place.node, &elf, sizeof elf, 0) != sizeof elf ||
      memcmp(elf.ident, "\177ELF\2\1", 6) != 0 || elf.machine != kMachineX86_64) {
    return fail(path, "is no 64-bit ELF program");
  }
  // A program with fixed addresses would have to lie on the firmware's own.
  if (elf.type != kSharedObject) return fail(path, "is not position-independent");
  const uint64_t bytes = elf.program_header_count * sizeof headers[0];
  if (elf.program_header_bytes != sizeof headers[0] || elf.program_header_count > kMostHeaders ||
      node_read(place.node, headers, bytes, elf.program_headers) != (int64_t)bytes) {
    return fail(path, "has bad program headers");
  }
  for (unsigned i = 0; i < elf.program_header_count; ++i) {
    if (headers[i].type != kInterpreter) continue;
    if (headers[i].file_bytes >= sizeof image->interpreter ||
        node_read(place.node, image->interpreter, headers[i].file_bytes, headers[i].offset) < 0) {
      return fail(path, "has a bad name of its dynamic linker");
    }
  }
  image->header_count = elf.program_header_count;
  if (!load_segments(place.node, headers, &elf, image, path)) return false;
  image->entry = image->base + elf.entry;
  return true;
}

static uint64_t push_text(uint64_t* at, const char* text) {
  const uint64_t bytes = strlen(text) + 1;
  *at -= bytes;
  memcpy((void*)*at, text, bytes);
  return *at;
}

// Without a source of random numbers the pointer guard and the stack protector get what is there:
// nobody else runs on this machine.
static uint64_t push_random_bytes(uint64_t* at) {
  *at = (*at & ~15ull) - 16;
  uint64_t* const words = (uint64_t*)*at;
  if (!random_fill(words, 16)) {
    words[0] = read_tsc() * 0x9e3779b97f4a7c15;
    words[1] = read_tsc() ^ *at;
  }
  return *at;
}

static bool make_stack(const Program* program, const Image* image, const Image* linker,
                       Entry* entry) {
  enum {
    kNull = 0,
    kHeaders = 3,
    kHeaderBytes = 4,
    kHeaderCount = 5,
    kPageSize = 6,
    kLinkerBase = 7,
    kFlags = 8,
    kEntry = 9,
    kUser = 11,
    kGroup = 13,
    kPlatform = 15,
    kProcessor = 16,
    kClockTicks = 17,
    kSecure = 23,
    kRandom = 25,
    kProcessor2 = 26,
    kFileName = 31,
    kLeastSignalStack = 51,
    // Ours, for the module _efi: "EFI" and a number.
    kSystemTable = 0x45464901,
    kImageHandle = 0x45464902,
  };
  const uint64_t stack = arena_map(kStackBytes, kArenaUnset);
  if (stack == 0) return fail(program->path, "there is no memory for its stack");
  uint64_t at = stack + kStackBytes - 16;
  memset((void*)at, 0, 16);
  uint32_t features[4];
  cpuid(1, features);
  const uint64_t name = push_text(&at, program->path), platform = push_text(&at, "x86_64");
  uint64_t arguments[kMostArguments], environment[kMostArguments];
  for (unsigned i = 0; i < program->argument_count; ++i)
    arguments[i] = push_text(&at, program->arguments[i]);
  for (unsigned i = 0; i < program->environment_count; ++i)
    environment[i] = push_text(&at, program->environment[i]);
  const uint64_t random = push_random_bytes(&at);
  const uint64_t auxiliary[][2] = {
      {kHeaders, image->headers},
      {kHeaderBytes, sizeof(ProgramHeader)},
      {kHeaderCount, image->header_count},
      {kPageSize, kPageBytes},
      {kLinkerBase, linker->base},
      {kFlags, 0},
      {kEntry, image->entry},
      {kUser, 0},
      {kUser + 1, 0},
      {kGroup, 0},
      {kGroup + 1, 0},
      {kPlatform, platform},
      {kProcessor, features[3]},
      {kClockTicks, 100},
      {kSecure, 0},
      {kRandom, random},
      {kProcessor2, 0},
      {kFileName, name},
      {kLeastSignalStack, 2048},
      {kSystemTable, (uint64_t)firmware.system},
      {kImageHandle, (uint64_t)firmware.image},
      {kNull, 0},
  };
  const uint64_t words = 1 + program->argument_count + 1 + program->environment_count + 1 +
                         sizeof auxiliary / sizeof(uint64_t);
  at = (at - words * sizeof(uint64_t)) & ~15ull;
  entry->rsp = at;
  uint64_t* word = (uint64_t*)at;
  *word++ = program->argument_count;
  for (unsigned i = 0; i < program->argument_count; ++i) *word++ = arguments[i];
  *word++ = 0;
  for (unsigned i = 0; i < program->environment_count; ++i) *word++ = environment[i];
  *word++ = 0;
  memcpy(word, auxiliary, sizeof auxiliary);
  return true;
}

bool program_load(const Program* program, Entry* entry) {
  Image image = {0}, linker = {0};
  if (!load_image(program->path, &image)) return false;
  if (image.interpreter[0] != 0 && !load_image(image.interpreter, &linker)) return false;
  entry->rip = image.interpreter[0] != 0 ? linker.entry : image.entry;
  return make_stack(program, &image, &linker, entry);
}
