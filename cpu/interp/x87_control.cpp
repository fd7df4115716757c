// SPDX-License-Identifier: LGPL-2.1-or-later
// x87 control instructions, WAIT, and which handler an ESC opcode has.
// Reference: Intel SDM vol. 1 section 8.3.11, vol. 2.
#include "cpu/interp/handlers.h"
#include "cpu/interp/x87_generic.h"
#include "cpu/x87.h"

namespace ice86::cpu {

namespace {

using namespace x87;

Flow wait(Core& c, const Insn&) {
  constexpr std::uint64_t kBoth = cr0::kMp | cr0::kTs;
  if ((c.s.cr0 & kBoth) == kBoth) return c.raised(kNm);
  // CR0.EM and TS without MP do not concern WAIT.
  return (c.s.fsw & kSummary) == 0 ? Flow::kNext : pending(c);
}

Flow fninit(Core& c, const Insn&) {
  if (const Flow flow = start_no_wait(c); flow != Flow::kNext) return flow;
  initialize(c);
  return Flow::kNext;
}

Flow fnclex(Core& c, const Insn&) {
  if (const Flow flow = start_no_wait(c); flow != Flow::kNext) return flow;
  c.s.fsw &= static_cast<std::uint16_t>(~kSticky);
  update_summary(c);
  return Flow::kNext;
}

// FENI, FDISI and FSETPM of the 8087 and 80287. Also every ESC where there is no coprocessor: with
// CR0.EM and TS clear nobody answers it, and it passes.
Flow nothing(Core& c, const Insn&) {
  return start_no_wait(c);
}

Flow fldcw(Core& c, const Insn& i) {
  if (const Flow flow = start(c); flow != Flow::kNext) return flow;
  std::uint16_t value = 0;
  if (!c.read<std::uint16_t>(i.segment, c.effective(i), value)) return Flow::kFault;
  c.s.fcw = (value & kControlBits) | kControlFixed;
  update_summary(c);
  return Flow::kNext;
}

Flow fnstcw(Core& c, const Insn& i) {
  if (const Flow flow = start_no_wait(c); flow != Flow::kNext) return flow;
  return c.write<std::uint16_t>(i.segment, c.effective(i), c.s.fcw) ? Flow::kNext : Flow::kFault;
}

Flow fnstsw(Core& c, const Insn& i) {
  if (const Flow flow = start_no_wait(c); flow != Flow::kNext) return flow;
  return c.write<std::uint16_t>(i.segment, c.effective(i), c.s.fsw) ? Flow::kNext : Flow::kFault;
}

Flow fnstsw_ax(Core& c, const Insn&) {
  if (const Flow flow = start_no_wait(c); flow != Flow::kNext) return flow;
  c.set_reg<std::uint16_t>(kRax * 8, c.s.fsw);
  return Flow::kNext;
}

// By ESC opcode and the reg field of ModRM (SDM vol. 2D appendix A.5).
Handler memory_handler(unsigned escape, unsigned reg) {
  for (const auto family : {arithmetic_memory, compare_memory, move_memory}) {
    if (const Handler handler = family(escape, reg)) return handler;
  }
  switch (escape) {
    case 0:
    case 2: return generic_load(4);  // arithmetic: m32fp, m32int
    case 4: return generic_load(8);  // m64fp
    case 6: return generic_load(2);  // m16int
    case 1:
      switch (reg) {
        case 0: return generic_load(4);
        case 2:
        case 3: return generic_store(4);
        case 4: return x87_image_handler(X87Image::kFldenv);
        case 5: return fldcw;
        case 6: return x87_image_handler(X87Image::kFnstenv);
        case 7: return fnstcw;
        default: return nullptr;
      }
    case 3:
      switch (reg) {
        case 0: return generic_load(4);
        case 1:
        case 2:
        case 3: return generic_store(4);
        case 5: return generic_load(10);
        case 7: return generic_store(10);
        default: return nullptr;
      }
    case 5:
      switch (reg) {
        case 0: return generic_load(8);
        case 1:
        case 2:
        case 3: return generic_store(8);
        case 4: return x87_image_handler(X87Image::kFrstor);
        case 6: return x87_image_handler(X87Image::kFnsave);
        case 7: return fnstsw;
        default: return nullptr;
      }
    default:
      switch (reg) {
        case 0: return generic_load(2);
        case 1:
        case 2:
        case 3: return generic_store(2);
        case 4: return generic_load(10);  // FBLD
        case 5: return generic_load(8);
        case 6: return generic_store(10);  // FBSTP
        default: return generic_store(8);
      }
  }
}

}  // namespace

Handler x87_handler(unsigned escape, unsigned modrm) {
  if (modrm < 0xc0) return memory_handler(escape, modrm >> 3 & 7);
  switch (escape << 8 | modrm) {
    case 0x3e0:
    case 0x3e1:
    case 0x3e4: return nothing;
    case 0x3e2: return fnclex;
    case 0x3e3: return fninit;
    case 0x7e0: return fnstsw_ax;
    default: break;
  }
  for (const auto family : {arithmetic_register, compare_register, move_register}) {
    if (const Handler handler = family(escape, modrm)) return handler;
  }
  return generic_register;
}

Handler x87_absent_handler() {
  return nothing;
}

Handler x87_wait_handler() {
  return wait;
}

}  // namespace ice86::cpu
