// SPDX-License-Identifier: LGPL-2.1-or-later
// The CPU in a snapshot: architectural state and pins. TLB and decoded blocks are caches and begin
// empty.
#include "cpu/core.h"

namespace ice86::cpu {

namespace {

void io_segment(Archive& archive, Segment& segment) {
  archive.io(segment.selector);
  archive.io(segment.attributes);
  archive.io(segment.base);
  archive.io(segment.limit);
  archive.io(segment.usable);
}

void io_table(Archive& archive, DescriptorTable& table) {
  archive.io(table.base);
  archive.io(table.limit);
}

}  // namespace

void Core::serialize(Archive& archive) {
  if (!archive.loading()) {
    accept_outside_changes();
    sync_flags();
  }
  archive.section("cpu", 6, [&](std::uint32_t version) {
    if (model_hash_.empty()) model_hash_ = model.sha256();
    std::string hash = model_hash_;
    archive.io(hash, 64);
    if (!archive.ok()) return;
    if (hash != model_hash_) return archive.fail("it is of a machine with another CPU model");
    // Without paging, A20 and SMM alone decide what a linear address means.
    const bool was_paging = (s.cr0 & cr0::kPg) != 0;
    const bool old_a20 = a20, old_smm = s.in_smm;
    archive.io(s.gpr);
    archive.io(s.rip);
    archive.io(s.rflags);
    for (Segment& segment : s.segment) io_segment(archive, segment);
    io_segment(archive, s.ldtr);
    io_segment(archive, s.tr);
    io_table(archive, s.gdtr);
    io_table(archive, s.idtr);
    for (std::uint64_t* value : {&s.cr0, &s.cr2, &s.cr3, &s.cr4, &s.cr8, &s.xcr0, &s.efer})
      archive.io(*value);
    archive.io(s.dr);
    archive.io(s.pdpte);
    archive.io(pending_debug_);
    for (std::uint64_t* value :
         {&msr.star, &msr.lstar, &msr.cstar, &msr.fmask, &msr.kernel_gs_base, &msr.tsc_aux}) {
      archive.io(*value);
    }
    for (X87Register& value : s.x87) {
      archive.io(value.significand);
      archive.io(value.sign_exponent);
    }
    for (std::uint16_t* value : {&s.fcw, &s.fsw, &s.fop, &s.fcs, &s.fds}) archive.io(*value);
    archive.io(s.x87_empty);
    archive.io(s.fip);
    archive.io(s.fdp);
    for (auto& value : s.ymm) archive.io(value);
    archive.io(s.mxcsr);
    for (bool* value :
         {&s.halted, &s.shutdown, &s.in_smm, &s.nmi_blocked, &s.nmi_pending, &s.smi_pending,
          &s.interrupt_shadow, &s.mov_ss_shadow, &intr, &a20, &ferr, &ignne}) {
      archive.io(*value);
    }
    archive.io(s.smbase);
    for (std::uint64_t* value : {&msr.apic_base, &msr.sysenter_cs, &msr.sysenter_esp,
                                 &msr.sysenter_eip, &msr.tsc_offset, &msr.tsc_adjust}) {
      archive.io(*value);
    }
    archive.io(random_state);
    msrs.serialize(archive);
    auto level = static_cast<std::uint8_t>(cpl);
    archive.io(level);
    bool repeating = repeating_;
    if (version >= 5) archive.io(repeating);
    // What decode_across_pages() must not fetch again.
    std::uint64_t stopped_at = crossing_stopped_at_ == retired ? retired : 0;
    auto bytes = stopped_at != 0 ? crossing_bytes_ : decltype(crossing_bytes_){};
    if (version >= 6) {
      archive.io(stopped_at);
      archive.io(bytes);
    }
    if (!archive.loading() || !archive.ok()) return;
    if (level > 3) return archive.fail("the privilege level is out of range");
    repeating_ = version >= 5 && repeating;
    written_from_outside = false;
    state_changed(!was_paging && (s.cr0 & cr0::kPg) == 0 && a20 == old_a20 && s.in_smm == old_smm);
    set_cpl(level);
    if (stopped_at == 0) return;
    crossing_bytes_ = bytes;
    if (!decode_crossing(crossing_bytes_.size()))
      return archive.fail("a repeated instruction is none");
    crossing_stopped_at_ = stopped_at;
  });
}

State& Core::outside_state() {
  if (!written_from_outside) {
    sync_flags();
    outside_was_flat = (s.cr0 & cr0::kPg) == 0 && !s.in_smm;
    written_from_outside = true;
  }
  return s;
}

void Core::accept_outside_changes() {
  if (!written_from_outside) return;
  written_from_outside = false;
  const bool flat = (s.cr0 & cr0::kPg) == 0 && !s.in_smm;
  state_changed(flat && outside_was_flat);
  set_cpl(v8086() ? 3 : protected_mode() ? s.cpl() : 0);
}

// Everything that is derived from State, after it was written from outside.
void Core::state_changed(bool same_map) {
  crossing_stopped_at_ = 0;
  s.mxcsr &= 0xffff;  // the host would not take the rest
  set_flags(static_cast<std::uint32_t>(s.rflags));
  update_mode();
  if (!same_map) mapping_changed();
  update_breakpoints();
}

void Core::forget_code() {
  drop_all_code();
  forget_places();
  leave_after_current();
}

}  // namespace ice86::cpu
