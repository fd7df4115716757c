// SPDX-License-Identifier: LGPL-2.1-or-later
// 82540EM: the PCI gigabit Ethernet controller that is QEMU's and Bochs' "e1000"; 8086:100E.
// Reference: PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual,
// Intel 317453 revision 4.0 ("the manual" in this folder).
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "devices/e1000/m88e1000_phy.h"
#include "devices/e1000/microwire_eeprom.h"
#include "devices/pci/pci_function.h"
#include "emulator/base/archive.h"
#include "emulator/base/result.h"
#include "emulator/bus/clock.h"
#include "emulator/bus/lines.h"
#include "emulator/bus/memory_space.h"
#include "emulator/bus/packet_port.h"
#include "emulator/bus/trace.h"

namespace ice86::devices {

using MacAddress = std::array<std::uint8_t, 6>;

class E1000 final : public PciFunction, public PacketEnd {
 public:
  // windows(): BAR 0 is the register file (128 KiB of memory), BAR 1 the I/O window (64 ports),
  // and the expansion ROM when there is an option ROM.
  struct Config {
    std::string name = "e1000";  // of the timers and the snapshot section: one for each card
    MacAddress mac = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
    std::vector<std::uint8_t> option_rom;  // up to 16 MiB; may be empty
    // From the carrier to a link. Copper takes some seconds; firmware that polls would spend all of
    // them as instructions.
    Nanoseconds negotiation = 10'000'000;
  };

  // Errors: an address that is no station address, an option ROM that is too large.
  static Result<std::unique_ptr<E1000>> create(Clock& clock, LevelLine& inta, DmaPort memory,
                                               TraceBus& trace, Config config);

  const MacAddress& mac() const { return config_.mac; }
  const std::string& name() const { return config_.name; }

  // The network's side (PacketEnd).
  bool can_receive() const override;
  void receive(std::span<const std::uint8_t> frame) override;
  void peer_ready() override { kick_transmitter(); }
  void link_changed() override { phy_.set_carrier(carrier()); }

  void reset(ResetKind kind);
  void serialize(Archive& archive);
  std::string dump() const;

 private:
  // A context descriptor (section 3.3.6): where the checksums go, and how to cut a TCP segment.
  struct OffloadContext {
    std::uint8_t ipcss = 0, ipcso = 0, tucss = 0, tucso = 0, hdrlen = 0;
    std::uint16_t ipcse = 0, tucse = 0, mss = 0;
    std::uint32_t paylen = 0;
    bool tcp = false, ipv4 = false;
    void serialize(Archive& archive);
  };
  // The packet that is being fetched, or sent segment by segment.
  struct Transmit {
    OffloadContext checksum_context, segmentation_context;
    std::vector<std::uint8_t> data;
    bool open = false;     // the first descriptor was seen, the last was not
    bool sending = false;  // all is there; `sent` bytes of TSO payload are on the wire
    bool segmented = false, ip_checksum = false, l4_checksum = false;
    bool too_long = false;
    bool vlan = false, has_fcs = false;
    std::uint16_t vlan_tag = 0, segments = 0;
    std::uint32_t sent = 0;
    Nanoseconds paused_until = 0;  // by a PAUSE frame
  };
  // A frame in the receive packet buffer, ready for its descriptors.
  struct Received {
    std::vector<std::uint8_t> bytes;
    std::uint8_t status = 0, errors = 0;
    std::uint16_t checksum = 0, special = 0;
    void serialize(Archive& archive);
  };
  struct State {
    std::uint32_t icr = 0, ims = 0;
    std::uint32_t io_address = 0;
    bool asserted = false;            // INTA#
    Nanoseconds throttled_until = 0;  // ITR
    Transmit tx;
    std::deque<Received> rx_buffer;
    std::uint32_t rx_buffered = 0;  // bytes in it
    std::uint32_t rx_written = 0;   // bytes of the first one that are in host memory
    bool no_buffer_counted = false;
  };

  E1000(Clock& clock, LevelLine& inta, DmaPort memory, TraceBus& trace, Config config);
  void config_written(unsigned offset, unsigned width, std::uint32_t old) override;

