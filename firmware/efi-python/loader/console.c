// SPDX-License-Identifier: LGPL-2.1-or-later
// Reference: UEFI 2.10 section 12.4; ECMA-48; terminfo's entry vt100.
#include "firmware/efi-python/loader/console.h"

#include <stdbool.h>

#include "firmware/efi-python/loader/runtime.h"

enum { kMostParameters = 8, kPending = 256 };

typedef struct {
  EfiChar pending[kPending + 2];
  unsigned count;
  // A character of several bytes.
  uint32_t code;
  unsigned code_bytes;
  // A control sequence.
  enum { kText, kEscape, kSequence, kCharset } state;
  unsigned parameters[kMostParameters];
  unsigned parameter;
  uint64_t attribute;
  // A VT100 stays behind the last column until the next character. The firmware's cursor is at the
  // beginning of the next line by then.
  bool at_margin;
  unsigned columns, rows, column;
} Console;
static Console console = {.attribute = 7};

void console_size(unsigned* columns, unsigned* rows) {
  EfiTextOutput* const out = firmware.system->console_out;
  uint64_t width = 0, height = 0;
  if (out->query_mode(out, (uint64_t)out->mode->mode, &width, &height) != 0 || width == 0) {
    width = 80;
    height = 25;
  }
  *columns = (unsigned)width;
  *rows = (unsigned)height;
}

static void flush(void) {
  EfiTextOutput* const out = firmware.system->console_out;
  if (console.count == 0) return;
  console.pending[console.count] = 0;
  console.count = 0;
  out->output_string(out, console.pending);
}

static void put(EfiChar c) {
  if (console.count == kPending) flush();
  console.pending[console.count++] = c;
}

static void put_visible(EfiChar c) {
  console.at_margin = false;
  put(c);
  if (++console.column == console.columns) {
    console.column = 0;
    console.at_margin = true;
  }
}

static void move_to(int column, int row) {
  EfiTextOutput* const out = firmware.system->console_out;
  const int last_column = (int)console.columns - 1, last_row = (int)console.rows - 1;
  column = column < 0 ? 0 : column > last_column ? last_column : column;
  row = row < 0 ? 0 : row > last_row ? last_row : row;
  out->set_cursor_position(out, (uint64_t)column, (uint64_t)row);
  console.column = (unsigned)column;
  console.at_margin = false;
}

// Blanks from here to the end of the line, or of the screen. Never the last cell of the last line:
// that would scroll.
static void clear_from_cursor(bool whole_screen) {
  EfiTextOutput* const out = firmware.system->console_out;
  const int column = out->mode->column, row = out->mode->row;
  const int last = whole_screen ? (int)console.rows - 1 : row;
  for (int line = row; line <= last; ++line) {
    const int from = line == row ? column : 0;
    out->set_cursor_position(out, (uint64_t)from, (uint64_t)line);
    for (int i = from; i < (int)console.columns - 1; ++i) put(' ');
    flush();
  }
  move_to(column, row);
}

// Colours of ECMA-48 to those of a PC: red and blue change places.
static void set_graphics(void) {
  static const uint8_t kColours[8] = {0, 4, 2, 6, 1, 5, 3, 7};
  for (unsigned i = 0; i <= console.parameter && i < kMostParameters; ++i) {
    const unsigned value = console.parameters[i];
    uint64_t attribute = console.attribute;
    if (value == 0) attribute = 7;
    if (value == 1) attribute |= 8;
    if (value == 7) attribute = (attribute & 7) << 4 | (attribute >> 4 & 7);
    if (value >= 30 && value <= 37) attribute = (attribute & 0x78) | kColours[value - 30];
    if (value == 39) attribute = (attribute & 0x70) | 7;
    if (value >= 40 && value <= 47)
      attribute = (attribute & 0x0f) | (uint64_t)kColours[value - 40] << 4;
    if (value == 49) attribute &= 0x0f;
    console.attribute = attribute;
  }
  EfiTextOutput* const out = firmware.system->console_out;
  out->set_attribute(out, console.attribute);
}

