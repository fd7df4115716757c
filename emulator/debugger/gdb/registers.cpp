// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/debugger/gdb/registers.h"

#include <fmt/core.h>

#include <array>
#include <cstring>

#include "emulator/machine/disassembly.h"

namespace ice86::debugger::gdb {

namespace {

constexpr const char* kFlagsType = R"(<flags id="eflags_bits" size="4">
<field name="CF" start="0" end="0"/><field name="" start="1" end="1"/>
<field name="PF" start="2" end="2"/><field name="AF" start="4" end="4"/>
<field name="ZF" start="6" end="6"/><field name="SF" start="7" end="7"/>
<field name="TF" start="8" end="8"/><field name="IF" start="9" end="9"/>
<field name="DF" start="10" end="10"/><field name="OF" start="11" end="11"/>
<field name="NT" start="14" end="14"/><field name="RF" start="16" end="16"/>
<field name="VM" start="17" end="17"/><field name="AC" start="18" end="18"/>
<field name="VIF" start="19" end="19"/><field name="VIP" start="20" end="20"/>
<field name="ID" start="21" end="21"/></flags>
)";
constexpr const char* kVectorTypes = R"(<vector id="four_floats" type="ieee_single" count="4"/>
<vector id="two_doubles" type="ieee_double" count="2"/>
<vector id="sixteen_bytes" type="int8" count="16"/>
<vector id="eight_words" type="int16" count="8"/>
<vector id="four_dwords" type="int32" count="4"/>
<vector id="two_qwords" type="int64" count="2"/>
<union id="xmm_value"><field name="v4_float" type="four_floats"/>
<field name="v2_double" type="two_doubles"/><field name="v16_int8" type="sixteen_bytes"/>
<field name="v8_int16" type="eight_words"/><field name="v4_int32" type="four_dwords"/>
<field name="v2_int64" type="two_qwords"/><field name="uint128" type="uint128"/></union>
)";
constexpr const char* kSystemTypes = R"(<flags id="cr0_bits" size="4">
<field name="PE" start="0" end="0"/><field name="MP" start="1" end="1"/>
<field name="EM" start="2" end="2"/><field name="TS" start="3" end="3"/>
<field name="ET" start="4" end="4"/><field name="NE" start="5" end="5"/>
<field name="WP" start="16" end="16"/><field name="AM" start="18" end="18"/>
<field name="NW" start="29" end="29"/><field name="CD" start="30" end="30"/>
<field name="PG" start="31" end="31"/></flags>
<flags id="efer_bits" size="4"><field name="SCE" start="0" end="0"/>
<field name="LME" start="8" end="8"/><field name="LMA" start="10" end="10"/>
<field name="NXE" start="11" end="11"/></flags>
)";

unsigned top_of_stack(const cpu::State& s) {
  return s.fsw >> 11 & 7;
}

// FTW as FSTENV stores it: 00 valid, 01 zero, 10 special, 11 empty (SDM vol. 1 section 8.1.7).
std::uint16_t tag_word(const cpu::State& s) {
  std::uint16_t tags = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const cpu::X87Register& value = s.x87[i];
    const unsigned exponent = value.sign_exponent & 0x7fff;
    unsigned tag = 0;
    if ((s.x87_empty >> i & 1) != 0) {
      tag = 3;
    } else if (exponent == 0 && value.significand == 0) {
      tag = 1;
    } else if (exponent == 0 || exponent == 0x7fff || value.significand >> 63 == 0) {
      tag = 2;
    }
    tags = static_cast<std::uint16_t>(tags | tag << (i * 2));
  }
  return tags;
}

}  // namespace

void RegisterMap::add(const char* name, Group group, unsigned index, unsigned bits,
                      const char* type) {
  description_ += fmt::format("<reg name=\"{}\" bitsize=\"{}\" type=\"{}\"/>\n", name, bits, type);
  registers_.push_back({name, group, index, bits / 8});
}

void RegisterMap::feature(const char* name, const char* types) {
  if (!registers_.empty()) description_ += "</feature>\n";
  description_ += fmt::format("<feature name=\"{}\">\n{}", name, types);
}

RegisterMap::RegisterMap(Architecture architecture) : architecture_(architecture) {
  const char* name = architecture == Architecture::kI8086  ? "i8086"
                     : architecture == Architecture::kI386 ? "i386"
                                                           : "i386:x86-64";
  description_ = fmt::format(
      "<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n"
      "<target version=\"1.0\">\n<architecture>{}</architecture>\n",
      name);
  add_core();
  add_sse();
  add_system();
  description_ += "</feature>\n</target>\n";
}

