// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/machine/fuzz/board.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "devices/vga/vga.h"
#include "emulator/base/bits.h"
#include "slirp-net/scripted_network.h"
#include "tests/fuzz/random.h"

namespace ice86::machine::fuzz {

// Contents follow from the sector's number; what is written is kept beside.
class FailingDisk final : public BlockBackend {
 public:
  explicit FailingDisk(std::uint64_t sectors) : bytes_(sectors * kSectorSize) {
    for (std::size_t n = 0; n < bytes_.size(); ++n)
      bytes_[n] = static_cast<std::uint8_t>(n / kSectorSize * 7 + n);
  }

  void fail(bool reads, bool writes) { fails_reads_ = reads, fails_writes_ = writes; }

  std::uint64_t sectors() const override { return bytes_.size() / kSectorSize; }
  bool read_only() const override { return false; }
  Result<void> read(std::uint64_t sector, std::span<std::uint8_t> to) override {
    if (fails_reads_) return Error("a bad sector");
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(sector * kSectorSize), to.size(),
                to.begin());
    return {};
  }
  Result<void> write(std::uint64_t sector, std::span<const std::uint8_t> from) override {
    if (fails_writes_) return Error("a bad sector");
    std::copy(from.begin(), from.end(),
              bytes_.begin() + static_cast<std::ptrdiff_t>(sector * kSectorSize));
    return {};
  }
  Result<void> flush() override { return {}; }
  void serialize(Archive& archive) override {
    archive.io(fails_reads_);
    archive.io(fails_writes_);
    archive.io(std::span<std::uint8_t>(bytes_));
  }

 private:
  std::vector<std::uint8_t> bytes_;
  bool fails_reads_ = false, fails_writes_ = false;
};

// The input's bytes as numbers; zeros when it has ended.
class Board::Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  bool ended() const { return at_ >= bytes_.size(); }
  std::uint8_t byte() { return ended() ? 0 : bytes_[at_++]; }
  std::uint32_t word() {
    const unsigned low = byte();
    return low | unsigned{byte()} << 8;
  }
  std::uint32_t doubleword() {
    const std::uint32_t low = word();
    return low | word() << 16;
  }
  // Two of the kinds matter most: small numbers, and pointers into the memory that DMA finds.
  std::uint32_t value() {
    const unsigned kind = byte();
    switch (kind & 7) {
      case 0: return 0;
      case 1: return 0xffffffff;
      case 2: return 1u << (kind >> 3);
      case 3: return kind >> 3;
      case 4: return word();
      case 5: return doubleword();
      case 6: return (word() & 0xfff0) | (kind & 0x80 ? 0x10000 : 0);
      default: return byte();
    }
  }

 private:
  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
};

struct Board::Machine {
  std::unique_ptr<Pc> pc;
  std::array<FailingDisk*, 3> media{};
  slirp_net::ScriptedNetwork* network = nullptr;
};

namespace {

constexpr std::size_t kRomBytes = 0x10000;
constexpr std::uint32_t kDmaArea = 0x20000;

// A CPU that only passes time, cheaply: MOV CX, FFFF; REP LODSB; JMP to the first.
std::vector<std::uint8_t> idle_rom() {
  std::vector<std::uint8_t> rom(kRomBytes, 0xf4);
  constexpr std::array<std::uint8_t, 7> kLoop = {0xb9, 0xff, 0xff, 0xf3, 0xac, 0xeb, 0xf9};
  std::copy(kLoop.begin(), kLoop.end(), rom.end() - 16);
  return rom;
}

}  // namespace

Board::Board(const ChipTarget& target) : target_(target) {}
Board::~Board() = default;