static void end_sequence(char command) {
  EfiTextOutput* const out = firmware.system->console_out;
  flush();
  int column = out->mode->column, row = out->mode->row;
  if (console.at_margin) {
    column = (int)console.columns - 1;
    row -= 1;
  }
  const unsigned first = console.parameters[0], second = console.parameters[1];
  const int count = first == 0 ? 1 : (int)first;
  switch (command) {
    case 'A': move_to(column, row - count); break;
    case 'B': move_to(column, row + count); break;
    case 'C': move_to(column + count, row); break;
    case 'D': move_to(column - count, row); break;
    case 'G': move_to(count - 1, row); break;
    case 'H':
    case 'f': move_to(second == 0 ? 0 : (int)second - 1, count - 1); break;
    case 'J':
      if (first == 2) {
        out->clear_screen(out);
        console.column = 0;
        console.at_margin = false;
      } else {
        clear_from_cursor(true);
      }
      break;
    case 'K': clear_from_cursor(false); break;
    case 'm': set_graphics(); break;
    default: break;  // what a firmware console has nothing for
  }
}

static void in_sequence(char c) {
  if (c >= '0' && c <= '9') {
    unsigned* const value = &console.parameters[console.parameter];
    if (*value < 10000) *value = *value * 10 + (unsigned)(c - '0');
  } else if (c == ';') {
    if (console.parameter + 1 < kMostParameters) ++console.parameter;
  } else if (c >= 0x40 && c <= 0x7e) {
    console.state = kText;
    end_sequence(c);
  }
}

static void escape(char c) {
  console.state = kText;
  if (c == '[') {
    console.state = kSequence;
    console.parameter = 0;
    memset(console.parameters, 0, sizeof console.parameters);
  } else if (c == '(' || c == ')') {
    console.state = kCharset;
  } else if (c == 'M') {
    EfiTextOutput* const out = firmware.system->console_out;
    flush();
    move_to(out->mode->column, out->mode->row - 1);
  }
}

// The firmware's cursor is on the next line already, but what is on the serial line has had no new
// line, and who reads it along wants one. On the last row the screen has an empty line then.
static void new_line_at_margin(void) {
  flush();
  const int row = firmware.system->console_out->mode->row;
  put('\r');
  put('\n');
  flush();
  if (row < (int)console.rows - 1) move_to(0, row);
}

static void control(char c) {
  switch (c) {
    case '\n':
      if (console.at_margin) {
        new_line_at_margin();
      } else {
        put('\r');
        put('\n');
      }
      console.column = 0;
      console.at_margin = false;
      break;
    case '\r':
      if (console.at_margin) {
        flush();
        move_to(0, firmware.system->console_out->mode->row - 1);
      } else {
        put('\r');
        console.column = 0;
      }
      break;
    case '\b':
      flush();
      if (console.at_margin) {
        move_to((int)console.columns - 2, firmware.system->console_out->mode->row - 1);
      } else if (console.column != 0) {
        put('\b');
        --console.column;
      }
      break;
    case '\t':
      do put_visible(' ');
      while (console.column % 8 != 0);
      break;
    case '\x1b': console.state = kEscape; break;
    default: break;
  }
}

static void text(uint8_t c) {
  if (c < 0x80) {
    console.code_bytes = 0;
    if (c < 0x20) {
      control((char)c);
    } else if (c != 0x7f) {
      put_visible(c);
    }
  } else if (c >= 0xc0) {
    console.code_bytes = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    console.code = c & (0x3fu >> console.code_bytes);
  } else if (console.code_bytes != 0) {
    console.code = console.code << 6 | (c & 0x3f);
    if (--console.code_bytes == 0)
      put_visible(console.code < 0x10000 ? (EfiChar)console.code : '?');
  }
}

void console_write(const char* bytes, uint64_t count) {
  // The program may have used the protocol itself.
  console_size(&console.columns, &console.rows);
  if (!console.at_margin) console.column = (unsigned)firmware.system->console_out->mode->column;
  for (uint64_t i = 0; i < count; ++i) {
    switch (console.state) {
      case kText: text((uint8_t)bytes[i]); break;
      case kEscape: escape(bytes[i]); break;
      case kSequence: in_sequence(bytes[i]); break;
      case kCharset: console.state = kText; break;
    }
  }
  flush();
}
