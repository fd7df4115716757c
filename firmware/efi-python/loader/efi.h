// SPDX-License-Identifier: LGPL-2.1-or-later
// The part of UEFI that the loader calls. Compiled for Windows, whose calling convention is UEFI's.
// Reference: UEFI Specification 2.10; the sections are named at the structures.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef uint64_t EfiStatus;
typedef void* EfiHandle;
typedef void* EfiEvent;
typedef uint16_t EfiChar;

// Appendix D.
#define EFI_ERROR_BIT 0x8000000000000000u
enum {
  kEfiLoadError = 1,
  kEfiInvalidParameter = 2,
  kEfiUnsupported = 3,
  kEfiBufferTooSmall = 5,
  kEfiNotReady = 6,
  kEfiDeviceError = 7,
  kEfiWriteProtected = 8,
  kEfiOutOfResources = 9,
  kEfiVolumeFull = 11,
  kEfiNoMedia = 12,
  kEfiNotFound = 14,
  kEfiAccessDenied = 15,
  kEfiNoResponse = 16,
  kEfiNoMapping = 17,
  kEfiTimeout = 18,
  kEfiAborted = 21,
  kEfiIcmpError = 22,
  kEfiNetworkUnreachable = 100,
  kEfiHostUnreachable = 101,
  kEfiPortUnreachable = 103,
  kEfiConnectionFin = 104,
  kEfiConnectionReset = 105,
  kEfiConnectionRefused = 106,
};
static inline EfiStatus efi_error(unsigned code) {
  return EFI_ERROR_BIT | code;
}

typedef struct {
  uint32_t a;
  uint16_t b, c;
  uint8_t d[8];
} EfiGuid;

typedef struct {
  uint64_t signature;
  uint32_t revision, header_size, crc32, reserved;
} EfiTableHeader;

// 12.3 and 12.2: text input; `hint` of extended keys is what shift keys were down.
typedef struct {
  uint16_t scan;
  EfiChar character;
} EfiInputKey;
typedef struct {
  EfiInputKey key;
  uint32_t shift;  // valid when bit 31 is set
  uint8_t toggle;
} EfiKeyData;
enum {
  kEfiShiftValid = 1u << 31,
  kEfiControl = 0x04 | 0x08,
  kEfiAlt = 0x10 | 0x20,
};
typedef struct EfiTextInput {
  EfiStatus (*reset)(struct EfiTextInput*, uint8_t);
  EfiStatus (*read_key)(struct EfiTextInput*, EfiInputKey*);
  EfiEvent wait_for_key;
} EfiTextInput;
typedef struct EfiTextInputEx {
  EfiStatus (*reset)(struct EfiTextInputEx*, uint8_t);
  EfiStatus (*read_key)(struct EfiTextInputEx*, EfiKeyData*);
  EfiEvent wait_for_key;
} EfiTextInputEx;

// 12.4.
typedef struct {
  int32_t max_mode, mode, attribute, column, row;
  uint8_t cursor_visible;
} EfiTextMode;
typedef struct EfiTextOutput {
  EfiStatus (*reset)(struct EfiTextOutput*, uint8_t);
  EfiStatus (*output_string)(struct EfiTextOutput*, const EfiChar*);
  EfiStatus (*test_string)(struct EfiTextOutput*, const EfiChar*);
  EfiStatus (*query_mode)(struct EfiTextOutput*, uint64_t mode, uint64_t* columns, uint64_t* rows);
  EfiStatus (*set_mode)(struct EfiTextOutput*, uint64_t);
  EfiStatus (*set_attribute)(struct EfiTextOutput*, uint64_t);
  EfiStatus (*clear_screen)(struct EfiTextOutput*);
  EfiStatus (*set_cursor_position)(struct EfiTextOutput*, uint64_t column, uint64_t row);
  EfiStatus (*enable_cursor)(struct EfiTextOutput*, uint8_t);
  EfiTextMode* mode;
} EfiTextOutput;

// 8.3.
typedef struct {
  uint16_t year;
  uint8_t month, day, hour, minute, second, pad1;
  uint32_t nanosecond;
  int16_t time_zone;
  uint8_t daylight, pad2;
} EfiTime;

// 7.2.
enum { kEfiAllocateAny = 0, kEfiAllocateAddress = 2 };
enum { kEfiLoaderCode = 1, kEfiLoaderData = 2, kEfiConventionalMemory = 7 };
typedef struct {
  uint32_t type, pad;
  uint64_t start, virtual_start, pages, attributes;
} EfiMemoryDescriptor;

// 7.1.
enum { kTplApplication = 4, kTplHighLevel = 31 };