Board::Machine& Board::machine(std::unique_ptr<Machine>& slot) {
  if (slot != nullptr) return *slot;
  slot = std::make_unique<Machine>();
  PcConfig config;
  config.board = target_.board;
  config.memory_mib = 1;
  // A microsecond for each instruction: time is cheap.
  config.instructions_per_microsecond = 1;
  config.reset_on_triple_fault = true;
  config.firmware.name = "idle";
  config.firmware.rom = idle_rom();
  if (target_.flash) {
    config.firmware.flash = true;
    config.firmware.vars.assign(kRomBytes, 0xff);
  }
  const auto medium = [&](std::size_t n, std::uint64_t sectors) {
    auto disk = std::make_unique<FailingDisk>(sectors);
    slot->media[n] = disk.get();
    return disk;
  };
  config.disks[0] = DiskConfig{medium(0, 300), {}};
  config.disks[2] = DiskConfig{medium(1, 64), {}, true};
  config.floppies[0] = FloppyConfig{medium(2, 2880)};
  NicConfig card;
  card.option_rom.assign(2048, 0x55);
  card.network = [&](Clock& clock, TraceBus&,
                     const std::string& name) -> Result<std::unique_ptr<Network>> {
    auto network = std::make_unique<slirp_net::ScriptedNetwork>(
        clock, name, [](slirp_net::ScriptedNetwork& self, std::span<const std::uint8_t> frame) {
          self.transmit(frame);  // an echo
        });
    slot->network = network.get();
    return std::unique_ptr<Network>(std::move(network));
  };
  config.nics.push_back(std::move(card));
  config.fw_cfg_files.emplace_back("opt/fuzz", std::vector<std::uint8_t>(5000, 0x5a));
  config.serial[0] = [](std::uint8_t) {};
  auto pc = Pc::create(std::move(config));
  ICE86_ASSERT(pc);
  slot->pc = std::move(*pc);
  if (ready_.empty()) {
    for (const PortWrite& write : target_.opening)
      slot->pc->write_port(write.port, write.width, write.value);
    ready_ = slot->pc->save();
  }
  return *slot;
}

void Board::step(Machine& machine, Input& input) {
  Pc& pc = *machine.pc;
  const auto pick = [&](const std::vector<Range>& ranges) {
    const Range& range = ranges[input.byte() % ranges.size()];
    return range.first + (range.count > 256 ? input.doubleword() : input.byte()) % range.count;
  };
  const auto width = [&] { return 1u << input.byte() % 3; };
  const auto run = [&](std::uint64_t count) {
    RunLimits limits;
    limits.instructions = pc.clock().instructions() + count;
    limits.time = pc.clock().now() + count * 1000;
    pc.run(limits);
    instructions_ += count;
  };
  const unsigned kind = input.byte() & 31;
  const bool memory = !target_.memory.empty() && (target_.ports.empty() || (kind & 1) != 0);
  accesses_ += kind < 22;
  switch (kind) {
    default:
      if (memory) {
        const std::uint64_t at = pick(target_.memory);
        // Most chips want aligned doublewords.
        if (const unsigned bytes = input.byte() & 7; bytes < 4) {
          pc.write_memory(at & ~std::uint64_t{3}, 4, input.value());
        } else {
          const std::uint64_t value = input.value();
          pc.write_memory(at, 1u << (bytes & 3), value | value << 32);
        }
      } else {
        const auto port = static_cast<std::uint16_t>(pick(target_.ports));
        const unsigned bytes = width();
        pc.write_port(port, bytes, input.value());
      }
      break;
    case 14:
    case 15:
    case 16:
    case 17:
      if (memory) {
        pc.read_memory(pick(target_.memory), 1u << (input.byte() & 3));
      } else {
        const auto port = static_cast<std::uint16_t>(pick(target_.ports));
        pc.read_port(port, width());
      }
      break;
    case 18:
    case 19:
    case 20:
      if (!target_.commands.empty()) {
        const PortWrite& command = target_.commands[input.byte() % target_.commands.size()];
        pc.write_port(command.port, command.width, command.value);
      }
      break;
    case 21: {  // a driver that fills or drains a data register
      if (target_.ports.empty()) break;
      const auto port = static_cast<std::uint16_t>(pick(target_.ports));
      const unsigned bytes = width();
      const bool writes = (input.byte() & 1) != 0;
      for (unsigned count = input.byte() * 2; count > 0; --count) {
        if (writes) {
          pc.write_port(port, bytes, input.byte());
        } else {
          pc.read_port(port, bytes);
        }
      }
      break;
    }
    case 22:
    case 23:
    case 24: run(1 + input.word() % 2000); break;
    case 25: run(input.word() * std::uint64_t{3}); break;
    case 26:
      for (unsigned count = input.byte() & 15; count > 0; --count)
        pc.write_memory(input.word() * 4 % kDmaArea & ~3u, 4, input.value());
      break;
    case 27: {  // descriptors that point at each other
      std::uint64_t at = input.word() * 16 % kDmaArea;
      ice86::fuzz::Random random(input.word());
      for (unsigned count = input.byte(); count > 0 && at + 16 <= kDmaArea; --count, at += 16) {
        pc.write_memory(at, 8, random.below(kDmaArea));
        pc.write_memory(at + 8, 8, random.next());
      }
      break;
    }
    case 28: {
      const unsigned what = input.byte();
      if ((what & 3) == 0)
        pc.input(KeyInput{static_cast<devices::KeyCode>(input.byte() % devices::kKeyCodes),
                          (what & 4) != 0});
      if ((what & 3) == 1) {
        pc.input(MotionInput{static_cast<std::int8_t>(input.byte()) * 9,
                             static_cast<std::int8_t>(input.byte()) * 9,
                             static_cast<std::int8_t>(input.byte())});
      }
      if ((what & 3) == 2) {
        pc.input(
            ButtonInput{static_cast<devices::Ps2Mouse::Button>(input.byte() % 3), (what & 4) != 0});
      }
      if ((what & 3) == 3) {
        std::vector<std::uint8_t> bytes(input.byte());
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(what);
        pc.receive_serial(what >> 2 & 3, bytes);
        if ((what & 0x10) != 0) pc.break_serial(what >> 2 & 3);
      }
      break;
    }
    case 29: {
      const std::uint32_t length = input.word();
      std::vector<std::uint8_t> frame(length % 16 == 0 ? length % kMostFrame + 1
                                                       : length % 1600 + 1);
      ice86::fuzz::Random random(length);
      for (auto& byte : frame) byte = static_cast<std::uint8_t>(random.next());
      for (std::size_t n = 0; n < std::min<std::size_t>(frame.size(), 24); ++n)
        frame[n] = input.byte();
      if ((frame[0] & 3) == 0)
        std::fill_n(frame.begin(), std::min<std::size_t>(frame.size(), 6), 0xff);
      machine.network->transmit(frame);
      break;
    }
    case 30: {
      const unsigned what = input.byte();
      machine.media[what % 3]->fail((what & 4) != 0, (what & 8) != 0);
      break;
    }
    case 31:
      if ((input.byte() & 7) == 0) {
        pc.reset(ResetKind::kHard);
      } else {
        static_cast<void>(pc.vga().frame());
      }
      break;
  }
}

