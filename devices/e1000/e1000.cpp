// SPDX-License-Identifier: LGPL-2.1-or-later
// 82540EM: the PCI function, resets, snapshots.
// Reference: the manual, sections 4.1 (configuration space), 5.6 (EEPROM), 14.3 (resets).
#include "devices/e1000/e1000.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>

#include "devices/e1000/e1000_registers.h"

namespace ice86::devices {

namespace e = e1000;

namespace {

constexpr std::size_t kMostRom = 16 << 20;
constexpr std::uint16_t kVendor = 0x8086, kDevice = 0x100E, kSubsystem = 0x001E;
// What a snapshot may hold: the packet buffer is 64 KiB, TSO payload is a 20-bit count.
constexpr std::size_t kMostBuffered = 4096, kMostTransmit = (1 << 20) + 256 + kMostFrame;

// Section 5.6: the words software and the chip look at; all others are FFFFh but for the checksum,
// which makes the sum of words 00h-3Fh BABAh.
MicrowireEeprom::Contents eeprom_contents(const MacAddress& mac) {
  MicrowireEeprom::Contents words;
  words.fill(0xFFFF);
  for (unsigned i = 0; i < 3; ++i) {
    words[i] = static_cast<std::uint16_t>(mac[i * 2] | mac[i * 2 + 1] << 8);
  }
  words[0x03] = 0x0000;  // compatibility word: all speeds
  words[0x08] = 0x0000;  // printed board assembly number
  words[0x09] = 0x0000;
  words[0x0A] = 0x4408;  // init control 1: signature 01b, load the IDs below, internal VREG
  words[0x0B] = kSubsystem;
  words[0x0C] = kVendor;
  words[0x0D] = kDevice;
  words[0x0E] = kVendor;
  words[0x0F] = 0x3040;  // init control 2: auto-negotiation, PHY powered
  words[0x20] = 0x0000;  // software defined pins
  words[0x21] = 0x7863;  // init control 3 and LED set-up
  unsigned sum = 0;
  for (unsigned i = 0; i < 0x3F; ++i) sum += words[i];
  words[0x3F] = static_cast<std::uint16_t>(0xBABA - sum);
  return words;
}

}  // namespace

Result<std::unique_ptr<E1000>> E1000::create(Clock& clock, LevelLine& inta, DmaPort memory,
                                             TraceBus& trace, Config config) {
  const bool zero = std::all_of(config.mac.begin(), config.mac.end(),
                                [](std::uint8_t byte) { return byte == 0; });
  if ((config.mac[0] & 1) != 0 || zero) {
    return usage_error(fmt::format(
        "{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x} is no address of one station: the first byte is "
        "even, and not all are zero",
        config.mac[0], config.mac[1], config.mac[2], config.mac[3], config.mac[4], config.mac[5]));
  }
  if (config.option_rom.size() > kMostRom) {
    return usage_error("the option ROM of a network card is at most 16 MiB");
  }
  if (!config.option_rom.empty()) {
    const std::size_t size = std::bit_ceil(std::max<std::size_t>(config.option_rom.size(), 2048));
    config.option_rom.resize(size, 0xFF);
  }
  return std::unique_ptr<E1000>(new E1000(clock, inta, memory, trace, std::move(config)));
}

E1000::E1000(Clock& clock, LevelLine& inta, DmaPort memory, TraceBus& trace, Config config)
    : PciFunction({.vendor = kVendor,
                   .device = kDevice,
                   .class_code = 0x020000,  // Ethernet controller
                   .revision = 0x03,        // A-1 stepping and later
                   .interrupt_pin = 1,
                   .command_writable = pci::kCommandIo | pci::kCommandMemory | pci::kCommandMaster |
                                       0x0150,  // MWI, parity, SERR#: stored
                   .status = 0x0220,            // medium DEVSEL#, 66 MHz capable
                   .subsystem_vendor = kVendor,
                   .subsystem = kSubsystem}),
      clock_(clock),
      inta_(inta),
      memory_(memory),
      trace_(trace),
      config_(std::move(config)),
      phy_(clock, config_.name + "-phy", config_.negotiation,
           [this] {
             raise(e::cause::kLsc);
             kick_transmitter();
           }),
      eeprom_(eeprom_contents(config_.mac)),
      transmit_(clock, config_.name + "-tx", [this](Nanoseconds) { transmit_event(); }),
      transmit_delay_(clock, config_.name + "-tidv",
                      [this](Nanoseconds) { flush_transmit_delay(); }),
      transmit_absolute_(clock, config_.name + "-tadv",
                         [this](Nanoseconds) { flush_transmit_delay(); }),
      receive_delay_(clock, config_.name + "-rdtr", [this](Nanoseconds) { flush_receive_delay(); }),
      receive_absolute_(clock, config_.name + "-radv",
                        [this](Nanoseconds) { flush_receive_delay(); }),
      throttle_(clock, config_.name + "-itr", [this](Nanoseconds) { update_interrupt(); }) {
  define8(pci::kCacheLineSize, 0, 0xFF);
  define8(pci::kLatencyTimer, 0, 0xF8);
  define8(0x3E, 0xFF, 0);  // MIN_GNT
  define_bar(0, PciWindow::Space::kMemory, e::kMmioSize, &mmio_);
  define_bar(1, PciWindow::Space::kIo, e::kIoSize, &io_);
  if (!config_.option_rom.empty()) {
    define_bar(PciWindow::kRom, PciWindow::Space::kMemory, config_.option_rom.size(), &rom_);
  }
  reset_registers();
}

void E1000::config_written(unsigned offset, unsigned width, std::uint32_t) {
  if (offset >= pci::kCommand + 2 || offset + width <= pci::kCommand) return;
  kick_transmitter();  // bus mastering may be on now
  fill_buffers();
}

// CTRL.RST and the resets of the bus. The EEPROM is read again (section 14.3).
void E1000::reset_registers() {
  for (Timer* timer : {&transmit_, &transmit_delay_, &transmit_absolute_, &receive_delay_,
                       &receive_absolute_, &throttle_}) {
    timer->cancel();
  }
  state_ = {};
  load_eeprom();
  inta_.set(false);
  announce_ready();
}

void E1000::reset(ResetKind kind) {
  if (kind == ResetKind::kInit) return;
  eeprom_.power_on();
  phy_.reset();
  reset_registers();
  reset_config();
}

void E1000::OffloadContext::serialize(Archive& archive) {
  for (std::uint8_t* field : {&ipcss, &ipcso, &tucss, &tucso, &hdrlen}) archive.io(*field);
  for (std::uint16_t* field : {&ipcse, &tucse, &mss}) archive.io(*field);
  archive.io(paylen);
  archive.io(tcp);
  archive.io(ipv4);
}

void E1000::Received::serialize(Archive& archive) {
  archive.io(bytes, kMostFrame + 64);
  archive.io(status);
  archive.io(errors);
  archive.io(checksum);
  archive.io(special);
}

void E1000::serialize(Archive& archive) {
  archive.section(config_.name, 1, [&] {
    serialize_config(archive);
    for (std::uint32_t& value : registers_) archive.io(value);
    phy_.serialize(archive);
    eeprom_.serialize(archive);
    State& s = state_;
    archive.io(s.icr);
    archive.io(s.ims);
    archive.io(s.io_address);
    archive.io(s.asserted);
    archive.io(s.throttled_until);
    Transmit& tx = s.tx;
    archive.io(tx.checksum_context);
    archive.io(tx.segmentation_context);
    archive.io(tx.data, kMostTransmit);
    for (bool* flag : {&tx.open, &tx.sending, &tx.segmented, &tx.ip_checksum, &tx.l4_checksum,
                       &tx.too_long, &tx.vlan, &tx.has_fcs}) {
      archive.io(*flag);
    }
    archive.io(tx.vlan_tag);
    archive.io(tx.segments);
    archive.io(tx.sent);
    archive.io(tx.paused_until);
    auto frames = static_cast<std::uint32_t>(s.rx_buffer.size());
    archive.io(frames);
    if (archive.loading()) {
      s.rx_buffer.clear();
      if (!archive.ok() || frames > kMostBuffered) {
        return archive.fail("a packet buffer holds more than it can");
      }
      s.rx_buffer.resize(frames);
    }
    for (Received& frame : s.rx_buffer) archive.io(frame);
    archive.io(s.rx_written);
    archive.io(s.no_buffer_counted);
  });
  if (!archive.loading()) return;
  State& s = state_;
  if (!archive.ok()) s.rx_buffer.clear();
  s.rx_buffered = 0;
  for (const Received& frame : s.rx_buffer) {
    s.rx_buffered += static_cast<std::uint32_t>(frame.bytes.size());
  }
  const std::size_t first = s.rx_buffer.empty() ? 0 : s.rx_buffer.front().bytes.size();
  if (s.rx_written > first) s.rx_written = 0;
  // A damaged packet is not sent.
  const OffloadContext& context = s.tx.segmentation_context;
  const bool whole = s.tx.segmented ? s.tx.data.size() > std::size_t{context.hdrlen} + s.tx.sent &&
                                          context.hdrlen >= 14 && context.mss != 0
                                    : s.tx.data.size() >= 14 && s.tx.data.size() <= kMostFrame;
  s.tx.sending = s.tx.sending && whole && context.mss <= kMostFrame - 512;
  inta_.restore(s.asserted);
}

std::string E1000::dump() const {
  const State& s = state_;
  const Ring tx = ring(e::kTdbal), rx = ring(e::kRdbal);
  std::string text = fmt::format(
      "{}: {:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x} CTRL {:08x} STATUS {:08x} RCTL {:08x} TCTL "
      "{:08x}\n  ICR {:08x} IMS {:08x} INTA# {}\n",
      config_.name, config_.mac[0], config_.mac[1], config_.mac[2], config_.mac[3], config_.mac[4],
      config_.mac[5], reg(e::kCtrl), status(), reg(e::kRctl), reg(e::kTctl), s.icr, s.ims,
      s.asserted ? "asserted" : "released");
  text += fmt::format("  tx ring {:x} x{} head {} tail {}{}\n", tx.base, tx.count, tx.head, tx.tail,
                      s.tx.sending ? ", sending" : "");
  text += fmt::format("  rx ring {:x} x{} head {} tail {}, {} frames of {} bytes wait\n", rx.base,
                      rx.count, rx.head, rx.tail, s.rx_buffer.size(), s.rx_buffered);
  return text + phy_.dump() + "  eeprom:" + eeprom_.dump();
}

}  // namespace ice86::devices
