// SPDX-License-Identifier: LGPL-2.1-or-later
// An EFI application that runs CPython as Debian ships it: it loads the interpreter from an archive
// on the ESP, and answers its system calls with UEFI's boot services. docs/efi-python.md describes
// it.
#include "firmware/efi-python/loader/archive.h"
#include "firmware/efi-python/loader/arena.h"
#include "firmware/efi-python/loader/clock.h"
#include "firmware/efi-python/loader/command_line.h"
#include "firmware/efi-python/loader/devices.h"
#include "firmware/efi-python/loader/files.h"
#include "firmware/efi-python/loader/frames.h"
#include "firmware/efi-python/loader/interrupts.h"
#include "firmware/efi-python/loader/program.h"
#include "firmware/efi-python/loader/random.h"
#include "firmware/efi-python/loader/runtime.h"
#include "firmware/efi-python/loader/sockets.h"
#include "firmware/efi-python/loader/terminal.h"
#include "firmware/efi-python/loader/threads.h"
#include "firmware/efi-python/loader/tree.h"

static bool open_volume(void) {
  static const EfiGuid kLoadedImage = EFI_LOADED_IMAGE_GUID, kFileSystem = EFI_FILE_SYSTEM_GUID;
  void* found = NULL;
  if (firmware.boot->handle_protocol(firmware.image, &kLoadedImage, &found) != 0) return false;
  firmware.device = ((EfiLoadedImage*)found)->device;
  if (firmware.boot->handle_protocol(firmware.device, &kFileSystem, &found) != 0) return false;
  EfiFileSystem* const system = found;
  return system->open_volume(system, &firmware.volume) == 0;
}

static bool make_tree(void) {
  if (!tree_start() || !devices_add()) return false;
  Node* const esp = tree_add_path("/esp", kModeDirectory | 0755);
  if (esp == NULL) return false;
  esp->place = kNodeEsp;
  return tree_add_path("/tmp", kModeDirectory | 01777) != NULL &&
         tree_add_path("/root", kModeDirectory | 0700) != NULL;
}

// What was said stays readable for a while: the firmware's next choice may clear the screen.
static void hold(void) {
  enum { kSteps = 50, kStepMicroseconds = 100000 };
  EfiTextInput* const keyboard = firmware.system->console_in;
  EfiInputKey key;
  print("efi-python: the firmware goes on in 5 seconds, or with a key\n");
  for (unsigned i = 0; i < kSteps; ++i) {
    if (keyboard != NULL && keyboard->read_key(keyboard, &key) == 0) break;
    firmware.boot->stall(kStepMicroseconds);
  }
}

static EfiStatus run(bool* shut_down) {
  static Program program = {.path = "/usr/bin/efi-python"};
  Entry entry;
  if (!open_volume()) {
    print("efi-python: the device that it was loaded from has no file system\n");
    return efi_error(kEfiNotFound);
  }
  random_start();
  terminal_start();
  if (!make_tree()) {
    print("efi-python: out of memory\n");
    return efi_error(kEfiOutOfResources);
  }
  const CommandLine* const line = command_line_read(&program);
  if (line == NULL) return efi_error(kEfiInvalidParameter);
  *shut_down = line->shut_down;
  if (!archive_open("\\efi-python\\root.zip")) return efi_error(kEfiLoadError);
  if (!arena_create()) {
    print("efi-python: there is too little memory; give the machine 128 MB\n");
    return efi_error(kEfiOutOfResources);
  }
  if (!program_load(&program, &entry)) return efi_error(kEfiLoadError);
  files_start();
  threads_start();
  interrupts_take_over();
  const uint64_t code = enter_program(entry.rip, entry.rsp);
  interrupts_give_back();
  files_end();
  sockets_end();
  debug(
      "efi-python: exit %d, %d interrupts (%d in the program), %d KiB of %d at most, %d reads of "
      "%d bytes\n",
      code, interrupt_count, program_interrupt_count, arena.most_used * 4, arena.owned * 4,
      archive_use.reads, archive_use.bytes);
  arena_destroy();
  return code == 0 ? 0 : efi_error(kEfiAborted);
}

EfiStatus efi_main(EfiHandle image, EfiSystemTable* system) {
  firmware.image = image;
  firmware.system = system;
  firmware.boot = system->boot;
  firmware.runtime = system->runtime;
  // By default the firmware resets the machine after five minutes.
  firmware.boot->set_watchdog_timer(0, 0, 0, NULL);
  clock_start();
  bool shut_down = false;
  const EfiStatus status = run(&shut_down);
  if (shut_down) firmware.runtime->reset_system(kEfiResetShutdown, 0, 0, NULL);
  if (status != 0) hold();
  return status;
}
