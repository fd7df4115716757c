// SPDX-License-Identifier: LGPL-2.1-or-later
// Words are separated by blanks or new lines; quotes '"' keep blanks in a word. Words before the
// first one that the loader does not know are its own: --shutdown, --debug (system calls to port
// 402), --no-red-zone (for the test that shows what the protection is for), NAME=VALUE
// (environment).
#include "firmware/efi-python/loader/command_line.h"

#include "firmware/efi-python/loader/abi.h"
#include "firmware/efi-python/loader/esp.h"
#include "firmware/efi-python/loader/fw_cfg.h"
#include "firmware/efi-python/loader/interrupts.h"
#include "firmware/efi-python/loader/random.h"
#include "firmware/efi-python/loader/runtime.h"

enum { kMostBytes = 8192 };
static char text[kMostBytes];
static CommandLine line;

static bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// The next word, unquoted in its place; NULL at the end.
static char* next_word(char** at) {
  while (blank(**at)) ++*at;
  if (**at == 0) return NULL;
  char* const word = *at;
  char* to = word;
  bool quoted = false;
  while (**at != 0 && (quoted || !blank(**at))) {
    if (**at == '"') {
      quoted = !quoted;
    } else {
      *to++ = **at;
    }
    ++*at;
  }
  if (**at != 0) ++*at;
  *to = 0;
  return word;
}

static bool is_assignment(const char* word) {
  if (!((*word >= 'A' && *word <= 'Z') || *word == '_')) return false;
  while ((*word >= 'A' && *word <= 'Z') || (*word >= '0' && *word <= '9') || *word == '_') ++word;
  return *word == '=';
}

static bool add(const char** list, unsigned* count, const char* word) {
  if (*count == kMostArguments) {
    print("efi-python: there are more than %d arguments or variables\n", (int64_t)kMostArguments);
    return false;
  }
  list[(*count)++] = word;
  return true;
}

static bool is_own(const char* word) {
  if (strcmp(word, "--shutdown") == 0) {
    line.shut_down = true;
  } else if (strcmp(word, "--debug") == 0) {
    debug_enabled = true;
  } else if (strcmp(word, "--no-red-zone") == 0) {
    red_zone = 0;
  } else {
    return false;
  }
  return true;
}

static bool read_load_options(void) {
  static const EfiGuid kLoadedImage = EFI_LOADED_IMAGE_GUID;
  void* found = NULL;
  if (firmware.boot->handle_protocol(firmware.image, &kLoadedImage, &found) != 0) return false;
  const EfiLoadedImage* const image = found;
  const EfiChar* const options = image->load_options;
  const unsigned characters = image->load_options_bytes / 2;
  // A boot option may carry bytes of any kind; the shell's are a text that ends in 0.
  if (options == NULL || characters < 2 || options[characters - 1] != 0) return false;
  for (unsigned i = 0; i + 1 < characters; ++i) {
    if (options[i] < ' ') return false;
  }
  if (!from_efi_text(options, text, sizeof text)) return false;
  // The first word is the application's own name.
  char* at = text;
  next_word(&at);
  memmove(text, at, strlen(at) + 1);
  return text[0] != 0;
}

static bool read_fw_cfg(void) {
  const int64_t count = fw_cfg_read("opt/efi-python/arguments", text, sizeof text - 1);
  if (count < 0) return false;
  text[count] = 0;
  return true;
}

static void read_file(void) {
  int64_t error = 0;
  uint64_t position = 0;
  File* const file = esp_open("\\efi-python\\arguments", kOpenReadOnly, &error);
  if (file == NULL) return;
  const int64_t count = file_read(file, text, sizeof text - 1, &position);
  text[count < 0 ? 0 : count] = 0;
  file_release(file);
}

const CommandLine* command_line_read(Program* program) {
  static const char* const kEnvironment[] = {
      "HOME=/root",
      "PATH=/usr/bin",
      "TERM=vt100",
      "LANG=C.UTF-8",
      "PYTHONUTF8=1",
      "TZ=UTC",
      // One heap: each thread would reserve 64 MB of addresses for its own, and addresses are
      // memory.
      // Large blocks go back to the arena when they are freed; by itself the C library would keep
      // ever larger ones.
      "GLIBC_TUNABLES=glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=1048576",
  };
  const char** const environment = program->environment;
  if (!read_load_options() && !read_fw_cfg()) read_file();
  if (!add(program->arguments, &program->argument_count, "python3")) return NULL;
  for (unsigned i = 0; i < sizeof kEnvironment / sizeof kEnvironment[0]; ++i)
    add(environment, &program->environment_count, kEnvironment[i]);
  // Python refuses to start without random numbers for its hashes, unless it is told not to. With
  // the seed 0 Expat would look for some itself, and end the program.
  if (!random_available()) add(environment, &program->environment_count, "PYTHONHASHSEED=1");
  // Python runs it before the first prompt.
  AbiStat stat;
  if (esp_describe("\\startup.py", &stat) == 0)
    add(environment, &program->environment_count, "PYTHONSTARTUP=/esp/startup.py");
  char* at = text;
  bool own = true;
  for (char* word = next_word(&at); word != NULL; word = next_word(&at)) {
    if (own && is_own(word)) continue;
    if (own && is_assignment(word)) {
      if (!add(environment, &program->environment_count, word)) return NULL;
      continue;
    }
    own = false;
    if (!add(program->arguments, &program->argument_count, word)) return NULL;
  }
  return &line;
}
