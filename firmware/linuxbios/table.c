// SPDX-License-Identifier: LGPL-2.1-or-later
// The LinuxBIOS table of this machine.
#include "firmware/common/console.h"
#include "firmware/common/linuxbios_table.h"
#include "firmware/common/memory.h"
#include "firmware/common/post_codes.h"
#include "firmware/common/version.h"
#include "firmware/linuxbios/linuxbios.h"
#include "firmware/linuxbios/mainboard.h"

// Where readers search: behind the interrupt vectors and the BIOS data area.
enum { LOW_ADDRESS = 0x500, LOW_END = 0x1000 };

static uint8_t* next;
static uint8_t* limit;
static uint32_t entries;

static LbHeader* begin(uint32_t address, uint32_t end) {
  LbHeader* const header = (LbHeader*)address;
  next = (uint8_t*)(header + 1);
  limit = (uint8_t*)end;
  entries = 0;
  return header;
}

static void seal(LbHeader* header) {
  header->signature = LB_SIGNATURE;
  header->header_bytes = sizeof *header;
  header->header_checksum = 0;
  header->table_bytes = (uint32_t)(next - (uint8_t*)(header + 1));
  header->table_checksum = lb_checksum(header + 1, header->table_bytes);
  header->table_entries = entries;
  header->header_checksum = lb_checksum(header, sizeof *header);
}

static void* record(uint32_t tag, uint32_t size) {
  size = (size + 3) & ~3u;
  if (next + size > limit) die(POST_TABLE_TOO_LARGE, "LinuxBIOS table: too large for its place");
  LbRecord* const header = (LbRecord*)next;
  memset(header, 0, size);
  header->tag = tag;
  header->size = size;
  next += size;
  ++entries;
  return header;
}

static void string(uint32_t tag, const char* text) {
  const size_t length = strlen(text) + 1;
  memcpy((LbRecord*)record(tag, (uint32_t)(sizeof(LbRecord) + length)) + 1, text, length);
}

static void range(LbRange** at, uint64_t start, uint64_t end, uint32_t type) {
  if (end <= start) return;
  const LbRange value = {start, end - start, type};
  *(*at)++ = value;
}

static void memory_map(const Memory* memory) {
  LbRange ranges[10];
  LbRange* end = ranges;
  const uint64_t usable_end = memory->tables != 0 ? memory->tables : memory->below_4g;
  range(&end, 0, LOW_END, LB_TABLE);
  range(&end, LOW_END, memory->base, LB_RAM);
  range(&end, 0xf0000, 0x100000, LB_TABLE);  // $PIR
  range(&end, 0x100000, usable_end, LB_RAM);
  uint64_t tables = usable_end;
  if (memory->acpi != 0) {
    range(&end, tables, tables + TABLES_ACPI_NVS, LB_TABLE);
    range(&end, tables + TABLES_ACPI_NVS, tables + TABLES_ACPI, LB_NVS);
    range(&end, tables + TABLES_ACPI, tables + TABLES_MP, LB_ACPI);
    tables += TABLES_MP;
  }
  range(&end, tables, memory->below_4g, LB_TABLE);
  range(&end, 0xfff80000u, 0x100000000u, LB_RESERVED);  // this ROM
  range(&end, 0x100000000u, 0x100000000u + memory->above_4g, LB_RAM);
  const uint32_t size = (uint32_t)((uint8_t*)end - (uint8_t*)ranges);
  memcpy((LbRecord*)record(LB_MEMORY, (uint32_t)sizeof(LbRecord) + size) + 1, ranges, size);
}

static void mainboard(void) {
  static const char kStrings[] = MAINBOARD_VENDOR "\0" MAINBOARD_PART;
  LbMainboard* const board = record(LB_MAINBOARD, sizeof(LbMainboard) + sizeof kStrings);
  board->vendor_index = 0;
  board->part_index = sizeof MAINBOARD_VENDOR;
  memcpy(board->strings, kStrings, sizeof kStrings);
}

static void console(void) {
  LbSerial* const serial = record(LB_SERIAL, sizeof(LbSerial));
  serial->type = LB_SERIAL_IO;
  serial->base = CONSOLE_PORT;
  serial->baud = CONSOLE_BAUD;
  serial->register_width = 1;
  uint32_t* const kind = (uint32_t*)((LbRecord*)record(LB_CONSOLE, sizeof(LbRecord) + 4) + 1);
  *kind = LB_CONSOLE_SERIAL8250;
}

void table_init(const Memory* memory) {
  const bool high = memory->tables != 0;
  LbHeader* const header =
      high ? begin(memory->tables, memory->tables + TABLES_ACPI_NVS) : begin(LOW_ADDRESS, LOW_END);
  memory_map(memory);
  mainboard();
  string(LB_VERSION, FIRMWARE_VERSION);
  string(LB_EXTRA_VERSION, "");
  string(LB_BUILD, FIRMWARE_BUILD);
  string(LB_COMPILER, __VERSION__);
  console();
  seal(header);
  print("LinuxBIOS table: %u records, %u bytes at %x\n", entries,
        (uint32_t)sizeof *header + header->table_bytes, (uint32_t)(uintptr_t)header);
  if (!high) return;
  LbHeader* const low = begin(LOW_ADDRESS, LOW_END);
  const uint64_t address = (uintptr_t)header;
  memcpy((LbRecord*)record(LB_FORWARD, sizeof(LbRecord) + sizeof address) + 1, &address,
         sizeof address);
  seal(low);
}
