// SPDX-License-Identifier: LGPL-2.1-or-later
// One PCI function: a type 00h configuration header of 256 bytes with masks, and its windows.
// Reference: PCI Local Bus Specification 2.1, chapter 6.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "emulator/base/archive.h"
#include "emulator/bus/register_block.h"
#include "emulator/bus/types.h"

namespace ice86::devices {

// Offsets of the type 00h header (PCI 2.1, figure 6-1).
namespace pci {
constexpr unsigned kVendorId = 0x00, kDeviceId = 0x02, kCommand = 0x04, kStatus = 0x06;
constexpr unsigned kRevisionId = 0x08, kProgInterface = 0x09, kSubClass = 0x0A, kBaseClass = 0x0B;
constexpr unsigned kCacheLineSize = 0x0C, kLatencyTimer = 0x0D, kHeaderType = 0x0E;
constexpr unsigned kBar0 = 0x10, kSubsystemVendorId = 0x2C, kSubsystemId = 0x2E, kRomBar = 0x30;
constexpr unsigned kInterruptLine = 0x3C, kInterruptPin = 0x3D;
constexpr std::uint16_t kCommandIo = 0x0001, kCommandMemory = 0x0002, kCommandMaster = 0x0004;
}  // namespace pci

// An address range that a function decodes at the guest's choice: a base address register, the
// expansion ROM, or a chip's own base register. The board moves its port claim or memory region to
// `base`.
struct PciWindow {
  enum class Space { kIo, kMemory };

  unsigned index;  // 0-5: base address register, kRom, or from kOwn on the function's own numbers
  Space space;
  std::uint64_t size;
  bool prefetchable;
  RegisterBlock* registers;  // what answers; null where the function says otherwise (video memory)
  std::uint64_t base;
  bool enabled;  // the command register (and the ROM's enable bit) let it decode

  static constexpr unsigned kRom = 6;
  static constexpr unsigned kOwn = 7;
};

class PciFunction {
 public:
  using WindowListener = std::function<void(const PciWindow&)>;

  virtual ~PciFunction() = default;
  PciFunction(const PciFunction&) = delete;
  PciFunction& operator=(const PciFunction&) = delete;

  // `offset` + `width` stays below 256 and inside a doubleword; other bytes read as ones and are
  // lost.
  std::uint32_t config_read(unsigned offset, unsigned width) { return config_peek(offset, width); }
  void config_write(unsigned offset, unsigned width, std::uint32_t value);
  std::uint32_t config_peek(unsigned offset, unsigned width) const;
  // The same as a register block of 256 bytes.
  RegisterBlock& config_space() { return config_window_; }

  // All windows of this function; they are fixed once it is constructed, only base and enabled
  // change.
  const std::vector<PciWindow>& windows() const { return windows_; }
  // Called once for every window now, then at every change of base or enabled (also by reset and
  // load).
  void on_window_change(WindowListener listener);

 protected:
  struct Identity {
    std::uint16_t vendor;
    std::uint16_t device;
    std::uint32_t class_code;  // base class, sub-class, programming interface: 0x060000
    std::uint8_t revision = 0;
    bool multifunction = false;
    std::uint8_t interrupt_pin = 0;  // 1-4: INTA#-INTD#; 0: none
    std::uint16_t command = 0;       // reset value
    std::uint16_t command_writable = 0;
    std::uint16_t status = 0;  // reset value
    std::uint16_t subsystem_vendor = 0;
    std::uint16_t subsystem = 0;
  };

  explicit PciFunction(const Identity& identity);

  // For constructors of derived classes: the value after reset, and what software may change.
  void define8(unsigned offset, std::uint8_t reset_value, std::uint8_t writable);
  void define16(unsigned offset, std::uint16_t reset_value, std::uint16_t writable);
  void define32(unsigned offset, std::uint32_t reset_value, std::uint32_t writable);
  // Bits that a written one clears (status registers).
  void define_write_one_clears(unsigned offset, std::uint8_t mask);
  // `size` is a power of two: at least 4 (I/O) or 16 (memory), for kRom at least 2048.
  void define_bar(unsigned index, PciWindow::Space space, std::uint64_t size,
                  RegisterBlock* registers, bool prefetchable = false);
  // A range with a base register of the chip's own; move_own_window() places it.
  void define_own_window(unsigned index, PciWindow::Space space, std::uint64_t size,
                         RegisterBlock* registers);
  void move_own_window(unsigned index, std::uint64_t base, bool enabled);

  // After a write changed registers by the rules above. `old` is what the written bytes held.
  virtual void config_written(unsigned offset, unsigned width, std::uint32_t old) {
    static_cast<void>(offset), static_cast<void>(width), static_cast<void>(old);
  }

  // The chip's own access to the stored bytes, past all masks.
  std::uint8_t config8(unsigned offset) const { return config_.at(offset); }
  std::uint16_t config16(unsigned offset) const;
  std::uint32_t config32(unsigned offset) const;
  void set_config8(unsigned offset, std::uint8_t value) { config_.at(offset) = value; }
  void set_config16(unsigned offset, std::uint16_t value);
  void set_config32(unsigned offset, std::uint32_t value);
  bool bus_master_enabled() const { return (config16(pci::kCommand) & pci::kCommandMaster) != 0; }

  // Every register back to its reset value; windows follow.
  void reset_config();
  // The 256 bytes, within the section of the device. On load the windows follow; the device then
  // moves its own windows and re-derives what else depends on configuration.
  void serialize_config(Archive& archive);

 private:
  std::uint64_t read_window(std::uint64_t offset, unsigned width) {
    return offset < 256 ? config_read(static_cast<unsigned>(offset), width) : floating_bus(width);
  }
  void write_window(std::uint64_t offset, unsigned width, std::uint64_t value) {
    if (offset < 256) {
      config_write(static_cast<unsigned>(offset), width, static_cast<std::uint32_t>(value));
    }
  }
  std::uint64_t peek_window(std::uint64_t offset, unsigned width) const {
    return offset < 256 ? config_peek(static_cast<unsigned>(offset), width) : floating_bus(width);
  }
  void update_windows();
  void place(PciWindow& window, std::uint64_t base, bool enabled);

  std::array<std::uint8_t, 256> config_{};
  std::array<std::uint8_t, 256> reset_values_{};
  std::array<std::uint8_t, 256> writable_{};
  std::array<std::uint8_t, 256> write_one_clears_{};
  std::vector<PciWindow> windows_;
  WindowListener listener_;
  Window<PciFunction, &PciFunction::read_window, &PciFunction::write_window,
         &PciFunction::peek_window>
      config_window_{*this};
};

}  // namespace ice86::devices
