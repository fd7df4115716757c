// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/check/state_difference.h"

#include <fmt/core.h>

#include <cstring>

namespace ice86::harness {

namespace {

constexpr const char* kGprNames[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                     "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
constexpr const char* kSegmentNames[] = {"es", "cs", "ss", "ds", "fs", "gs"};

struct Item {
  std::string name, value;
};

class Items {
 public:
  template <typename T>
  void add(const std::string& name, T value) {
    items_.push_back({name, fmt::format("{:x}", static_cast<std::uint64_t>(value))});
  }
  void add(const std::string& name, const cpu::Segment& segment) {
    add(name, segment.selector);
    add(name + ".base", segment.base);
    add(name + ".limit", segment.limit);
    add(name + ".attributes", segment.attributes);
    add(name + ".usable", segment.usable);
  }
  void add(const std::string& name, const cpu::DescriptorTable& table) {
    add(name + ".base", table.base);
    add(name + ".limit", table.limit);
  }
  void add_text(const std::string& name, std::string value) {
    items_.push_back({name, std::move(value)});
  }
  const std::vector<Item>& all() const { return items_; }

 private:
  std::vector<Item> items_;
};

// Everything in State, so that nothing can differ without having a name.
Items items_of(const cpu::State& s) {
  Items items;
  for (unsigned i = 0; i < 16; ++i) items.add(kGprNames[i], s.gpr[i]);
  items.add("rip", s.rip);
  items.add("rflags", s.rflags);
  for (unsigned i = 0; i < 6; ++i) items.add(kSegmentNames[i], s.segment[i]);
  items.add("ldtr", s.ldtr);
  items.add("tr", s.tr);
  items.add("gdtr", s.gdtr);
  items.add("idtr", s.idtr);
  items.add("cr0", s.cr0);
  items.add("cr2", s.cr2);
  items.add("cr3", s.cr3);
  items.add("cr4", s.cr4);
  items.add("cr8", s.cr8);
  for (unsigned i = 0; i < 4; ++i) items.add(fmt::format("pdpte{}", i), s.pdpte[i]);
  items.add("xcr0", s.xcr0);
  for (unsigned i = 0; i < 8; ++i) items.add(fmt::format("dr{}", i), s.dr[i]);
  items.add("efer", s.efer);
  for (unsigned i = 0; i < 8; ++i) {
    items.add_text(fmt::format("fpr{}", i),
                   fmt::format("{:04x}:{:016x}", s.x87[i].sign_exponent, s.x87[i].significand));
  }
  items.add("fcw", s.fcw);
  items.add("fsw", s.fsw);
  items.add("fop", s.fop);
  items.add("x87_empty", s.x87_empty);
  items.add("fip", s.fip);
  items.add("fdp", s.fdp);
  items.add("fcs", s.fcs);
  items.add("fds", s.fds);
  for (unsigned i = 0; i < 16; ++i) {
    const auto& v = s.ymm[i];
    items.add_text(fmt::format("ymm{}", i),
                   fmt::format("{:016x}_{:016x}_{:016x}_{:016x}", v[3], v[2], v[1], v[0]));
  }
  items.add("mxcsr", s.mxcsr);
  items.add("halted", s.halted);
  items.add("shutdown", s.shutdown);
  items.add("in_smm", s.in_smm);
  items.add("nmi_blocked", s.nmi_blocked);
  items.add("nmi_pending", s.nmi_pending);
  items.add("smi_pending", s.smi_pending);
  items.add("interrupt_shadow", s.interrupt_shadow);
  items.add("mov_ss_shadow", s.mov_ss_shadow);
  items.add("smbase", s.smbase);
  return items;
}

}  // namespace

bool same_state(const cpu::State& left, const cpu::State& right) {
  // Padding may differ: then one by one.
  return std::memcmp(&left, &right, sizeof(cpu::State)) == 0 ||
         state_differences(left, right).empty();
}

std::vector<StateDifference> state_differences(const cpu::State& left, const cpu::State& right) {
  const Items of_left = items_of(left);
  const Items of_right = items_of(right);
  std::vector<StateDifference> differences;
  for (std::size_t i = 0; i < of_left.all().size(); ++i) {
    const Item& a = of_left.all()[i];
    const Item& b = of_right.all()[i];
    if (a.value != b.value) differences.push_back({a.name, a.value, b.value});
  }
  return differences;
}

std::string state_text(const cpu::State& s) {
  std::string text;
  for (unsigned i = 0; i < 16; ++i)
    text += fmt::format("{:>3}={:016x}{}", kGprNames[i], s.gpr[i], i % 4 == 3 ? '\n' : ' ');
  text += fmt::format("rip={:016x} rflags={:08x} cr0={:x} cr2={:x} cr3={:x} cr4={:x} efer={:x}\n",
                      s.rip, s.rflags, s.cr0, s.cr2, s.cr3, s.cr4, s.efer);
  for (unsigned i = 0; i < 6; ++i) {
    const cpu::Segment& g = s.segment[i];
    text += fmt::format("{}={:04x} {:x}+{:x} {:x}{}", kSegmentNames[i], g.selector, g.base, g.limit,
                        g.attributes, i % 3 == 2 ? "\n" : "   ");
  }
  return text;
}

}  // namespace ice86::harness