  // e1000_registers.cpp
  std::uint64_t read_mmio(std::uint64_t offset, unsigned width);
  void write_mmio(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_mmio(std::uint64_t offset, unsigned width) const;
  std::uint64_t read_io(std::uint64_t offset, unsigned width);
  void write_io(std::uint64_t offset, unsigned width, std::uint64_t value);
  std::uint64_t peek_io(std::uint64_t offset, unsigned width) const;
  std::uint64_t read_rom(std::uint64_t offset, unsigned width) { return peek_rom(offset, width); }
  void write_rom(std::uint64_t, unsigned, std::uint64_t) {}
  std::uint64_t peek_rom(std::uint64_t offset, unsigned width) const;
  std::uint32_t peek_register(std::uint32_t offset) const;
  void read_effects(std::uint32_t offset);
  void write_register(std::uint32_t offset, std::uint32_t value);
  void write_ctrl(std::uint32_t value);
  void write_eecd(std::uint32_t value);
  void write_mdic(std::uint32_t value);
  std::uint32_t status() const;
  std::uint32_t& reg(std::uint32_t offset);
  std::uint32_t reg(std::uint32_t offset) const;
  void reset_registers();
  void load_eeprom();
  void count(std::uint32_t statistic, std::uint32_t by = 1);
  void count64(std::uint32_t low, std::uint32_t by);
  void count_size(std::uint32_t first, std::size_t wire_bytes);

  // e1000_interrupts.cpp
  void raise(std::uint32_t causes);
  void update_interrupt();
  void transmit_done(bool delayed);
  void receive_done(std::size_t wire_bytes);
  void flush_transmit_delay();
  void flush_receive_delay();

  // e1000_transmit.cpp
  M88e1000Phy::Speed speed() const;
  Nanoseconds wire_time(std::size_t frame_bytes) const;
  void kick_transmitter();
  void transmit_event();
  bool fetch_descriptors();
  bool take_descriptor(std::uint64_t address, std::uint32_t command, std::uint32_t status);
  void take_context(std::uint64_t low, std::uint32_t command, std::uint32_t high);
  void end_of_packet(std::uint32_t command, std::uint32_t status);
  Nanoseconds send_next();
  std::vector<std::uint8_t> next_segment();
  Nanoseconds put_on_wire(std::vector<std::uint8_t> frame);

  // e1000_receive.cpp
  enum class Match { kNone, kExact, kInexact };
  void arrive(std::span<const std::uint8_t> frame);
  Match address_match(std::span<const std::uint8_t> frame) const;
  bool vlan_match(std::span<const std::uint8_t> frame) const;
  bool pause_frame(std::span<const std::uint8_t> frame);
  void check_sums(Received& packet) const;
  std::uint32_t buffer_size() const;
  std::uint32_t receive_capacity() const;
  void fill_buffers();

  // A descriptor ring as its registers have it now. Wrong values make it empty.
  struct Ring {
    std::uint64_t base = 0;
    std::uint32_t count = 0, head = 0, tail = 0;
    std::uint32_t ready() const;
  };
  Ring ring(std::uint32_t first_register) const;

  Clock& clock_;
  LevelLine& inta_;
  DmaPort memory_;
  TraceBus& trace_;
  Config config_;
  M88e1000Phy phy_;
  MicrowireEeprom eeprom_;
  std::vector<std::uint32_t> registers_;  // as kRanges lays them out
  State state_;
  bool in_transmitter_ = false, filling_ = false;  // within one call: a frame may come back
  Timer transmit_, transmit_delay_, transmit_absolute_;
  Timer receive_delay_, receive_absolute_, throttle_;
  Window<E1000, &E1000::read_mmio, &E1000::write_mmio, &E1000::peek_mmio> mmio_{*this};
  Window<E1000, &E1000::read_io, &E1000::write_io, &E1000::peek_io> io_{*this};
  Window<E1000, &E1000::read_rom, &E1000::write_rom, &E1000::peek_rom> rom_{*this};
};

}  // namespace ice86::devices
