// SPDX-License-Identifier: LGPL-2.1-or-later
// The interpreter's view of the CPU: architectural state, lazily kept flags, TLB, decoded blocks,
// and the helpers that instruction handlers are written with. Faults are values: a helper that
// returns false has put the fault into Core::fault, and the handler returns Flow::kFault with the
// state unchanged.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "cpu/code_cache.h"
#include "cpu/cpu.h"
#include "cpu/cpu_model.h"
#include "cpu/decoder.h"
#include "cpu/features.h"
#include "cpu/insn.h"
#include "cpu/jit/translation.h"
#include "cpu/lazy_flags.h"
#include "cpu/msr_file.h"
#include "cpu/state.h"
#include "emulator/base/bits.h"

namespace ice86::cpu {

struct Fault {
  std::uint8_t vector = 0;
  bool has_error_code = false;
  std::uint32_t error_code = 0;
};

enum class Access : std::uint8_t { kRead, kWrite, kExecute };

// The rights with which memory is accessed (SDM vol. 3A section 4.6): each has its own TLB.
enum class Rights : std::uint8_t {
  kSupervisor,    // CPL 0 to 2; and what the CPU reads and writes by itself, at any CPL
  kUser,          // CPL 3
  kSupervisorAc,  // CPL 0 to 2 with CR4.SMAP and RFLAGS.AC: user pages are open
  kUserAligned    // CPL 3 with CR0.AM and RFLAGS.AC: nothing is on the fast path
};
constexpr unsigned kRightsCount = 4;

// What one descriptor says (SDM vol. 3A section 3.4.5), before it goes into a segment register.
struct Descriptor {
  std::uint32_t low = 0;
  std::uint32_t high = 0;

  bool present() const { return bit(high, 15); }
  unsigned dpl() const { return bits(high, 14, 13); }
  bool is_system() const { return !bit(high, 12); }
  unsigned type() const { return bits(high, 11, 8); }
  bool is_code() const { return !is_system() && bit(high, 11); }
  bool is_data() const { return !is_system() && !bit(high, 11); }
  bool conforming() const { return is_code() && bit(high, 10); }
  bool readable() const { return is_data() || bit(high, 9); }
  bool writable() const { return is_data() && bit(high, 9); }
  std::uint32_t base() const { return low >> 16 | (high & 0xff) << 16 | (high & 0xff000000); }
  std::uint32_t limit() const {
    const std::uint32_t raw = (low & 0xffff) | (high & 0xf0000);
    return bit(high, 23) ? raw << 12 | 0xfff : raw;
  }
  // Gates.
  std::uint16_t gate_selector() const { return static_cast<std::uint16_t>(low >> 16); }
  std::uint32_t gate_offset() const { return (low & 0xffff) | (high & 0xffff0000); }
  unsigned gate_parameters() const { return high & 0x1f; }
};

// System descriptor types.
enum SystemType : unsigned {
  kTss16Available = 1,
  kLdt = 2,
  kTss16Busy = 3,
  kCallGate16 = 4,
  kTaskGate = 5,
  kInterruptGate16 = 6,
  kTrapGate16 = 7,
  kTss32Available = 9,
  kTss32Busy = 11,
  kCallGate32 = 12,
  kInterruptGate32 = 14,
  kTrapGate32 = 15
};

namespace jit {
class Jit;
class Translator;
}  // namespace jit

class Core {
 public:
  Core(CpuHost& cpu_host, TraceBus& trace_bus, CpuModel cpu_model, Engine engine);
  ~Core();

  State s;  // registers by byte offset: see Insn
  jit::Area jit_area;

  // ---- Registers ----
  std::uint8_t* raw() { return reinterpret_cast<std::uint8_t*>(&s); }
  template <typename T>
  T reg(unsigned offset) {
    return load_le<T>(raw() + offset);
  }
  // A 32-bit result clears the upper half (SDM vol. 1 section 3.4.1.1).
  template <typename T>
  void set_reg(unsigned offset, T value) {
    if constexpr (sizeof(T) == 4) {
      store_le<std::uint64_t>(raw() + offset, value);
    } else {
      store_le<T>(raw() + offset, value);
    }
  }
  std::uint16_t ax() const { return static_cast<std::uint16_t>(s.gpr[kRax]); }