void RegisterMap::add_core() {
  static constexpr std::array<const char*, 8> kNames32 = {"eax", "ecx", "edx", "ebx",
                                                          "esp", "ebp", "esi", "edi"};
  // GDB's order of the 64-bit ones is its own.
  struct Named {
    const char* name;
    unsigned gpr;
  };
  static constexpr std::array<Named, 8> kNames64 = {{{"rax", cpu::kRax},
                                                     {"rbx", cpu::kRbx},
                                                     {"rcx", cpu::kRcx},
                                                     {"rdx", cpu::kRdx},
                                                     {"rsi", cpu::kRsi},
                                                     {"rdi", cpu::kRdi},
                                                     {"rbp", cpu::kRbp},
                                                     {"rsp", cpu::kRsp}}};
  feature("org.gnu.gdb.i386.core", kFlagsType);
  if (architecture_ == Architecture::kAmd64) {
    for (const Named& r : kNames64) {
      const bool pointer = r.gpr == cpu::kRbp || r.gpr == cpu::kRsp;
      add(r.name, Group::kGpr, r.gpr, 64, pointer ? "data_ptr" : "int64");
    }
    for (unsigned i = 8; i < 16; ++i)
      add(fmt::format("r{}", i).c_str(), Group::kGpr, i, 64, "int64");
    add("rip", Group::kPc, 0, 64, "code_ptr");
  } else {
    for (unsigned i = 0; i < 8; ++i) {
      const bool pointer = i == cpu::kRbp || i == cpu::kRsp;
      add(kNames32[i], Group::kGpr, i, 32, pointer ? "data_ptr" : "int32");
    }
    add("eip", Group::kPc, 0, 32, "code_ptr");
  }
  add("eflags", Group::kFlags, 0, 32, "eflags_bits");
  add("cs", Group::kSelector, cpu::kCs, 32, "int32");
  add("ss", Group::kSelector, cpu::kSs, 32, "int32");
  add("ds", Group::kSelector, cpu::kDs, 32, "int32");
  add("es", Group::kSelector, cpu::kEs, 32, "int32");
  add("fs", Group::kSelector, cpu::kFs, 32, "int32");
  add("gs", Group::kSelector, cpu::kGs, 32, "int32");
  for (unsigned i = 0; i < 8; ++i)
    add(fmt::format("st{}", i).c_str(), Group::kX87, i, 80, "i387_ext");
  static constexpr std::array<const char*, 8> kControl = {"fctrl", "fstat", "ftag",  "fiseg",
                                                          "fioff", "foseg", "fooff", "fop"};
  for (unsigned i = 0; i < 8; ++i) add(kControl[i], Group::kX87Control, i, 32, "int");
}

void RegisterMap::add_sse() {
  feature("org.gnu.gdb.i386.sse", kVectorTypes);
  const unsigned registers = architecture_ == Architecture::kAmd64 ? 16 : 8;
  for (unsigned i = 0; i < registers; ++i)
    add(fmt::format("xmm{}", i).c_str(), Group::kXmm, i, 128, "xmm_value");
  add("mxcsr", Group::kMxcsr, 0, 32, "int");
}

void RegisterMap::add_system() {
  const bool wide = architecture_ == Architecture::kAmd64;
  const unsigned bits = wide ? 64 : 32;
  const char* type = wide ? "int64" : "int32";
  if (wide) {
    feature("org.gnu.gdb.i386.segments");
    add("fs_base", Group::kBase, cpu::kFs, 64, "int64");
    add("gs_base", Group::kBase, cpu::kGs, 64, "int64");
  }
  feature("org.ice86.system", kSystemTypes);
  add("ip", Group::kOffset, 0, bits, type);
  add("cs_base", Group::kBase, cpu::kCs, bits, type);
  add("ss_base", Group::kBase, cpu::kSs, bits, type);
  add("ds_base", Group::kBase, cpu::kDs, bits, type);
  add("es_base", Group::kBase, cpu::kEs, bits, type);
  if (!wide) {
    add("fs_base", Group::kBase, cpu::kFs, bits, type);
    add("gs_base", Group::kBase, cpu::kGs, bits, type);
  }
  add("cr0", Group::kControl, 0, 32, "cr0_bits");
  add("cr2", Group::kControl, 2, bits, type);
  add("cr3", Group::kControl, 3, bits, type);
  add("cr4", Group::kControl, 4, 32, "int32");
  add("cr8", Group::kControl, 8, 32, "int32");
  add("efer", Group::kEfer, 0, 32, "efer_bits");
  for (const unsigned n : {0u, 1u, 2u, 3u, 6u, 7u})
    add(fmt::format("dr{}", n).c_str(), Group::kDebug, n, bits, type);
  add("gdtr_base", Group::kTable, 0, bits, type);
  add("gdtr_limit", Group::kLimit, 0, 32, "int32");
  add("idtr_base", Group::kTable, 1, bits, type);
  add("idtr_limit", Group::kLimit, 1, 32, "int32");
  add("ldtr", Group::kTask, 0, 32, "int32");
  add("tr", Group::kTask, 1, 32, "int32");
}

