// SPDX-License-Identifier: LGPL-2.1-or-later
// PUSH, POP, PUSHA, POPA, PUSHF, POPF, ENTER, LEAVE.
// Reference: Intel SDM vol. 2.
#include "cpu/core.h"
#include "cpu/interp/handlers.h"
#include "cpu/interp/sized.h"

namespace ice86::cpu {

namespace {

template <Stack op, Form form>
struct StackForm {
  template <typename T>
  struct Family {
    static Flow run(Core& c, const Insn& i) {
      std::uint64_t top = c.sp();
      if constexpr (op == Stack::kPush) {
        T value;
        if constexpr (form == Form::kM) {
          if (!c.read<T>(i.segment, c.effective(i), value)) return Flow::kFault;
        } else {
          value = c.reg<T>(i.dst);
        }
        if (!c.push<T>(top, value)) return Flow::kFault;
        c.set_sp(top);
      } else if constexpr (op == Stack::kPushImm) {
        if (!c.push<T>(top, static_cast<T>(i.imm))) return Flow::kFault;
        c.set_sp(top);
      } else if constexpr (op == Stack::kPop) {
        T value;
        if (!c.pop<T>(top, value)) return Flow::kFault;
        if constexpr (form == Form::kM) {
          // An address based on ESP uses the value after the pop.
          const std::uint64_t before = c.s.gpr[kRsp];
          c.set_sp(top);
          if (!c.write<T>(i.segment, c.effective(i), value)) {
            c.s.gpr[kRsp] = before;
            return Flow::kFault;
          }
        } else {
          c.set_sp(top);
          c.set_reg<T>(i.dst, value);
        }
      } else if constexpr (op == Stack::kPushSegment) {
        // The upper half of a 32-bit slot keeps what memory held: processors write 16 bits only.
        const std::uint16_t selector = c.s.segment[i.code].selector;
        const std::uint64_t next = (top - sizeof(T)) & c.stack_mask();
        const bool written = sizeof(T) == 8 ? c.write<std::uint64_t>(kSs, next, selector)
                                            : c.write<std::uint16_t>(kSs, next, selector);
        if (!written) return Flow::kFault;
        c.set_sp(next);
      } else if constexpr (op == Stack::kPopSegment) {
        // Reads the whole slot, unlike PUSH: one that ends beyond the limit faults.
        T slot;
        if (!c.read<T>(kSs, top, slot)) return Flow::kFault;
        const auto selector = static_cast<std::uint16_t>(slot);
        const std::uint64_t before = c.s.gpr[kRsp];
        // The stack moves in the old segment; SS itself may be what is loaded.
        c.set_sp(top + sizeof(T));
        if (!c.load_segment(i.code, selector)) {
          c.s.gpr[kRsp] = before;
          return Flow::kFault;
        }
        if (i.code == kSs) {
          c.s.mov_ss_shadow = true;
          return Flow::kLeave;
        }
      } else if constexpr (op == Stack::kPushAll) {
        for (unsigned r = 0; r < 8; ++r) {
          if (!c.push<T>(top, c.reg<T>(r * 8))) return Flow::kFault;
        }
        c.set_sp(top);
      } else if constexpr (op == Stack::kPopAll) {
        std::array<T, 8> values{};
        for (unsigned r = 8; r-- > 0;) {
          if (!c.pop<T>(top, values[r])) return Flow::kFault;
        }
        for (unsigned r = 0; r < 8; ++r) {
          if (r != kRsp) c.set_reg<T>(r * 8, values[r]);
        }
        c.set_sp(top);
      } else if constexpr (op == Stack::kPushFlags) {
        std::uint32_t image = c.flags() & ~(flag::kVm | flag::kRf);
        if (c.v8086() && c.iopl() != 3) {
          if (sizeof(T) != 2 || !c.virtual_if()) return c.raised(kGp, 0);
          image = (image & ~flag::kIf) | flag::kIopl;
          if ((c.s.rflags & flag::kVif) != 0) image |= flag::kIf;
        }
        if (!c.push<T>(top, static_cast<T>(image))) return Flow::kFault;
        c.set_sp(top);
      } else if constexpr (op == Stack::kPopFlags) {
        if (c.v8086() && c.iopl() != 3 && (sizeof(T) != 2 || !c.virtual_if()))
          return c.raised(kGp, 0);
        T value;
        if (!c.pop<T>(top, value)) return Flow::kFault;
        if (c.virtual_if()) {
          const bool on = (value & flag::kIf) != 0;
          if ((value & flag::kTf) != 0 || (on && (c.s.rflags & flag::kVip) != 0))
            return c.raised(kGp, 0);
          constexpr std::uint32_t kTaken = flag::kArithmetic | flag::kTf | flag::kDf | flag::kNt;
          c.set_flags((c.flags() & ~(kTaken | flag::kVif)) |
                      (static_cast<std::uint32_t>(value) & kTaken) | (on ? flag::kVif : 0));
          c.set_sp(top);
          return Flow::kLeave;
        }
        std::uint32_t changeable = flag::kArithmetic | flag::kTf | flag::kDf | flag::kNt;
        if (sizeof(T) >= 4) changeable |= flag::kAc | flag::kId;
        if (c.cpl <= c.iopl() || !c.protected_mode()) changeable |= flag::kIf;
        if (!c.v8086() && c.cpl == 0) changeable |= flag::kIopl;
        const std::uint32_t cleared = sizeof(T) >= 4 ? flag::kRf : 0;
        c.set_flags((c.flags() & ~(changeable | cleared)) |
                    (static_cast<std::uint32_t>(value) & changeable));
        c.set_sp(top);
        return Flow::kLeave;  // IF and TF may have changed
      } else if constexpr (op == Stack::kEnter) {
        // SDM vol. 2A, ENTER: size in bits 15:0 of the immediate, nesting level above.
        const auto size = static_cast<std::uint16_t>(i.imm);
        const unsigned level = static_cast<unsigned>(i.imm >> 16) & 31;
        const std::uint64_t mask = c.stack_mask();
        if (!c.push<T>(top, c.reg<T>(kRbp * 8))) return Flow::kFault;
        // With a 16-bit stack a 32-bit frame pointer has the upper half of ESP.
        const std::uint64_t frame = (c.s.gpr[kRsp] & ~mask) | top;
        std::uint64_t old_frame = c.s.gpr[kRbp];
        for (unsigned l = 1; l < level; ++l) {
          old_frame = (old_frame - sizeof(T)) & mask;
          T link;
          if (!c.read<T>(kSs, old_frame, link) || !c.push<T>(top, link)) return Flow::kFault;
        }
        if (level > 0 && !c.push<T>(top, static_cast<T>(frame))) return Flow::kFault;
        const std::uint64_t end = (top - size) & mask;
        // The end of the new frame must be writable.
        T probe;
        if (!c.read_for_write<T>(kSs, end, probe)) return Flow::kFault;
        c.set_reg<T>(kRbp * 8, static_cast<T>(frame));
        c.set_sp(end);
      } else {
        static_assert(op == Stack::kLeave);
        top = c.s.gpr[kRbp] & c.stack_mask();
        T frame;
        if (!c.pop<T>(top, frame)) return Flow::kFault;
        c.set_sp(top);
        c.set_reg<T>(kRbp * 8, frame);
      }
      return Flow::kNext;
    }
  };
};

}  // namespace

Handler stack_handler(Stack op, Form form, unsigned size) {
  const bool memory = form == Form::kM;
  switch (op) {
    case Stack::kPush:
      return memory ? sized_word<StackForm<Stack::kPush, Form::kM>::Family>(size)
                    : sized_word<StackForm<Stack::kPush, Form::kR>::Family>(size);
    case Stack::kPop:
      return memory ? sized_word<StackForm<Stack::kPop, Form::kM>::Family>(size)
                    : sized_word<StackForm<Stack::kPop, Form::kR>::Family>(size);
    case Stack::kPushImm: return sized_word<StackForm<Stack::kPushImm, Form::kR>::Family>(size);
    case Stack::kPushSegment:
      return sized_word<StackForm<Stack::kPushSegment, Form::kR>::Family>(size);
    case Stack::kPopSegment:
      return sized_word<StackForm<Stack::kPopSegment, Form::kR>::Family>(size);
    case Stack::kPushAll: return sized_word<StackForm<Stack::kPushAll, Form::kR>::Family>(size);
    case Stack::kPopAll: return sized_word<StackForm<Stack::kPopAll, Form::kR>::Family>(size);
    case Stack::kPushFlags: return sized_word<StackForm<Stack::kPushFlags, Form::kR>::Family>(size);
    case Stack::kPopFlags: return sized_word<StackForm<Stack::kPopFlags, Form::kR>::Family>(size);
    case Stack::kEnter: return sized_word<StackForm<Stack::kEnter, Form::kR>::Family>(size);
    case Stack::kLeave: return sized_word<StackForm<Stack::kLeave, Form::kR>::Family>(size);
  }
  return nullptr;
}

}  // namespace ice86::cpu
