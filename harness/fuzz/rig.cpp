// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/fuzz/rig.h"

#include <fmt/core.h>
#include <time.h>

#include <algorithm>
#include <cstring>

#include "emulator/base/bits.h"
#include "harness/interrupts/services.h"

namespace ice86::harness {

namespace {

using machine::RunEnd;

constexpr std::uint16_t kExitPort = 0xf4;
constexpr std::uint32_t kReturn = rig::kCode + 0x40;  // where calls return to
constexpr std::uint32_t kWait = rig::kCode + 0x50;    // waits for an interrupt
constexpr std::uint64_t kBootLimit = 400'000'000;
constexpr std::uint32_t kMemoryMib = 16;
constexpr std::uint64_t kRate = 2;  // instructions a microsecond: time-outs end soon

void set_segment(cpu::State& s, unsigned which, std::uint16_t selector) {
  s.segment[which].selector = selector;
  s.segment[which].base = std::uint64_t{selector} << 4;
}

Registers registers_of(const cpu::State& s) {
  Registers r;
  const auto gpr = [&s](unsigned n) { return static_cast<std::uint32_t>(s.gpr[n]); };
  r.eax = gpr(cpu::kRax), r.ebx = gpr(cpu::kRbx), r.ecx = gpr(cpu::kRcx), r.edx = gpr(cpu::kRdx);
  r.esi = gpr(cpu::kRsi), r.edi = gpr(cpu::kRdi), r.ebp = gpr(cpu::kRbp);
  r.ds = s.segment[cpu::kDs].selector;
  r.es = s.segment[cpu::kEs].selector;
  r.flags = static_cast<std::uint32_t>(s.rflags);
  return r;
}

FarPointer place_of(const cpu::State& s) {
  return {s.segment[cpu::kCs].selector, static_cast<std::uint32_t>(s.rip)};
}

std::uint64_t process_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(t.tv_nsec);
}

}  // namespace

// Says that it is there, and is the code that calls come from.
std::vector<std::uint8_t> Rig::boot_sector() {
  std::vector<std::uint8_t> code(512);
  const auto put = [&code](std::uint32_t at, std::initializer_list<std::uint8_t> bytes) {
    std::copy(bytes.begin(), bytes.end(), code.begin() + (at - rig::kCode));
  };
  const std::uint8_t port = kExitPort;
  put(rig::kCode, {0xb0, 0x01, 0xe6, port, 0xeb, 0xfe});   // mov al, 1; out; jmp $
  put(kReturn, {0xe6, port, 0xeb, 0xfe});                  // out; jmp $
  put(kWait, {0xfb, 0xf4, 0xfa, 0xe6, port, 0xeb, 0xfe});  // sti; hlt; cli; out; jmp $
  code[510] = 0x55, code[511] = 0xaa;
  return code;
}

Result<FuzzTarget> fuzz_target(const std::string& name, std::optional<unsigned> vector) {
  if (name == "vector" || (name.empty() && vector)) {
    if (!vector || *vector > 0xff) return usage_error("vectors are 0 to 255: --vector 0x13");
    return FuzzTarget{fmt::format("int{:02x}", *vector), static_cast<std::uint8_t>(*vector)};
  }
  if (vector) return usage_error(fmt::format("--vector goes without '{}'", name));
  for (const std::uint8_t known : {0x10, 0x13, 0x15, 0x16, 0x1a}) {
    if (name == fmt::format("int{:02x}", known)) return FuzzTarget{name, known};
  }
  if (name == "pxe") return FuzzTarget{name, 0, FuzzTarget::Kind::kPxe};
  if (name == "rom") return FuzzTarget{name, 0, FuzzTarget::Kind::kRom};
  return usage_error(fmt::format(
      "there is no target '{}': int10, int13, int15, int16, int1a, pxe, rom, or --vector N", name));
}

Result<std::unique_ptr<Rig>> Rig::create(RigOptions options) {
  std::unique_ptr<Rig> rig(new Rig(std::move(options)));
  ICE86_TRY(rig->boot());
  ICE86_TRY(rig->learn());
  if (rig->options_.against) {
    RigOptions same = rig->options_;
    same.firmware = *same.against;
    same.against.reset();
    ICE86_TRY_ASSIGN(rig->other_, create(std::move(same)));
  }
  return rig;
}

Rig::~Rig() = default;