  std::uint32_t flags() const {
    return (static_cast<std::uint32_t>(s.rflags) & ~flag::kArithmetic) | lf.value();
  }
  void set_flags(std::uint32_t value) {
    const bool ac_changes = ((s.rflags ^ value) & flag::kAc) != 0;
    s.rflags = (value & 0x3f7fd5) | flag::kFixed;
    lf.load(value);
    if (ac_changes) update_rights();
  }
  void sync_flags() { s.rflags = flags(); }

  bool protected_mode() const { return (s.cr0 & cr0::kPe) != 0; }
  bool v8086() const { return (s.rflags & flag::kVm) != 0; }
  bool real_or_v86() const { return !protected_mode() || v8086(); }
  unsigned iopl() const { return static_cast<unsigned>(s.rflags >> 12 & 3); }

  // ---- Faults ----
  Fault fault;
  bool raise(Vector vector) {
    fault = {vector, false, 0};
    return false;
  }
  bool raise(Vector vector, std::uint32_t error_code) {
    fault = {vector, true, error_code};
    return false;
  }
  Flow raised(Vector vector) {
    raise(vector);
    return Flow::kFault;
  }
  Flow raised(Vector vector, std::uint32_t error_code) {
    raise(vector, error_code);
    return Flow::kFault;
  }

  // ---- Memory ----
  std::uint64_t effective(const Insn& i) {
    static constexpr std::uint64_t kMask[] = {0xffff, 0xffffffff, ~std::uint64_t{0}};
    const std::uint64_t sum = load_le<std::uint64_t>(raw() + i.base) +
                              (load_le<std::uint64_t>(raw() + i.index) << i.scale) +
                              static_cast<std::uint64_t>(static_cast<std::int64_t>(i.disp));
    return sum & kMask[i.address_size];
  }

  template <typename T>
  [[nodiscard]] bool read(unsigned segment, std::uint64_t offset, T& value) {
    const SegmentView& view = views[segment];
    if (offset + (sizeof(T) - 1) >= view.readable) [[unlikely]] {
      if (!check_segment(segment, offset, sizeof(T), Access::kRead)) return false;
    }
    return read_linear<T>((view.base + offset) & linear_mask, value, rights) ||
           stack_fault(segment);
  }
  template <typename T>
  [[nodiscard]] bool write(unsigned segment, std::uint64_t offset, T value) {
    const SegmentView& view = views[segment];
    if (offset + (sizeof(T) - 1) >= view.writable) [[unlikely]] {
      if (!check_segment(segment, offset, sizeof(T), Access::kWrite)) return false;
    }
    return write_linear<T>((view.base + offset) & linear_mask, value, rights) ||
           stack_fault(segment);
  }
  // Whether a write() of the same place will succeed; raises what it would.
  template <typename T>
  [[nodiscard]] bool check_write(unsigned segment, std::uint64_t offset) {
    const SegmentView& view = views[segment];
    if (offset + (sizeof(T) - 1) >= view.writable) [[unlikely]] {
      if (!check_segment(segment, offset, sizeof(T), Access::kWrite)) return false;
    }
    const std::uint64_t linear = (view.base + offset) & linear_mask;
    const TlbEntry& entry = tlb[static_cast<unsigned>(rights)][linear >> kPageBits & kTlbMask];
    return ((entry.write_tag & ~kHasCode) == (linear & ~kPageMask) &&
            (linear & kPageMask) <= kPageSize - sizeof(T)) ||
           probe_write(linear, sizeof(T)) || stack_fault(segment);
  }
  // For read-modify-write: reads what a following write() of the same place will not fail to store.
  template <typename T>
  [[nodiscard]] bool read_for_write(unsigned segment, std::uint64_t offset, T& value) {
    return check_write<T>(segment, offset) && read<T>(segment, offset, value);
  }

  template <typename T>
  [[nodiscard]] bool read_linear(std::uint64_t linear, T& value, Rights as) {
    const TlbEntry& entry = tlb[static_cast<unsigned>(as)][linear >> kPageBits & kTlbMask];
    if (entry.read_tag == (linear & ~kPageMask) && (linear & kPageMask) <= kPageSize - sizeof(T))
        [[likely]] {
      value = load_le<T>(entry.read_at(linear));
      return true;
    }
    std::uint64_t wide = 0;
    if (!read_slow(linear, sizeof(T), wide, as)) return false;
    value = static_cast<T>(wide);
    return true;
  }
  template <typename T>
  [[nodiscard]] bool write_linear(std::uint64_t linear, T value, Rights as) {
    const TlbEntry& entry = tlb[static_cast<unsigned>(as)][linear >> kPageBits & kTlbMask];
    if (entry.write_tag == (linear & ~kPageMask) && (linear & kPageMask) <= kPageSize - sizeof(T))
        [[likely]] {
      store_le<T>(entry.write_at(linear), value);
      return true;
    }
    return write_slow(linear, sizeof(T), value, as);
  }
  // Descriptor tables, TSS, and everything else the CPU touches by itself.
  template <typename T>
  [[nodiscard]] bool read_system(std::uint64_t linear, T& value) {
    return read_linear<T>(linear & system_mask, value, Rights::kSupervisor);
  }
  template <typename T>
  [[nodiscard]] bool write_system(std::uint64_t linear, T value) {
    return write_linear<T>(linear & system_mask, value, Rights::kSupervisor);
  }