// 4.4.
typedef struct {
  EfiTableHeader header;
  uint64_t (*raise_tpl)(uint64_t);
  void (*restore_tpl)(uint64_t);
  EfiStatus (*allocate_pages)(uint32_t how, uint32_t type, uint64_t pages, uint64_t* address);
  EfiStatus (*free_pages)(uint64_t address, uint64_t pages);
  EfiStatus (*get_memory_map)(uint64_t* bytes, void* map, uint64_t* key, uint64_t* descriptor_bytes,
                              uint32_t* version);
  EfiStatus (*allocate_pool)(uint32_t type, uint64_t bytes, void** pool);
  EfiStatus (*free_pool)(void*);
  EfiStatus (*create_event)(uint32_t type, uint64_t tpl, void* notify, void* context, EfiEvent*);
  EfiStatus (*set_timer)(EfiEvent, uint32_t type, uint64_t time);
  EfiStatus (*wait_for_event)(uint64_t, EfiEvent*, uint64_t*);
  EfiStatus (*signal_event)(EfiEvent);
  EfiStatus (*close_event)(EfiEvent);
  EfiStatus (*check_event)(EfiEvent);
  void* protocol_interfaces[3];  // install, reinstall, uninstall
  EfiStatus (*handle_protocol)(EfiHandle, const EfiGuid*, void** interface);
  void* reserved;
  void* register_protocol_notify;
  void* locate_handle;
  void* locate_device_path;
  void* install_configuration_table;
  void* load_image;
  void* start_image;
  EfiStatus (*exit)(EfiHandle, EfiStatus, uint64_t, EfiChar*);
  void* unload_image;
  void* exit_boot_services;
  void* get_next_monotonic_count;
  EfiStatus (*stall)(uint64_t microseconds);
  EfiStatus (*set_watchdog_timer)(uint64_t seconds, uint64_t code, uint64_t bytes, EfiChar*);
  EfiStatus (*connect_controller)(EfiHandle, EfiHandle* drivers, void* device_path,
                                  uint8_t recursive);
  void* disconnect_controller;
  void* protocols[3];  // open, close, open information
  void* protocols_per_handle;
  EfiStatus (*locate_handle_buffer)(uint32_t how, const EfiGuid*, void* key, uint64_t* count,
                                    EfiHandle** handles);
  EfiStatus (*locate_protocol)(const EfiGuid*, void* registration, void** interface);
} EfiBootServices;
enum { kEfiByProtocol = 2 };

// 4.5.
typedef struct {
  EfiTableHeader header;
  EfiStatus (*get_time)(EfiTime*, void*);
  void* time[3];            // set, get wakeup, set wakeup
  void* virtual_memory[2];  // set address map, convert pointer
  void* variables[3];       // get, get next name, set
  void* get_next_high_monotonic_count;
  void (*reset_system)(uint32_t type, EfiStatus, uint64_t bytes, void* data);
} EfiRuntimeServices;
enum { kEfiResetShutdown = 2 };

// 4.6.
typedef struct {
  EfiGuid guid;
  void* table;
} EfiConfigurationTable;
typedef struct {
  EfiTableHeader header;
  EfiChar* firmware_vendor;
  uint32_t firmware_revision;
  EfiHandle console_in_handle;
  EfiTextInput* console_in;
  EfiHandle console_out_handle;
  EfiTextOutput* console_out;
  EfiHandle standard_error_handle;
  EfiTextOutput* standard_error;
  EfiRuntimeServices* runtime;
  EfiBootServices* boot;
  uint64_t configuration_tables;
  EfiConfigurationTable* configuration_table;
} EfiSystemTable;

// 9.1.
typedef struct {
  uint32_t revision;
  EfiHandle parent;
  EfiSystemTable* system_table;
  EfiHandle device;
  void* file_path;
  void* reserved;
  uint32_t load_options_bytes;
  void* load_options;
  void* image_base;
  uint64_t image_bytes;
} EfiLoadedImage;

// 13.5.
typedef struct EfiFile {
  uint64_t revision;
  EfiStatus (*open)(struct EfiFile*, struct EfiFile** opened, const EfiChar* name, uint64_t mode,
                    uint64_t attributes);
  EfiStatus (*close)(struct EfiFile*);
  EfiStatus (*delete)(struct EfiFile*);
  EfiStatus (*read)(struct EfiFile*, uint64_t* bytes, void*);
  EfiStatus (*write)(struct EfiFile*, uint64_t* bytes, const void*);
  EfiStatus (*get_position)(struct EfiFile*, uint64_t*);
  EfiStatus (*set_position)(struct EfiFile*, uint64_t);
  EfiStatus (*get_info)(struct EfiFile*, const EfiGuid*, uint64_t* bytes, void*);
  EfiStatus (*set_info)(struct EfiFile*, const EfiGuid*, uint64_t bytes, const void*);
  EfiStatus (*flush)(struct EfiFile*);
} EfiFile;
#define EFI_FILE_MODE_READ 1u
#define EFI_FILE_MODE_WRITE 2u
#define EFI_FILE_MODE_CREATE 0x8000000000000000u
#define EFI_FILE_DIRECTORY 0x10u
typedef struct {
  uint64_t size, file_size, physical_size;
  EfiTime created, accessed, modified;
  uint64_t attributes;
  EfiChar name[256];
} EfiFileInfo;
typedef struct EfiFileSystem {
  uint64_t revision;
  EfiStatus (*open_volume)(struct EfiFileSystem*, EfiFile** root);
} EfiFileSystem;

// 37.5.
typedef struct EfiRng {
  void* get_info;
  EfiStatus (*get_rng)(struct EfiRng*, const EfiGuid* algorithm, uint64_t bytes, uint8_t*);
} EfiRng;

#define EFI_LOADED_IMAGE_GUID                        \
  {                                                  \
    0x5b1b31a1, 0x9562, 0x11d2, {                    \
      0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b \
    }                                                \
  }
#define EFI_FILE_SYSTEM_GUID                         \
  {                                                  \
    0x964e5b22, 0x6459, 0x11d2, {                    \
      0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b \
    }                                                \
  }
#define EFI_FILE_INFO_GUID                           \
  {                                                  \
    0x09576e92, 0x6d3f, 0x11d2, {                    \
      0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b \
    }                                                \
  }
#define EFI_TEXT_INPUT_EX_GUID                       \
  {                                                  \
    0xdd9e7534, 0x7762, 0x4698, {                    \
      0x8c, 0x14, 0xf5, 0x85, 0x17, 0xa6, 0x25, 0xaa \
    }                                                \
  }
#define EFI_RNG_GUID                                 \
  {                                                  \
    0x3152bca5, 0xeade, 0x433d, {                    \
      0x86, 0x2e, 0xc0, 0x1c, 0xdc, 0x29, 0x1f, 0x44 \
    }                                                \
  }