Result<void> Rig::boot() {
  machine::PcConfig config;
  config.memory_mib = kMemoryMib;
  config.firmware = options_.firmware;
  config.engine = options_.engine;
  config.instructions_per_microsecond = kRate;
  config.debug_exit_port = kExitPort;
  config.end_on_reset = true;
  config.debug_console = [this](std::uint8_t byte) {
    constexpr std::size_t kMost = 4096;
    if (said_.size() < kMost) said_ += static_cast<char>(byte);
  };
  devices::AtaTiming timing;  // short, but firmware that never waits for BSY still sees it
  timing.spin_up = 0;
  timing.reset = timing.command_latency = timing.register_latency = timing.block_latency = 1'000;
  const auto disk = [&](unsigned place, std::uint64_t sectors) {
    auto medium = std::make_unique<FuzzDisk>(sectors, boot_sector(), false);
    FuzzDisk* const raw = medium.get();
    config.disks[place] = machine::DiskConfig{std::move(medium), timing, false};
    return raw;
  };
  const auto diskette = [&] {
    auto medium = std::make_unique<FuzzDisk>(2880, boot_sector(), false);
    floppy_ = medium.get();
    config.floppies[0] = machine::FloppyConfig{std::move(medium)};
  };
  config.boot_order = "c";
  if (options_.drives == "full") {
    disks_[0] = disk(0, 20 * 16 * 63);
    diskette();
    auto medium = std::make_unique<FuzzDisk>(4096, std::vector<std::uint8_t>{}, true);
    cd_ = medium.get();
    config.disks[2] = machine::DiskConfig{std::move(medium), timing, true};
  } else if (options_.drives == "odd") {
    disks_[0] = disk(0, 1023 * 3 * 17 + 5);
    disks_[1] = disk(1, 70'001);
  } else if (options_.drives == "bare") {
    diskette();
    config.boot_order = "a";
  } else {
    return usage_error(fmt::format("--drives {}: there are full, odd and bare", options_.drives));
  }
  if (options_.target.kind != FuzzTarget::Kind::kInterrupt) ICE86_TRY(plug_network(config));
  ICE86_TRY_ASSIGN(pc_, machine::Pc::create(std::move(config)));
  machine::RunLimits limits;
  limits.instructions = kBootLimit;
  const machine::RunResult result = pc_->run(limits);
  const FarPointer at = place_of(pc_->cpu().state());
  if (result.end != RunEnd::kDebugExit || at.segment * 16U + at.offset != rig::kCode + 4)
    return Error(options_.target.kind == FuzzTarget::Kind::kPxe
                     ? "the firmware did not come to boot from the network (SeaBIOS does)"
                     : "the firmware did not come to load the boot sector of the disk");
  if (options_.target.kind == FuzzTarget::Kind::kPxe) return find_pxe();
  if (options_.target.kind == FuzzTarget::Kind::kRom) return find_roms();
  return {};
}

// What the firmware says of the machine: memory that is the caller's, and geometries.
Result<void> Rig::learn() {
  pc_->trace().subscribe(TraceBus::mask_of(TraceCategory::kDisk), [this](const TraceEvent& event) {
    if (event.name != "protocol-violation" || !violation_.empty()) return;
    for (const TraceField& field : event.fields) {
      if (const auto* text = std::get_if<std::string>(&field.value))
        violation_ += (violation_.empty() ? "" : ": ") + *text;
    }
    if (violation_.empty()) violation_ = "?";
  });
  pc_->trace().subscribe(TraceBus::mask_of(TraceCategory::kCpu), [this](const TraceEvent& event) {
    if (event.name != "exception" || !exception_.empty()) return;
    exception_ = fmt::format("exception {}", std::get<std::uint64_t>(event.fields.begin()->value));
    exception_at_ = place_of(pc_->cpu().state());
  });
  ICE86_TRY_ASSIGN(start_, machine::Checkpoint::take(*pc_));
  const auto memory = start_->memory();
  shadow_.assign(memory.begin(), memory.end());
  base_top_ = load_le<std::uint16_t>(&memory[0x413]) * 1024U;
  if (options_.target.kind == FuzzTarget::Kind::kInterrupt)
    handler_ = interrupt(options_.target.vector, {}).at;
  if (handler_.segment == 0 && handler_.offset == 0)
    return Error(
        fmt::format("interrupt {:02x} has no handler in this firmware", options_.target.vector));
  CallStep step{};
  step.in.ds = rig::kPacketSegment;
  step.in.flags = 0x202;
  for (unsigned i = 0; i < geometries_.size(); ++i) {
    step.in.eax = 0x800;
    step.in.edx = 0x80 + i;
    step.in.es = rig::kBuffers >> 4;
    const CallEnd end = call(interrupt(0x13, step), step, kPatient);
    if (!end.returned || end.out.carry() || disks_[i] == nullptr) continue;
    geometries_[i] = {(end.out.edx >> 8 & 0xff) + 1, end.out.ecx & 0x3f, disks_[i]->made_sectors()};
  }
  step.in.ebx = 0;
  for (unsigned i = 0; i < 32; ++i) {
    step.in.eax = 0xe820;
    step.in.ecx = 24;
    step.in.edx = 0x534d4150;  // SMAP
    step.in.es = rig::kBuffers >> 4;
    const CallEnd end = call(interrupt(0x15, step), step, kPatient);
    if (!end.returned || end.out.carry()) break;
    const std::uint8_t* entry = &start_->memory()[rig::kBuffers];
    if (load_le<std::uint32_t>(entry + 16) == 1) {
      usable_.push_back({static_cast<std::uint32_t>(load_le<std::uint64_t>(entry)),
                         static_cast<std::uint32_t>(load_le<std::uint64_t>(entry + 8))});
    }
    step.in.ebx = end.out.ebx;
    if (step.in.ebx == 0) break;
  }
  start_->go_back();
  return {};
}

void Rig::set_edge_map(std::uint8_t* map) {
  pc_->cpu().set_edge_map(map);
}

void Rig::poke(std::uint32_t at, std::span<const std::uint8_t> bytes) {
  pc_->write_memory(at, bytes);
  std::copy(bytes.begin(), bytes.end(), shadow_.begin() + at);
  touch(at >> kPageBits);
}

void Rig::touch(std::uint32_t page) {
  // Few pages, and the same ones again and again.
  constexpr std::ptrdiff_t kLook = 16;
  const auto end = touched_.end();
  const auto from = end - std::min<std::ptrdiff_t>(kLook, end - touched_.begin());
  if (std::find(from, end, page) == end) touched_.push_back(page);
}

machine::RunResult Rig::run_guest(std::uint64_t limit) {
  machine::RunLimits limits;
  limits.instructions = pc_->clock().instructions() + limit;
  // A guest that sleeps and is never woken retires nothing.
  constexpr std::uint64_t kNap = 1'000'000'000;
  limits.time = pc_->clock().now() + limit * 1000 / kRate + kNap;
  if (!each_) return pc_->run(limits);
  // Step by step, for people.
  for (;;) {
    each_(*pc_);
    machine::RunLimits one;
    one.instructions = pc_->clock().instructions() + 1;
    one.time = limits.time;
    const machine::RunResult result = pc_->run(one);
    if (result.end != RunEnd::kInstructionLimit) return result;
    if (pc_->clock().instructions() >= *limits.instructions) return result;
  }
}

// As INT does it from 0:kReturn - 2.
Rig::Entry Rig::interrupt(std::uint8_t vector, const CallStep& step) const {
  const auto memory = start_->memory();
  Entry entry;
  entry.at = {load_le<std::uint16_t>(&memory[vector * 4U + 2]),
              load_le<std::uint16_t>(&memory[vector * 4U])};
  entry.words = {kReturn, 0, static_cast<std::uint16_t>(step.in.flags)};
  entry.count = 3;
  return entry;
}

Rig::Entry Rig::entry_of(const CallStep& step) const {
  Entry entry;
  switch (options_.target.kind) {
    case FuzzTarget::Kind::kInterrupt: return interrupt(options_.target.vector, step);
    case FuzzTarget::Kind::kPxe:
      // PXE 2.1 section 3.2.2: opcode, structure; the caller takes them off again.
      entry.at = handler_;
      entry.words = {kReturn, 0, step.in.ah(), static_cast<std::uint16_t>(step.in.edi), step.in.es};
      entry.count = 5;
      entry.sp_after = rig::kStackTop - 6;
      break;
    case FuzzTarget::Kind::kRom:
      entry.at = roms_[step.in.edx % roms_.size()];
      entry.words = {kReturn, 0};
      entry.count = 2;
      break;
  }
  return entry;
}

// With registers and flags of the caller's choice.
Rig::CallEnd Rig::call(const Entry& entry, const CallStep& step, std::uint64_t limit) {
  violation_.clear();
  exception_.clear();
  for (FuzzDisk* disk : {floppy_, disks_[0], disks_[1], cd_})
    if (disk != nullptr) disk->mark();
  const std::uint32_t frame_at = rig::kStackTop - entry.count * 2;
  std::array<std::uint8_t, 10> frame{};
  for (unsigned i = 0; i < entry.count; ++i)
    store_le<std::uint16_t>(frame.data() + i * std::size_t{2}, entry.words[i]);
  poke(frame_at, std::span(frame).first(entry.count * std::size_t{2}));
  if (options_.target.kind == FuzzTarget::Kind::kPxe)
    poke((step.in.es << 4) + (step.in.edi & 0xffff), step.packet);
  if (step.in.ds == rig::kPacketSegment)
    poke((rig::kPacketSegment << 4) + (step.in.esi & 0xffff), step.packet);
  cpu::State& s = pc_->cpu().mutable_state();
  const Registers& in = step.in;
  const auto set = [&s](unsigned n, std::uint32_t value) { s.gpr[n] = value; };
  set(cpu::kRax, in.eax), set(cpu::kRbx, in.ebx), set(cpu::kRcx, in.ecx), set(cpu::kRdx, in.edx);
  set(cpu::kRsi, in.esi), set(cpu::kRdi, in.edi), set(cpu::kRbp, in.ebp);
  set(cpu::kRsp, frame_at);
  set_segment(s, cpu::kDs, in.ds);
  set_segment(s, cpu::kEs, in.es);
  set_segment(s, cpu::kSs, 0);
  set_segment(s, cpu::kFs, 0x1357);
  set_segment(s, cpu::kGs, 0x2468);
  set_segment(s, cpu::kCs, entry.at.segment);
  s.rip = entry.at.offset;
  s.rflags = (in.flags & ~std::uint32_t{0x300}) | 2;
  s.halted = false;
  pc_->cpu().reset_edges();

  CallEnd end;
  end.entry = entry;
  end.run = run_guest(limit);
  const cpu::State& after = pc_->cpu().state();
  end.out = registers_of(after);
  end.at = place_of(after);
  end.ss = after.segment[cpu::kSs].selector;
  end.sp = static_cast<std::uint32_t>(after.gpr[cpu::kRsp]);
  end.fs = after.segment[cpu::kFs].selector;
  end.gs = after.segment[cpu::kGs].selector;
  end.returned =
      end.run.end == RunEnd::kDebugExit && end.at.segment * 16U + end.at.offset == kReturn + 2;
  return end;
}

void Rig::do_event(const EventStep& event) {
  if (event.key && *event.key <= static_cast<unsigned>(devices::KeyCode::kSpace)) {
    const auto key = static_cast<devices::KeyCode>(*event.key);
    pc_->input(machine::KeyInput{key, true});
    pc_->input(machine::KeyInput{key, false});
  }
  if (!event.interrupts) return;
  cpu::State& s = pc_->cpu().mutable_state();
  set_segment(s, cpu::kSs, 0);
  s.gpr[cpu::kRsp] = rig::kStackTop;
  set_segment(s, cpu::kCs, 0);
  s.rip = kWait;
  s.rflags = 2;
  run_guest(kQuick);
}

void Rig::do_disk(const DiskStep& step) {
  std::array<FuzzDisk*, 4> all = {disks_[0], floppy_, cd_, disks_[1]};
  FuzzDisk* const disk = all[step.drive % all.size()];
  if (disk == nullptr) return;
  FuzzDisk::Behaviour& b = disk->behaviour();
  constexpr std::uint64_t kForEver = std::uint64_t{1} << 60;
  // The bits of the Error register (ATA/ATAPI-6, section 7.10) that a command may end with.
  static constexpr std::uint8_t kErrors[] = {0x04, 0x10, 0x40, 0x80, 0x02, 0x01, 0x08, 0x20};
  switch (step.what % 6) {
    case 0: b = {}; break;
    case 1: b.delay = (step.sector & 0xfff) * 1000; break;
    case 2: b.delay = kForEver; break;
    case 3: b.ata_error = kErrors[step.error % std::size(kErrors)]; break;
    case 4: b.bad_first = step.sector % disk->made_sectors(), b.bad_count = step.count; break;
    case 5: b.shrunk = step.sector % disk->made_sectors() + 1; break;
  }
}

std::string Rig::describe_step(const FuzzStep& step) const {
  if (step.kind == FuzzStep::Kind::kEvent) {
    std::string text;
    if (step.event.key) text = fmt::format("key {:02x} is pressed", *step.event.key);
    if (step.event.interrupts)
      text += std::string(text.empty() ? "" : ", and ") + "the caller waits for an interrupt";
    return text.empty() ? "nothing happens" : text;
  }
  static constexpr const char* kDrives[] = {"disk 80", "the diskette", "the CD-ROM", "disk 81"};
  const DiskStep& d = step.disk;
  const FuzzDisk* const disks[] = {disks_[0], floppy_, cd_, disks_[1]};
  const FuzzDisk* const disk = disks[d.drive % std::size(disks)];
  const std::string name = kDrives[d.drive % std::size(kDrives)];
  if (disk == nullptr) return name + " is not there";
  switch (d.what % 6) {
    case 0: return name + " works as it should";
    case 1: return fmt::format("{} takes {} us for each command", name, d.sector & 0xfff);
    case 2: return name + " is busy for ever";
    case 3: return name + " fails each command on its medium with an error";
    case 4:
      return fmt::format("{} has {} bad sectors from {} on", name, d.count,
                         d.sector % disk->made_sectors());
    default:
      return fmt::format("{} shrinks to {} sectors", name, d.sector % disk->made_sectors() + 1);
  }
}

Rig::Answer Rig::ask(std::uint8_t vector, const Registers& in) {
  CallStep step{};
  step.in = in;
  unseen_writes_ = true;
  const CallEnd end = call(interrupt(vector, step), step, kPatient);
  return {end.returned, end.out};
}

void Rig::pass(Nanoseconds time) {
  const Nanoseconds until = pc_->clock().now() + time;
  unseen_writes_ = true;
  EventStep sleep;
  sleep.interrupts = true;
  while (pc_->clock().now() < until) do_event(sleep);
}

void Rig::reset() {
  const std::uint64_t reset_began = times_resets ? process_ns() : 0;
  // Pages in which the shadow is not the start's any more.
  if (unseen_writes_)
    for (const std::uint32_t page : start_->written_pages()) touched_.push_back(page);
  unseen_writes_ = false;
  said_.clear();
  posted_.clear();
  for (const std::uint32_t page : touched_) {
    machine::copy_page(&shadow_[std::size_t{page} << kPageBits], start_->page(page).data());
  }
  touched_.clear();
  last_reset_ = start_->go_back();
  for (FuzzDisk* disk : {floppy_, disks_[0], disks_[1], cd_})
    if (disk != nullptr) disk->renew();
  if (times_resets) reset_ns_ += process_ns() - reset_began;
}

Execution Rig::run(std::span<const std::uint8_t> input, std::uint64_t limit) {
  reset();
  Execution result;
  const std::uint64_t began = pc_->clock().instructions();
  for (std::size_t i = 0; i < steps_in(input); ++i) {
    const FuzzStep step = decode_step(input, i);
    if (sink_ && step.kind != FuzzStep::Kind::kCall) sink_({describe_step(step), ""});
    if (step.kind == FuzzStep::Kind::kEvent) {
      do_event(step.event);
      accept_memory();
      continue;
    }
    if (step.kind == FuzzStep::Kind::kDisk) {
      do_disk(step.disk);
      continue;
    }
    const CallEnd end = call(entry_of(step.call), step.call, limit);
    ++result.calls;
    if (sink_) {
      const auto view = [this](std::uint32_t at, unsigned width) -> std::uint64_t {
        return pc_->peek_memory(at, width);
      };
      Service service;
      if (options_.target.kind == FuzzTarget::Kind::kInterrupt)
        service = describe_call(options_.target.vector, step.call.in, view);
      const Registers& in = step.call.in;
      CallReport text;
      text.before = fmt::format(
          "{} AX={:04x} BX={:04x} CX={:04x} DX={:04x} SI={:04x} DI={:04x} DS={:04x} "
          "ES={:04x} {}  {} {}",
          options_.target.kind == FuzzTarget::Kind::kInterrupt
              ? fmt::format("INT {:02X}h", options_.target.vector)
              : options_.target.name,
          in.eax & 0xffff, in.ebx & 0xffff, in.ecx & 0xffff, in.edx & 0xffff, in.esi & 0xffff,
          in.edi & 0xffff, in.ds, in.es, (in.flags & 0x200) != 0 ? "IF" : "if", service.name,
          service.text);
      const Registers& o = end.out;
      text.after = end.returned ? fmt::format(
                                      "AX={:04x} BX={:04x} CX={:04x} DX={:04x} SI={:04x} DI={:04x} "
                                      "DS={:04x} ES={:04x} {} {}",
                                      o.eax & 0xffff, o.ebx & 0xffff, o.ecx & 0xffff,
                                      o.edx & 0xffff, o.esi & 0xffff, o.edi & 0xffff, o.ds, o.es,
                                      o.carry() ? "CF" : "cf", (o.flags & 0x200) != 0 ? "IF" : "if")
                                : fmt::format("did not return; at {:04x}:{:04x}", end.at.segment,
                                              end.at.offset);
      sink_(text);
    }
    result.results[result.calls - 1] = {i, end.returned, step.call.in, end.out};
    if (!end.returned) unseen_writes_ = true;
    judge(step.call, end, i, result);
    if (!end.returned || !result.findings.empty()) break;
    if (may_break_the_machine(options_.target.service(), step.call.in)) break;
  }
  result.instructions = pc_->clock().instructions() - began;
  if (other_ && comparing && result.findings.empty() && !result.slow) compare(input, limit, result);
  return result;
}

Finding Rig::hang(const Execution& execution) {
  // More than the turns of any loop that asks a chip and counts.
  constexpr unsigned kLook = 20'000;
  std::uint64_t outermost = 0;
  std::uint32_t lowest = ~0U;
  FarPointer at = execution.slow_at;
  for (unsigned i = 0; i < kLook; ++i) {
    const cpu::State& s = pc_->cpu().state();
    const std::uint64_t stack = s.segment[cpu::kSs].base + s.gpr[cpu::kRsp];
    const auto linear = static_cast<std::uint32_t>(s.segment[cpu::kCs].base + s.rip);
    if (stack > outermost || (stack == outermost && linear < lowest)) {
      outermost = stack;
      lowest = linear;
      at = place_of(s);
    }
    machine::RunLimits one;
    one.instructions = pc_->clock().instructions() + 1;
    if (pc_->run(one).end != RunEnd::kInstructionLimit) break;
  }
  Finding finding;
  finding.oracle = "hang";
  finding.text = fmt::format("no return after {} instructions; it goes round at {:04x}:{:04x}",
                             execution.instructions, at.segment, at.offset);
  finding.key = fmt::format("hang {}/{:02x} {:04x}:{:04x}", options_.target.name, in_.ah(),
                            at.segment, at.offset);
  finding.handler = at;
  if (execution.calls != 0) finding.step = execution.results[execution.calls - 1].step;
  return finding;
}

void Rig::compare(std::span<const std::uint8_t> input, std::uint64_t limit, Execution& result) {
  // The other one may be slower.
  const Execution theirs = other_->run(input, limit * 4);
  for (std::size_t i = 0; i < std::min(result.calls, theirs.calls); ++i) {
    const CallResult& a = result.results[i];
    const CallResult& b = theirs.results[i];
    if (!a.returned || !b.returned) return;
    const std::string what = difference_of(options_.target.service(), a.in, a.out, b.out);
    if (what.empty()) continue;
    in_ = a.in;
    const auto text = [](const Registers& o) {
      return fmt::format("{} AX={:04x} BX={:04x} CX={:04x} DX={:04x}", o.carry() ? "CF" : "cf",
                         o.eax & 0xffff, o.ebx & 0xffff, o.ecx & 0xffff, o.edx & 0xffff);
    };
    return report(
        result, a.step, "difference", what,
        fmt::format("{}: here {}; {}: {}", what, text(a.out), options_.against->name, text(b.out)));
  }
}

const FuzzDisk* Rig::disk_of(std::uint8_t drive) const {
  if (drive == 0) return floppy_;
  return drive == 0x80 || drive == 0x81 ? disks_[drive - 0x80U] : nullptr;
}

}  // namespace ice86::harness
