// SPDX-License-Identifier: LGPL-2.1-or-later
// The code that translations share: the way in and out, calls of handlers, stores beside code.
#include <cstring>
#include <iterator>

#include "cpu/core.h"
#include "cpu/jit/jit.h"
#include "cpu/jit/translator.h"

namespace ice86::cpu::jit {

namespace {

Mem register_place(const Core& core, unsigned number) {
  const auto* at = reinterpret_cast<const std::uint8_t*>(&core.s.gpr[number]);
  const auto* start = reinterpret_cast<const std::uint8_t*>(&core);
  return {kCore, kNoHost, 0, static_cast<std::int32_t>(at - start)};
}

// The guest's registers that the host has, to or from State.
void move_registers(Emitter& e, const Core& core, bool load) {
  static constexpr std::uint8_t kHosts[] = {kHostRax, kHostRcx, kHostRdx, kHostRbx, kGuestSp,
                                            kHostRbp, kHostRsi, kHostRdi, kHostR8,  kHostR9};
  for (unsigned i = 0; i < std::size(kHosts); ++i) {
    if (load) {
      e.load(kHosts[i], register_place(core, i));
    } else {
      e.store(register_place(core, i), kHosts[i]);
    }
  }
}

// RSP: /0 ADD, /5 SUB.
void host_stack(Emitter& e, unsigned digit, unsigned bytes) {
  e.op({0x83, 0, 8}, static_cast<std::uint8_t>(digit), std::uint8_t{kHostRsp});
  e.byte(bytes);
}

}  // namespace

void Jit::make_thunks() {
  Emitter e;
  e.begin(buffer_.next());
  const auto offset = [this](const void* member) {
    return static_cast<std::int32_t>(static_cast<const std::uint8_t*>(member) -
                                     reinterpret_cast<const std::uint8_t*>(&core_));
  };
  const auto at = [&](const void* member) { return Mem{kCore, kNoHost, 0, offset(member)}; };
  const auto registers = [&](bool load) { move_registers(e, core_, load); };
  static constexpr std::uint8_t kSaved[] = {kHostRbx, kHostRbp, kHostR12,
                                            kHostR13, kHostR14, kHostR15};
  // Enter: RDI = core, RSI = budget, RDX = code.
  enter_ = reinterpret_cast<Enter>(reinterpret_cast<std::uintptr_t>(e.here()));
  for (const std::uint8_t reg : kSaved) {
    if (reg >= 8) e.byte(0x41);
    e.byte(0x50 | (reg & 7));
  }
  host_stack(e, 5, 8);
  e.mov(kCore, kHostRdi);
  e.mov(kBudget, kHostRsi);
  e.mov(kTemp, kHostRdx);
  registers(true);
  e.op({0xff, 0, 4}, 4, kTemp);  // jmp r11
  // Exit with the guest's registers to be stored; R11 goes to the caller.
  // The host's own units are as the rest of the program expects them.
  const auto host_again = [&] {
    e.op({0x80, 0, 1}, 7, at(&core_.jit_area.sse_ready));
    e.byte(0);
    const std::size_t not_ready = e.jcc(kEqual);
    e.op({0xae, 1}, 3, at(&core_.s.mxcsr));              // stmxcsr
    e.op({0xae, 1}, 2, at(&core_.jit_area.host_mxcsr));  // ldmxcsr
    e.op({0xc6, 0, 1}, 0, at(&core_.jit_area.sse_ready));
    e.byte(0);
    e.bind(not_ready);
  };
  exit_ = e.here();
  host_again();
  registers(false);
  const std::uint8_t* exit_stored = e.here();
  e.store(at(&core_.jit_area.budget), kBudget);
  e.mov(kHostRax, kTemp);
  host_stack(e, 0, 8);
  for (std::size_t i = std::size(kSaved); i-- > 0;) {
    if (kSaved[i] >= 8) e.byte(0x41);
    e.byte(0x58 | (kSaved[i] & 7));
  }
  e.byte(0xc3);
  // Calls the interpreter's handler.
  handler_ = e.here();
  host_again();
  make_call(e, &Jit::call_handler, exit_stored);
  far_ = e.here();
  host_again();
  make_call(e, &Jit::show_far, exit_stored);
  port_ = e.here();
  make_call(e, &Jit::read_port, exit_stored);
  make_timestamp(e);
  make_prepare_sse(e);
  make_beside_code(e);
  std::memcpy(buffer_.writable(buffer_.next()), e.bytes().data(), e.size());
  buffer_.take(e.size());
  thunks_end_ = buffer_.used();
}

// Stores the guest's registers and calls; what it answers is done.
void Jit::make_call(Emitter& e, Answer (*what)(Core*, Translation*, std::uint32_t, std::int64_t),
                    const std::uint8_t* exit_stored) {
  move_registers(e, core_, false);
  e.mov(kHostRdi, kCore);
  e.mov(kHostRsi, kValue);
  e.mov(kHostRdx, kTemp, 4);
  e.mov(kHostRcx, kBudget);
  host_stack(e, 5, 8);
  e.mov_imm(kHostRax, reinterpret_cast<std::uintptr_t>(what));
  e.op({0xff, 0, 4}, 2, kHostRax);
  e.mov(kBudget, kHostRdx);
  e.op({0x85, 0, 4}, kHostRax, kHostRax);
  const std::size_t leave = e.jcc(kNotEqual);
  host_stack(e, 0, 8);
  move_registers(e, core_, true);
  e.byte(0xc3);
  e.bind(leave);
  host_stack(e, 0, 16);
  e.alu_imm(7, std::uint8_t{kHostRax}, 1, 8);
  const std::size_t exit = e.jcc(kEqual);
  e.mov(kTemp, kHostRax);  // to another translation
  move_registers(e, core_, true);
  e.op({0xff, 0, 4}, 4, kTemp);
  e.bind(exit);
  e.op({0x31, 0, 4}, kTemp, kTemp);
  e.jmp_to(exit_stored);
}

// EDX:EAX = the time stamp counter. The callee keeps RBX, RBP and R12 to R15.
void Jit::make_timestamp(Emitter& e) {
  static constexpr unsigned kLost[] = {kRcx, kRsi, kRdi, 8, 9};
  const auto at = [this](unsigned number) { return register_place(core_, number); };
  timestamp_ = e.here();
  for (const unsigned number : kLost) e.store(at(number), static_cast<std::uint8_t>(number));
  e.mov(kHostRdi, kCore);
  e.mov(kHostRsi, kBudget);
  e.mov(kHostRdx, kTemp, 4);
  host_stack(e, 5, 8);
  e.mov_imm(kHostRax, reinterpret_cast<std::uintptr_t>(&Jit::read_timestamp));
  e.op({0xff, 0, 4}, 2, kHostRax);
  host_stack(e, 0, 8);
  e.mov(kHostRdx, kHostRax);
  e.shift_imm(5, kHostRdx, 32, 8);
  e.mov(kHostRax, kHostRax, 4);
  for (const unsigned number : kLost) e.load(static_cast<std::uint8_t>(number), at(number));
  e.byte(0xc3);
}

// The guest's MXCSR into the host's, if SSE is enabled and all its exceptions are masked.
void Jit::make_prepare_sse(Emitter& e) {
  constexpr std::uint32_t kMasks = 0x1f80;
  const auto at = [this](const void* member) {
    return Mem{kCore, kNoHost, 0,
               static_cast<std::int32_t>(static_cast<const std::uint8_t*>(member) -
                                         reinterpret_cast<const std::uint8_t*>(&core_))};
  };
  const auto test = [&](const std::uint64_t* value, std::uint64_t bits) {
    e.op({0xf7, 0, 4}, 0, at(value));
    e.dword(static_cast<std::uint32_t>(bits));
  };
  prepare_sse_ = e.here();
  test(&core_.s.cr0, cr0::kEm | cr0::kTs);
  const std::size_t disabled = e.jcc(kNotEqual);
  test(&core_.s.cr4, cr4::kOsfxsr);
  const std::size_t not_enabled = e.jcc(kEqual);
  e.load(kTemp, at(&core_.s.mxcsr), 4);
  e.alu_imm(4, kTemp, kMasks, 4);
  e.alu_imm(7, kTemp, kMasks, 4);
  const std::size_t unmasked = e.jcc(kNotEqual);
  e.op({0xae, 1}, 2, at(&core_.s.mxcsr));  // ldmxcsr
  e.op({0xc6, 0, 1}, 0, at(&core_.jit_area.sse_ready));
  e.byte(1);
  e.op({0x85, 0, 4}, kTemp, std::uint8_t{kTemp});
  e.byte(0xc3);
  e.bind(disabled);
  e.bind(not_enabled);
  e.bind(unmasked);
  e.op({0x31, 0, 4}, kTemp, std::uint8_t{kTemp});
  e.byte(0xc3);
}

void Jit::make_beside_code(Emitter& e) {
  static_assert(kRightsCount == std::tuple_size_v<decltype(beside_code_)>);
  for (unsigned part = 0; part < kRightsCount; ++part) {
    for (unsigned kind = 0; kind < kStoreSizes.size(); ++kind) {
      beside_code_[part][kind] = e.here();
      make_beside_code(e, part, kStoreSizes[kind]);
    }
  }
}

void Jit::make_beside_code(Emitter& e, unsigned part, unsigned bytes) {
  const auto& entry = core_.tlb[part][0];
  const auto at = [this](const void* member) {
    return Mem{kCore, kTemp, 0,
               static_cast<std::int32_t>(static_cast<const std::uint8_t*>(member) -
                                         reinterpret_cast<const std::uint8_t*>(&core_))};
  };
  static_assert(Core::kHasCode == 1 && sizeof(entry) == 64);
  std::vector<std::size_t> fail;
  const auto test_line = [&e, &fail](std::int32_t delta) {
    e.lea(kValue, {kAddress, kNoHost, 0, delta});
    e.shift_imm(5, kValue, CodeCache::kLineBits, 4);
    e.op({0xa3, 1, 8}, kValue, std::uint8_t{kTemp});  // bt r11, r14
    fail.push_back(e.jcc(kBelow));
  };
  e.alu_imm(1, kValue, Core::kHasCode, 8);
  e.op({0x3b, 0, 8}, kValue, at(&entry.write_tag));
  fail.push_back(e.jcc(kNotEqual));
  e.shift_imm(5, kTemp, 3, 4);
  e.load(kTemp, at(core_.code_lines[part].data()));
  e.load(kTemp, {kTemp, kNoHost, 0, 0});
  test_line(0);
  if (bytes > 1) test_line(static_cast<std::int32_t>(bytes - 1));
  e.mov(kTemp, kAddress, 4);
  e.shift_imm(5, kTemp, kPageBits - 6, 4);
  e.alu_imm(4, kTemp, static_cast<std::int32_t>(Core::kTlbMask << 6), 4);
  e.op({0x03, 0, 8}, kAddress, at(&entry.write_addend));
  e.op({0x31, 0, 4}, kTemp, std::uint8_t{kTemp});
  e.byte(0xc3);
  for (const std::size_t jump : fail) e.bind(jump);
  e.alu_imm(1, kTemp, 1, 4);
  e.byte(0xc3);
}

}  // namespace ice86::cpu::jit
