// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: termios(3); UEFI 2.10 sections 12.2 and 12.3; the key sequences are xterm's.
#include "firmware/efi-python/loader/terminal.h"

#include "firmware/efi-python/loader/abi.h"
#include "firmware/efi-python/loader/clock.h"
#include "firmware/efi-python/loader/console.h"
#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/signals.h"
#include "firmware/efi-python/loader/threads.h"

enum {
  kInputCrToNl = 0x100,
  kOutputPost = 0x1,
  kLocalSignals = 0x1,
  kLocalCanonical = 0x2,
  kLocalEcho = 0x8,
};
enum { kCharInterrupt, kCharQuit, kCharErase, kCharKill, kCharEnd, kCharWords = 14 };

// The structure of ioctl TCGETS.
typedef struct {
  uint32_t input, output, control, local;
  uint8_t discipline;
  uint8_t characters[19];
} Settings;

typedef struct {
  Settings settings;
  uint8_t ready[4096];  // what read() gets
  unsigned ready_count;
  uint8_t line[1024];  // being edited, in canonical mode
  unsigned line_count;
  bool end_of_file;
  EfiTextInputEx* keys;
} Terminal;
static Terminal terminal = {
    .settings =
        {0x500, 0x5, 0xbf, 0x8a3b, 0, {3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22}},
};

void terminal_start(void) {
  static const EfiGuid kTextInputEx = EFI_TEXT_INPUT_EX_GUID;
  void* keys = NULL;
  if (firmware.boot->handle_protocol(firmware.system->console_in_handle, &kTextInputEx, &keys) == 0)
    terminal.keys = keys;
}

static void echo(const char* text, unsigned bytes) {
  if ((terminal.settings.local & kLocalEcho) != 0) console_write(text, bytes);
}

static void make_ready(const uint8_t* bytes, unsigned count) {
  for (unsigned i = 0; i < count && terminal.ready_count < sizeof terminal.ready; ++i)
    terminal.ready[terminal.ready_count++] = bytes[i];
}

static void erase_one(void) {
  if (terminal.line_count == 0) return;
  do --terminal.line_count;
  while (terminal.line_count != 0 && (terminal.line[terminal.line_count] & 0xc0) == 0x80);
  echo("\b \b", 3);
}

static void receive(uint8_t c) {
  const Settings* const s = &terminal.settings;
  if ((s->local & kLocalSignals) != 0 && c != 0 && c == s->characters[kCharInterrupt]) {
    signal_raise(kSigInt);
    terminal.line_count = 0;
    terminal.ready_count = 0;
    echo("^C\n", 3);
    return;
  }
  if ((s->input & kInputCrToNl) != 0 && c == '\r') c = '\n';
  if ((s->local & kLocalCanonical) == 0) {
    make_ready(&c, 1);
    echo((const char*)&c, 1);
  } else if (c == s->characters[kCharErase] || c == '\b') {
    erase_one();
  } else if (c == s->characters[kCharKill]) {
    while (terminal.line_count != 0) erase_one();
  } else if (c == s->characters[kCharEnd]) {
    if (terminal.line_count == 0) terminal.end_of_file = true;
    make_ready(terminal.line, terminal.line_count);
    terminal.line_count = 0;
  } else if (terminal.line_count + 1 < sizeof terminal.line || c == '\n') {
    terminal.line[terminal.line_count++] = c;
    echo((const char*)&c, 1);
    if (c == '\n') {
      make_ready(terminal.line, terminal.line_count);
      terminal.line_count = 0;
    }
  }
}

static void receive_text(const char* text) {
  while (*text != 0) receive((uint8_t)*text++);
}

// Scan codes of UEFI 2.10 table 12.2: the end of the key's sequence, and its number before a '~'.
static void receive_scan(uint16_t scan, uint32_t shift) {
  static const char kLetters[] = "?ABCDHF";
  static const uint8_t kNumbers[] = {0, 0, 0, 0, 0, 0, 0, 2, 3, 5, 6};
  if (scan == 0x17) {
    receive('\x1b');
    return;
  }
  if ((terminal.settings.local & kLocalCanonical) != 0 || scan >= sizeof kNumbers || scan == 0)
    return;
  const unsigned modifier =
      1 + ((shift & kEfiAlt) != 0 ? 2 : 0) + ((shift & kEfiControl) != 0 ? 4 : 0);
  char text[8] = "\x1b[";
  unsigned used = 2;
  if (kNumbers[scan] != 0) text[used++] = (char)('0' + kNumbers[scan]);
  if (modifier != 1) {
    if (kNumbers[scan] == 0) text[used++] = '1';
    text[used++] = ';';
    text[used++] = (char)('0' + modifier);
  }
  text[used++] = kNumbers[scan] != 0 ? '~' : kLetters[scan];
  text[used] = 0;
  receive_text(text);
}