  // An access has failed. The address was not canonical: that is #SS for the stack segment.
  bool stack_fault(unsigned segment) {
    if (segment == kSs && fault.vector == kGp) fault.vector = kSs_;
    return false;
  }
  // Bits 63:47 are all equal (SDM vol. 1 section 3.3.7.1).
  static bool canonical(std::uint64_t linear) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(linear << 16) >> 16) == linear;
  }
  // The full check, with the right fault (#SS for the stack segment, else #GP).
  [[nodiscard]] bool check_segment(unsigned segment, std::uint64_t offset, unsigned size,
                                   Access access);
  [[nodiscard]] bool probe_write(std::uint64_t linear, unsigned size);
  [[nodiscard]] bool read_slow(std::uint64_t linear, unsigned size, std::uint64_t& value,
                               Rights as);
  [[nodiscard]] bool write_slow(std::uint64_t linear, unsigned size, std::uint64_t value,
                                Rights as);
  struct Translation {
    Gpa gpa = 0;
    std::uint8_t page_bits = kPageBits;  // log2 of the page's size
    bool global = false;
    bool writable = false;  // a write would be allowed and would change no entry
  };
  [[nodiscard]] bool whole_canonical(std::uint64_t linear, unsigned size);
  // Page walk. `quiet` changes nothing: no A/D bits, no fault, no CR2.
  [[nodiscard]] bool walk(std::uint64_t linear, Access access, Rights as, Translation& to,
                          bool quiet);
  // The PDPTE registers of PAE paging, which a write of CR3 loads; #GP for reserved bits.
  [[nodiscard]] bool load_pdptes(std::uint64_t from_cr3);
  unsigned physical_bits() const;
  void flush_tlb();
  void flush_tlb_but_global();
  void flush_tlb_page(std::uint64_t linear);
  void mapping_changed();  // of host.page()
  void update_rights();    // after a change of CPL, RFLAGS.AC, CR0.AM, CR4.SMAP

  // ---- Stack ----
  std::uint64_t stack_mask() const { return stack_mask_; }
  void set_sp(std::uint64_t value) {
    const std::uint64_t mask = stack_mask();
    s.gpr[kRsp] = mask == 0xffff ? (s.gpr[kRsp] & ~mask) | (value & mask) : value & mask;
  }
  std::uint64_t sp() const { return s.gpr[kRsp] & stack_mask(); }
  // Pushes onto `top` and moves it; the handler commits it with set_sp() when nothing can fail any
  // more.
  template <typename T>
  [[nodiscard]] bool push(std::uint64_t& top, T value) {
    const std::uint64_t next = (top - sizeof(T)) & stack_mask();
    if (!write<T>(kSs, next, value)) return false;
    top = next;
    return true;
  }
  template <typename T>
  [[nodiscard]] bool pop(std::uint64_t& top, T& value) {
    if (!read<T>(kSs, top, value)) return false;
    top = (top + sizeof(T)) & stack_mask();
    return true;
  }

  // ---- Segments ----
  unsigned cpl = 0;
  [[nodiscard]] bool load_segment(unsigned segment, std::uint16_t selector);  // MOV, POP, LDS...
  void load_real_segment(unsigned segment, std::uint16_t selector);
  // Its rights are those that load_real_segment() gives in real mode.
  static bool loaded_in_real_mode(const Segment& segment) {
    return (segment.attributes & 0xffff) == kRealRights;
  }
  // Present, S, read/write data (or code), accessed: what a real-mode segment behaves like.
  static constexpr std::uint32_t kRealRights = 0x9300;
  void set_segment(unsigned segment, std::uint16_t selector, const Descriptor& descriptor);
  void null_segment(unsigned segment, std::uint16_t selector);
  // Fetches a descriptor; false with the given fault when it is beyond its table.
  [[nodiscard]] bool fetch_descriptor(std::uint16_t selector, Descriptor& descriptor,
                                      Vector vector);
  bool descriptor_exists(std::uint16_t selector, Descriptor& descriptor, bool& faulted);
  // SS may be null in 64-bit mode below CPL 3.
  void null_stack_segment(unsigned level);
  [[nodiscard]] bool set_accessed(std::uint16_t selector, Descriptor& descriptor);
  [[nodiscard]] bool set_busy(std::uint16_t selector, bool busy);
  std::uint64_t descriptor_address(std::uint16_t selector) const;
  // The upper half of a 16-byte system descriptor of long mode.
  [[nodiscard]] bool fetch_upper(std::uint16_t selector, Vector vector, std::uint64_t& base_high);
  // After any change of CR0.PE, VM, EFER.LMA, CS or SS: derived values.
  void update_mode();
  void update_code_mode();
  bool is_amd() const;  // where the two makers' instructions differ
  bool long_active() const { return (s.efer & efer::kLma) != 0; }
  void update_view(unsigned segment);
  void set_cpl(unsigned level);

  // ---- Control transfers ----
  Flow jump_near(std::uint64_t target, unsigned operand_size);
  Flow jump_far(std::uint16_t selector, std::uint64_t offset, unsigned operand_size);
  Flow call_far(std::uint16_t selector, std::uint64_t offset, unsigned operand_size);
  Flow return_far(unsigned operand_size, unsigned release);
  Flow interrupt_return(unsigned operand_size);
  [[nodiscard]] bool load_code_segment(std::uint16_t selector, const Descriptor& descriptor,
                                       unsigned level);
  [[nodiscard]] bool load_outer(std::uint16_t selector, const Descriptor& code, std::uint64_t ip,
                                std::uint16_t ss);
  [[nodiscard]] bool check_target(const Descriptor& descriptor, std::uint64_t ip);
  [[nodiscard]] bool pop_sized(std::uint64_t& top, unsigned size, std::uint64_t& value);
  [[nodiscard]] bool push_sized(std::uint64_t& top, unsigned size, std::uint64_t value);
  [[nodiscard]] bool long_gate(std::uint16_t selector, const Descriptor& gate,
                               std::uint16_t& target, Descriptor& code, std::uint64_t& entry);
  Flow call_long_gate(std::uint16_t selector, const Descriptor& gate);
  void observe(FarTransfer kind);

  // ---- Interrupts and exceptions ----
  // Delivers; false: a fault during delivery, in `fault`.
  [[nodiscard]] bool deliver(std::uint8_t vector, InterruptSource source, const Fault* error);
  void deliver_exception(const Fault& first);
  Flow software_interrupt(std::uint8_t vector, bool privileged_source);
  // Virtual-8086 mode extensions: INT n by the task's redirection bitmap. `redirected`: to the
  // 8086 handler.
  [[nodiscard]] bool int_redirected(std::uint8_t vector, bool& redirected);
  [[nodiscard]] bool deliver_to_8086(std::uint8_t vector);
  // CR4.VME in virtual-8086 mode below IOPL 3: VIF stands for IF.
  bool virtual_if() const { return v8086() && (s.cr4 & cr4::kVme) != 0 && iopl() != 3; }
  enum class TaskSwitch { kJump, kCall, kIret };
  [[nodiscard]] bool switch_task(std::uint16_t selector, const Descriptor& descriptor,
                                 TaskSwitch how);
  // The rest of a switch: segments of the task whose registers are loaded.
  [[nodiscard]] bool enter_task(const std::array<std::uint32_t, 6>& new_segments,
                                std::uint16_t new_ldt);
  [[nodiscard]] bool check_io(std::uint16_t port, unsigned width);
  [[nodiscard]] bool stack_of_level(unsigned level, std::uint16_t& selector,
                                    std::uint32_t& pointer);
  // RSP0 to RSP2, or an entry of the interrupt stack table (1 to 7), of the 64-bit TSS.
  [[nodiscard]] bool long_stack(unsigned level, unsigned ist, std::uint64_t& pointer);
  // Pushes onto a stack that SS does not describe yet, with the rights of `level`; 8 bytes.
  [[nodiscard]] bool push_long(std::uint64_t& top, unsigned level, std::uint64_t value);
  Rights rights_of(unsigned level) const;
  [[nodiscard]] bool check_stack_segment(std::uint16_t selector, unsigned level, Vector vector,
                                         Descriptor& descriptor);

  // ---- Debug registers ----
  void update_breakpoints();  // after a change of DR7, DR0 to DR3, CR4.DE
  // An access of the executing instruction to a port; data accesses are seen by the slow paths.
  void port_accessed(std::uint16_t port, unsigned size) {
    if (port_breakpoints_) [[unlikely]]
      note_port_access(port, size);
  }
  void set_debug_stops(DebugStops* stops);
  void trap_after_task_switch() { pending_debug_ |= 1u << 15; }  // DR6.BT

  // ---- System management mode ----
  void enter_smm();
  Flow leave_smm();
  void save_state();
  void load_state();
  void save_long_state();
  void load_long_state();

  // ---- System registers ----
  [[nodiscard]] bool write_cr(unsigned number, std::uint64_t value);
  [[nodiscard]] bool write_cr0(std::uint64_t value);
  [[nodiscard]] bool write_cr3(std::uint64_t value);
  [[nodiscard]] bool write_cr4(std::uint64_t value);
  [[nodiscard]] bool write_cr8(std::uint64_t value);
  [[nodiscard]] bool write_efer(std::uint64_t value);
  bool has_efer() const { return has(Feature::kSyscall) || has(Feature::kLm) || has(Feature::kNx); }
  // The MSRs of paging, long mode and fast system calls; the others are read_msr()'s own.
  enum class MsrAnswer { kDone, kFault, kUnknown };
  std::uint64_t* mode_msr(std::uint32_t index);
  MsrAnswer read_mode_msr(std::uint32_t index, std::uint64_t& value);
  MsrAnswer write_mode_msr(std::uint32_t index, std::uint64_t value);
  [[nodiscard]] bool read_msr(std::uint32_t index, std::uint64_t& value);
  [[nodiscard]] bool write_msr(std::uint32_t index, std::uint64_t value);
  [[nodiscard]] bool write_apic_base(std::uint64_t value);
  [[nodiscard]] bool write_timestamp(std::uint64_t value);
  std::uint64_t timestamp();  // as RDTSC reads it
  void cpuid();
  std::uint32_t standard_features() const;
  std::uint64_t xcr0_supported() const;
  bool in_64_bit_code() const {
    return (s.efer & efer::kLma) != 0 && bit(s.segment[kCs].attributes, 21);
  }
  [[nodiscard]] bool need_cpl0() { return cpl == 0 ? true : raise(kGp, 0); }

  // ---- Running ----
  StopReason run(std::uint64_t instructions);
  void reset(ResetKind kind);
  void reset_state(ResetKind kind);
  void request_stop();
  void set_intr(bool high);
  // State was written from outside. `same_map`: linear addresses mean what they meant.
  void state_changed(bool same_map = false);
  void accept_outside_changes();
  State& outside_state();
  void serialize(Archive& archive);
  void code_page_written(const std::uint8_t* page);
  void code_bytes_written(const std::uint8_t* page, std::uint32_t offset, unsigned size) {
    note_store(page, offset, size, nullptr);
  }
  void forget_all_writable();
  template <typename T>
  void note_compare(T a, T b) {
    const std::uint64_t behind = (views[kCs].base + s.rip) & linear_mask;
    std::uint8_t& most = jit_area.compare_map[jit::edge_place(behind, Cpu::kCompareMapBits)];
    const int same = static_cast<int>(sizeof(T)) * 8 - std::popcount(static_cast<T>(a ^ b));
    most = std::max(most, static_cast<std::uint8_t>(1 + same));
  }
  void forget_code();
  // Makes the block that is executing end after the current instruction.
  void leave_after_current();
  // Makes the machine's instruction count exact; before every call of the host.
  void sync_count();
  bool interrupt_deliverable() const { return intr && (s.rflags & flag::kIf) != 0; }
  // Iterations a string instruction may run now, at least 1.
  std::uint64_t iterations_left() const;
  void count_iterations(std::uint64_t n);
  // Where up to `bytes` bytes from a linear address on, none beyond its page, may be stored at
  // once, with the rights of the instruction; `bytes` becomes how many. Null: the slow way.
  std::uint8_t* bulk_target(std::uint64_t linear, std::uint64_t& bytes);
  // Something asked that the CPU stops after this instruction (or iteration).
  bool leave_pending() const { return leave_pending_; }

  CpuHost& host;
  TraceBus& trace;
  std::uint64_t& retired;  // the machine's count: CpuHost::instructions()
  const CpuModel model;
  const FeatureSet features;  // what the model asks for and the interpreter has
  bool has(Feature feature) const { return features.has(feature); }
  LazyFlags lf;
  InterruptObserver* observer = nullptr;
  const FarTargets* far_targets = nullptr;  // the observer's
  Rights rights = Rights::kSupervisor;      // of the instructions that execute
  std::uint64_t linear_mask = 0xffffffff;
  std::uint64_t system_mask = 0xffffffff;  // the same for what the CPU accesses by itself
  bool code64 = false;                     // 64-bit mode: EFER.LMA and CS.L
  bool context_changed = true;             // what code is translated for may not hold any more
  bool intr = false;
  bool written_from_outside = false;  // State may have changed: derived data is made anew by run()
  bool outside_was_flat = false;      // neither paging nor SMM, when that began
  bool a20 = true;
  bool ferr = false;   // FERR#: an x87 exception has been reported to the board
  bool ignne = false;  // IGNNE#
  // The host x87's exception flags are a part of the guest's (cpu/interp/x87_fast.h). Code outside
  // may change that.
  bool x87_host_known = false;

  // What the fast path knows of a segment: how many bytes from 0 it may read and write.
  struct SegmentView {
    std::uint64_t base = 0;
    std::uint64_t readable = 0;
    std::uint64_t writable = 0;
  };
  std::array<SegmentView, 6> views;

  static constexpr unsigned kTlbBits = 10;
  static constexpr std::uint64_t kTlbMask = (1u << kTlbBits) - 1;
  static constexpr std::uint64_t kNoTag = ~std::uint64_t{0};
  // In a write tag: the page has decoded instructions. code_lines says where; a store elsewhere
  // needs no more than that look.
  static constexpr std::uint64_t kHasCode = 1;
  struct TlbEntry {
    std::uint64_t read_tag = kNoTag;
    std::uint64_t write_tag = kNoTag;
    std::uint64_t execute_tag = kNoTag;
    // Host address less linear address.
    std::uint64_t read_addend = 0;
    std::uint64_t write_addend = 0;
    const std::uint8_t* execute_host = nullptr;  // null: not plain bytes
    std::uint8_t* execute_flags = nullptr;       // Ram flags of that page; null for ROM
    bool global = false;                         // these two of the page that is read and written
    std::uint8_t page_bits = 0;
    bool execute_global = false;
    std::uint8_t execute_page_bits = 0;
    bool in_filled = false;  // its slot is in filled_, in local_
    bool in_local = false;

    const std::uint8_t* read_at(std::uint64_t linear) const {
      return reinterpret_cast<const std::uint8_t*>(read_addend + linear);
    }
    std::uint8_t* write_at(std::uint64_t linear) const {
      return reinterpret_cast<std::uint8_t*>(write_addend + linear);
    }

    // The page that is read and written; the one that is executed may be another.
    std::uint64_t data_tag() const { return read_tag & write_tag; }
    void forget_data() { read_tag = write_tag = kNoTag; }
    void forget_execute() { execute_tag = kNoTag; }
    bool empty() const { return (data_tag() & execute_tag) == kNoTag; }
  };
  std::array<std::array<TlbEntry, kTlbMask + 1>, kRightsCount> tlb;
  // CodeCache::lines() of the pages whose write tag has kHasCode.
  std::array<std::array<const std::uint64_t*, kTlbMask + 1>, kRightsCount> code_lines{};

  // Model-specific registers that change what the CPU does.
  struct Msrs {
    std::uint64_t star = 0, lstar = 0, cstar = 0, fmask = 0, kernel_gs_base = 0, tsc_aux = 0;
    std::uint64_t apic_base = 0, sysenter_cs = 0, sysenter_esp = 0, sysenter_eip = 0;
    std::uint64_t tsc_offset = 0, tsc_adjust = 0;
  } msr;
  std::uint64_t random_state = 0;  // of RDRAND and RDSEED
  MsrFile msrs;                    // all others

 private:
  Block* find_block();
  // The same, if it has been decoded and does not cross pages; else null, and nothing is wrong.
  Block* known_block();
  std::uint64_t block_key(std::uint64_t linear) const {
    // Canonical addresses repeat bit 47 above it: those bits take the mode and the rights.
    return (linear & 0x0000ffffffffffff) | static_cast<std::uint64_t>(code_mode_) << 60 |
           static_cast<std::uint64_t>(rights) << 48;
  }
  // Whether the shadow of STI keeps anything from coming in now. What the next instruction causes
  // comes after it in any case.
  bool shadow_matters() const { return intr || s.nmi_pending || s.smi_pending; }
  // Between two instructions: nothing but the next one is to be looked at. That one is executed
  // then, and what it causes comes after it: the shadow of STI is over.
  bool undisturbed() {
    if (s.shutdown || s.halted || stop_requested_ || s.mov_ss_shadow || s.nmi_pending ||
        s.smi_pending || repeating_ || code_breakpoints_ || pending_debug_ != 0 ||
        (s.rflags & (flag::kTf | flag::kRf)) != 0 || interrupt_deliverable())
      return false;
    s.interrupt_shadow = false;
    return true;
  }
  std::uint64_t read_table(Gpa at, unsigned width);
  Block* decode_at(const std::uint8_t* host_page, std::uint8_t* flags, std::uint32_t offset);
  bool decode_one(const std::uint8_t* bytes, unsigned available, unsigned mode, Insn& insn,
                  bool& ends_block) const;
  void keep_decoded(Block& block);
  void decode_insns(Block& block);
  Insn* insns_of(Block& block) {
    if (block.insns == nullptr) [[unlikely]]
      decode_insns(block);
    return block.insns.get();
  }
  Block* decode_across_pages();
  Block* known_crossing(std::uint64_t linear, std::uint64_t allowed, const TlbEntry& first);
  bool decode_crossing(unsigned bytes);
  [[nodiscard]] bool fetch_page(std::uint64_t linear, const TlbEntry*& entry);
  void execute(Block& block, std::uint64_t most);
  void restore_patched();
  void note_edge(std::uint64_t linear);
  [[nodiscard]] bool deliver_real(std::uint8_t vector);
  [[nodiscard]] bool deliver_long(std::uint8_t vector, InterruptSource source, const Fault* error);
  [[nodiscard]] bool deliver_protected(std::uint8_t vector, InterruptSource source,
                                       const Fault* error);
  [[nodiscard]] bool translate_and_fill(std::uint64_t linear, Access access, Rights as, Gpa& gpa);
  void forget_writable(const std::uint8_t* page);
  void drop_all_code();
  void make_room_for_blocks();
  [[nodiscard]] bool store_in_code_page(std::uint64_t linear, unsigned size, std::uint64_t value,
                                        Rights as);
  void note_store(const std::uint8_t* page, std::uint32_t offset, unsigned size, const void* bytes);
  bool changes_immediate(Block& block, std::uint32_t offset, unsigned size, const void* bytes);
  bool refresh(Block& block, const SoftImmediate& immediate, std::uint32_t offset, unsigned size,
               const void* bytes);
  void note_soft(Block& block, std::uint32_t number, std::uint32_t start, bool ends_block);
  void store_physical(Gpa gpa, unsigned size, std::uint64_t value);
  void fill_tlb(std::uint64_t linear, const Translation& to, Access access, Rights as);
  void note_large_page(std::uint64_t linear, unsigned page_bits);
  void compute_view(unsigned segment);
  void renew_view(unsigned segment);
  void run_block(bool shadow, bool held_by_ss);
  std::uint64_t breakpoints_at(std::uint64_t at, std::uint64_t size, unsigned conditions) const;
  bool data_breakpoint_in_page(std::uint64_t linear) const;
  void note_data_access(std::uint64_t linear, unsigned size, bool write);
  void note_port_access(std::uint16_t port, unsigned size);
  void note_breakpoints(std::uint64_t hits);
  bool code_breakpoint_hit(std::uint64_t linear);
  bool code_breakpoint_in(std::uint64_t linear, std::uint64_t size) const;
  void raise_debug(std::uint64_t reasons);
  bool code_stop_hit();
  bool code_stop_in(std::uint64_t linear, const Block& block);
  void note_stop(DebugStops::Hit hit);
  bool magic_at(std::uint64_t linear);
  bool is_magic(std::uint8_t opcode, std::uint8_t modrm) const;
  void look_for_stops(std::uint64_t linear, std::uint64_t size, bool write);
  bool fetch_limit(std::uint64_t& bytes) const;

  // Where execution was lately: from a linear address straight to its block.
  struct RecentBlock {
    std::uint64_t key = ~std::uint64_t{0};
    std::uint64_t generation = 0;
    Block* block = nullptr;
  };
  static constexpr std::size_t kRecentBlocks = 4096;
  // Blocks nobody needs are dropped when there are so many more; all of them at the last: 40 MB.
  static constexpr std::size_t kFirstBlocksLimit = 8'192, kMostBlocks = 50'000;
  std::size_t blocks_limit_ = kFirstBlocksLimit;
  std::vector<Insn> decoded_;  // for one block
  // Instructions whose immediate operand a store has changed, by where they are. Forgetting some
  // costs time and nothing else.
  static constexpr std::size_t kChanged = 64;
  std::array<const std::uint8_t*, kChanged> changed_{};
  static std::size_t changed_place(const std::uint8_t* insn) {
    const auto address = reinterpret_cast<std::uintptr_t>(insn);
    return (address ^ address >> 6) & (kChanged - 1);
  }
  std::vector<RecentBlock> recent_ = std::vector<RecentBlock>(kRecentBlocks);
  std::uint64_t generation_ = 1;  // of what recent_ says; a new one forgets it all
  void forget_places() {          // the same for what translated code knows, too
    ++generation_;
    ++jit_area.jump_generation;
  }

  // Where the tables of paging are that were walked lately, until the memory map changes.
  struct TablePage {
    Gpa page = ~Gpa{0};
    const std::uint8_t* host = nullptr;
  };
  static constexpr std::size_t kTablePages = 64;
  std::array<TablePage, kTablePages> table_pages_{};

  // TLB entries (index, rights above) that may not be empty, and those that may not be global.
  std::vector<std::uint16_t> filled_;
  std::vector<std::uint16_t> local_;
  // Places in recent_ of pages that are not global. More than fit: a new generation forgets all.
  static constexpr std::size_t kMostLocalRecent = 1024;
  std::vector<std::uint16_t> local_recent_;
  void note_recent(RecentBlock& recent, const TlbEntry& entry) {
    if (!entry.execute_global && local_recent_.size() <= kMostLocalRecent)
      local_recent_.push_back(static_cast<std::uint16_t>(&recent - recent_.data()));
  }
  void forget_local_code();
  // A range that holds all large pages in the TLB: what has these bits in common with `base`.
  struct LargePages {
    std::uint64_t base = 0;
    std::uint64_t mask = 0;
    unsigned count = 0;
  } large_pages_;

  friend class jit::Jit;
  friend class jit::Translator;
  std::unique_ptr<jit::Jit> jit_;  // null: the interpreter alone
  const Decoder decoder_;
  std::string model_hash_;              // "": nobody has asked
  mutable unsigned physical_bits_ = 0;  // 0: not asked for yet
  std::uint64_t stack_mask_ = 0xffff;
  unsigned code_mode_ = 0;  // which decoder: 0: 16-bit code, 1: 32-bit, 2: 64-bit
  CodeCache cache_;
  Insn* current_ = nullptr;  // executing now
  Insn* first_ = nullptr;    // of the block that executes
  Insn* patched_ = nullptr;  // its handler was replaced to end the block early
  Handler patched_handler_ = nullptr;
  std::uint64_t count_base_ = 0;  // retired before first_
  std::uint64_t run_limit_ = 0;   // total count at which run() returns
  bool running_ = false;
  bool stop_requested_ = false;
  bool delivered_ = false;
  bool leave_pending_ = false;
  bool single_ = false;     // one instruction, or one iteration, at a time
  bool repeating_ = false;  // the last instruction stopped between two iterations
  // Armed breakpoints by kind, and what the executing instruction has hit (bits as in DR6).
  bool code_breakpoints_ = false;
  bool data_breakpoints_ = false;
  bool port_breakpoints_ = false;
  std::uint64_t pending_debug_ = 0;
  // Of a debugger outside the machine.
  DebugStops* stops_ = nullptr;
  bool code_stops_ = false;
  // Instructions across two pages, by where they are. Their bytes are looked at each time.
  struct Crossing {
    std::uint64_t linear = 0;
    std::array<std::uint8_t, 15> bytes{};
    std::unique_ptr<Block> block;
  };
  static constexpr std::size_t kCrossings = 256;
  std::vector<Crossing> crossings_ = std::vector<Crossing>(kCrossings);
  Block* crossing_ = nullptr;  // that which executes, or was the last
  // A repeated one that stopped between two iterations goes on as it was fetched when nothing came
  // in between: where a budget ends must not show. So many instructions had retired; none: 0.
  std::uint64_t crossing_stopped_at_ = 0;
  std::array<std::uint8_t, 15> crossing_bytes_{};
};

}  // namespace ice86::cpu