void Board::run_all(Machine& machine, Input& input) {
  while (!input.ended()) step(machine, input);
  // What was begun ends.
  RunLimits limits;
  limits.instructions = machine.pc->clock().instructions() + 50'000;
  limits.time = machine.pc->clock().now() + 50'000'000;
  machine.pc->run(limits);
}

std::string Board::execute(std::span<const std::uint8_t> bytes) {
  Machine& one = machine(first_);
  if (auto loaded = one.pc->load(ready_); !loaded) return loaded.error().message();
  Input input(bytes);
  run_all(one, input);
  return {};
}

std::string Board::execute_checked(std::span<const std::uint8_t> bytes) {
  if (std::string problem = execute(bytes); !problem.empty()) return problem;
  const std::vector<std::uint8_t> expected = first_->pc->save();
  Machine& one = *first_;
  Machine& other = machine(second_);
  if (auto loaded = one.pc->load(ready_); !loaded) return loaded.error().message();
  Input input(bytes);
  for (std::size_t steps = bytes.size() / 12; steps > 0 && !input.ended(); --steps)
    step(one, input);
  if (auto loaded = other.pc->load(one.pc->save()); !loaded)
    return "a snapshot is refused: " + loaded.error().message();
  run_all(other, input);
  const std::vector<std::uint8_t> end = other.pc->save();
  if (end == expected) return {};
  const auto at = std::mismatch(end.begin(), end.end(), expected.begin(), expected.end()).first;
  return fmt::format("another end after a snapshot: byte {} of {}", at - end.begin(), end.size());
}

}  // namespace ice86::machine::fuzz