static void receive_key(const EfiKeyData* data) {
  const uint32_t shift = (data->shift & kEfiShiftValid) != 0 ? data->shift : 0;
  EfiChar text[2] = {data->key.character, 0};
  if (text[0] == 0) {
    receive_scan(data->key.scan, shift);
    return;
  }
  // With the shift keys told, Ctrl-C is a 'c'.
  if ((shift & kEfiControl) != 0 && text[0] >= 0x40 && text[0] < 0x80) text[0] &= 0x1f;
  char bytes[8];
  from_efi_text(text, bytes, sizeof bytes);
  if ((shift & kEfiAlt) != 0) receive('\x1b');
  receive_text(bytes);
}

void terminal_poll(void) {
  EfiTextInput* const in = firmware.system->console_in;
  EfiKeyData data = {0};
  if (terminal.keys != NULL) {
    while (terminal.keys->read_key(terminal.keys, &data) == 0) receive_key(&data);
  } else if (in != NULL) {
    while (in->read_key(in, &data.key) == 0) receive_key(&data);
  }
}

static int64_t terminal_read(File* file, void* to, uint64_t bytes, uint64_t* position) {
  (void)position;
  if (bytes == 0) return 0;
  while (terminal.ready_count == 0 && !terminal.end_of_file) {
    terminal_poll();
    if (terminal.ready_count != 0 || terminal.end_of_file) break;
    if ((file->flags & kOpenNonblocking) != 0) return -kEagain;
    const int64_t ended = wait_step(NEVER);
    if (ended != 0) return ended;
  }
  if (terminal.ready_count == 0) {
    terminal.end_of_file = false;
    return 0;
  }
  uint64_t count = bytes < terminal.ready_count ? bytes : terminal.ready_count;
  if ((terminal.settings.local & kLocalCanonical) != 0) {
    // One line at a time.
    for (uint64_t i = 0; i < count; ++i) {
      if (terminal.ready[i] == '\n') count = i + 1;
    }
  }
  memcpy(to, terminal.ready, count);
  terminal.ready_count -= (unsigned)count;
  memmove(terminal.ready, terminal.ready + count, terminal.ready_count);
  return (int64_t)count;
}

static int64_t terminal_write(File* file, const void* from, uint64_t bytes, uint64_t* position) {
  (void)file, (void)position;
  console_write(from, bytes);
  return (int64_t)bytes;
}

static unsigned terminal_ready(File* file) {
  (void)file;
  terminal_poll();
  return kPollOut | (terminal.ready_count != 0 || terminal.end_of_file ? kPollIn : 0);
}

static int64_t terminal_control(File* file, uint32_t request, void* argument) {
  (void)file;
  enum {
    kGet = 0x5401,
    kSet = 0x5402,
    kSetWait = 0x5403,
    kSetFlush = 0x5404,
    kGetGroup = 0x540f,
    kSetGroup = 0x5410,
    kFlush = 0x540b,
    kWindowSize = 0x5413,
    kInputCount = 0x541b,
  };
  switch (request) {
    case kGet: memcpy(argument, &terminal.settings, 36); return 0;
    case kSetFlush:
      terminal.ready_count = terminal.line_count = 0;
      memcpy(&terminal.settings, argument, 36);
      return 0;
    case kSet:
    case kSetWait:
      // What was typed ahead in a line belongs to the reader now.
      memcpy(&terminal.settings, argument, 36);
      if ((terminal.settings.local & kLocalCanonical) == 0) {
        make_ready(terminal.line, terminal.line_count);
        terminal.line_count = 0;
      }
      return 0;
    case kFlush: terminal.ready_count = terminal.line_count = 0; return 0;
    case kGetGroup: *(int32_t*)argument = 1; return 0;
    case kSetGroup: return 0;
    case kInputCount:
      terminal_poll();
      *(int32_t*)argument = (int32_t)terminal.ready_count;
      return 0;
    case kWindowSize: {
      unsigned columns, rows;
      console_size(&columns, &rows);
      uint16_t* const size = argument;
      size[0] = (uint16_t)rows;
      size[1] = (uint16_t)columns;
      size[2] = size[3] = 0;
      return 0;
    }
    default: return -kEnotty;
  }
}

static int64_t terminal_describe(File* file, AbiStat* stat) {
  (void)file;
  stat->mode = kModeCharacter | 0620;
  stat->special_device = 0x500;  // tty
  stat->inode = 1;
  return 0;
}

const FileKind kTerminalKind = {
    .read = terminal_read,
    .write = terminal_write,
    .ready = terminal_ready,
    .control = terminal_control,
    .describe = terminal_describe,
};