std::optional<std::size_t> RegisterMap::find(const std::string& name) const {
  for (std::size_t i = 0; i < registers_.size(); ++i) {
    if (registers_[i].name == name) return i;
  }
  return std::nullopt;
}

std::string RegisterMap::read(const cpu::State& s, std::size_t number, PcPolicy policy) const {
  if (number >= registers_.size()) return {};
  const Register& r = registers_[number];
  std::array<std::uint64_t, 2> value{};
  switch (r.group) {
    case Group::kGpr: value[0] = s.gpr[r.index]; break;
    case Group::kOffset: value[0] = s.rip; break;
    case Group::kPc:
      value[0] = s.rip + (policy == PcPolicy::kLinear ? s.segment[cpu::kCs].base : 0);
      if (machine::code_bits(s) != 64) value[0] &= 0xffffffff;
      break;
    case Group::kFlags: value[0] = s.rflags; break;
    case Group::kSelector: value[0] = s.segment[r.index].selector; break;
    case Group::kX87: {
      const cpu::X87Register& st = s.x87[(top_of_stack(s) + r.index) & 7];
      value = {st.significand, st.sign_exponent};
      break;
    }
    case Group::kX87Control: {
      const std::array<std::uint64_t, 8> values = {s.fcw, s.fsw, tag_word(s), s.fcs,
                                                   s.fip, s.fds, s.fdp,       s.fop};
      value[0] = values[r.index];
      break;
    }
    case Group::kXmm: value = {s.ymm[r.index][0], s.ymm[r.index][1]}; break;
    case Group::kMxcsr: value[0] = s.mxcsr; break;
    case Group::kBase: value[0] = s.segment[r.index].base; break;
    case Group::kControl:
      value[0] = r.index == 0   ? s.cr0
                 : r.index == 2 ? s.cr2
                 : r.index == 3 ? s.cr3
                 : r.index == 4 ? s.cr4
                                : s.cr8;
      break;
    case Group::kDebug: value[0] = s.dr[r.index]; break;
    case Group::kTable: value[0] = (r.index == 0 ? s.gdtr : s.idtr).base; break;
    case Group::kLimit: value[0] = (r.index == 0 ? s.gdtr : s.idtr).limit; break;
    case Group::kTask: value[0] = (r.index == 0 ? s.ldtr : s.tr).selector; break;
    case Group::kEfer: value[0] = s.efer; break;
  }
  std::string bytes(r.bytes, '\0');
  std::memcpy(bytes.data(), value.data(), r.bytes);
  return bytes;
}

bool RegisterMap::write(cpu::State& s, std::size_t number, const std::string& bytes,
                        PcPolicy policy) const {
  if (number >= registers_.size() || bytes.size() != registers_[number].bytes) return false;
  const Register& r = registers_[number];
  std::array<std::uint64_t, 2> value{};
  std::memcpy(value.data(), bytes.data(), bytes.size());
  // A 32-bit view of a 64-bit register changes its lower half.
  const auto set = [&](std::uint64_t& to) {
    to = r.bytes == 8 ? value[0] : (to & ~std::uint64_t{0xffffffff}) | value[0];
  };
  switch (r.group) {
    case Group::kGpr: set(s.gpr[r.index]); break;
    case Group::kOffset: s.rip = value[0]; break;
    case Group::kPc:
      s.rip = value[0] - (policy == PcPolicy::kLinear ? s.segment[cpu::kCs].base : 0);
      if (machine::code_bits(s) != 64) s.rip &= 0xffffffff;
      break;
    // VM takes more than a flag to change.
    case Group::kFlags:
      s.rflags = (value[0] & 0x3f7fd5 & ~std::uint64_t{cpu::flag::kVm}) | cpu::flag::kFixed |
                 (s.rflags & cpu::flag::kVm);
      break;
    // In real mode as a load does it; elsewhere a selector alone says too little.
    case Group::kSelector:
      if (!s.real_mode() && !s.v8086()) break;
      s.segment[r.index].selector = static_cast<std::uint16_t>(value[0]);
      s.segment[r.index].base = (value[0] & 0xffff) << 4;
      break;
    case Group::kX87: {
      const unsigned at = (top_of_stack(s) + r.index) & 7;
      s.x87[at] = {value[0], static_cast<std::uint16_t>(value[1])};
      break;
    }
    case Group::kX87Control:
      if (r.index == 0) s.fcw = static_cast<std::uint16_t>((value[0] & 0x1f3f) | 0x40);
      break;
    case Group::kXmm:
      s.ymm[r.index][0] = value[0];
      s.ymm[r.index][1] = value[1];
      break;
    case Group::kMxcsr: s.mxcsr = static_cast<std::uint32_t>(value[0] & 0xffff); break;
    case Group::kDebug:
      if (r.index < 4) set(s.dr[r.index]);
      break;
    // Bases, tables and modes belong together: the guest's instructions change them.
    default: break;
  }
  return true;
}

}  // namespace ice86::debugger::gdb
