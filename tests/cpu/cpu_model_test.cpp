// SPDX-License-Identifier: LGPL-2.1-or-later
// CPU models: the files in the program, what CPUID and the MSRs answer, and what a bad file gets.
#include "cpu/cpu_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

#include "tests/cpu/support/flat_host.h"

namespace ice86::cpu {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::uint64_t kHandlerOfGp = 0x5678;

// A CPU of a model, in real mode, that executes one CPUID, RDMSR or WRMSR at a time.
class Machine {
 public:
  explicit Machine(CpuModel model) : host_(0x100000, std::move(model)) {
    host_.memory()[13 * 4] = kHandlerOfGp & 0xff;
    host_.memory()[13 * 4 + 1] = kHandlerOfGp >> 8;
  }

  std::array<std::uint32_t, 4> cpuid(std::uint32_t leaf, std::uint32_t subleaf = 0) {
    State& state = start(0xa2);
    state.gpr[kRax] = leaf;
    state.gpr[kRcx] = subleaf;
    host_.cpu().run(1);
    const State& after = host_.cpu().state();
    return {low(after.gpr[kRax]), low(after.gpr[kRbx]), low(after.gpr[kRcx]), low(after.gpr[kRdx])};
  }
  // Nothing: #GP.
  std::optional<std::uint64_t> rdmsr(std::uint32_t index) {
    start(0x32).gpr[kRcx] = index;
    if (!run()) return std::nullopt;
    const State& after = host_.cpu().state();
    return (after.gpr[kRdx] << 32) | (after.gpr[kRax] & 0xffffffff);
  }
  std::optional<std::uint64_t> rdpmc(std::uint32_t index) {
    start(0x33).gpr[kRcx] = index;
    if (!run()) return std::nullopt;
    const State& after = host_.cpu().state();
    return (after.gpr[kRdx] << 32) | (after.gpr[kRax] & 0xffffffff);
  }
  bool wrmsr(std::uint32_t index, std::uint64_t value) {
    State& state = start(0x30);
    state.gpr[kRcx] = index;
    state.gpr[kRax] = value & 0xffffffff;
    state.gpr[kRdx] = value >> 32;
    return run();
  }
  Cpu& cpu() { return host_.cpu(); }
  TraceBus& trace() { return host_.trace(); }

 private:
  static std::uint32_t low(std::uint64_t value) { return static_cast<std::uint32_t>(value); }
  State& start(std::uint8_t opcode) {
    host_.memory()[0x1000] = 0x0f;
    host_.memory()[0x1001] = opcode;
    host_.cpu().forget_code();
    State& state = host_.cpu().mutable_state();
    state.segment[kCs].selector = 0;
    state.segment[kCs].base = 0;
    state.rip = 0x1000;
    state.gpr[kRsp] = 0x8000;
    return state;
  }
  bool run() {
    host_.cpu().run(1);
    return host_.cpu().state().rip != kHandlerOfGp;
  }

  test::FlatHost host_;
};

CpuModel model(const std::string& name) {
  auto found = load_cpu_model(name);
  EXPECT_TRUE(found.has_value());
  return std::move(found).value();
}

TEST(CpuModels, TheProgramHasThem) {
  std::vector<std::string> names;
  for (const CpuModel& each : builtin_cpu_models()) {
    names.push_back(each.name);
    EXPECT_FALSE(each.summary.empty()) << each.name;
    EXPECT_EQ(each.sha256().size(), 64u) << each.name;
    const auto by_name = load_cpu_model(each.name);
    ASSERT_TRUE(by_name.has_value()) << each.name;
    EXPECT_EQ(by_name->sha256(), each.sha256()) << each.name;
  }
  for (const char* name : {"qemu64", "pentium2", "pentium3", "core2", "haswell", "bits-demo"})
    EXPECT_THAT(names, Contains(name));
  EXPECT_THAT(names, Contains(std::string(kDefaultCpuModel)));
}

TEST(CpuModels, EveryLeafOfEveryModelAnswersAsItsFileSaysLessWhatIsMissing) {
  for (const CpuModel& each : builtin_cpu_models()) {
    Machine machine(each);
    for (const CpuModel::Leaf& leaf : each.leaves) {
      SCOPED_TRACE(each.name + " " + std::to_string(leaf.leaf) + "." +
                   std::to_string(leaf.subleaf));
      if (leaf.leaf == 0xd) continue;  // by what is implemented: its own test
      if (leaf.leaf == 0x40000000) continue;
      const auto got = machine.cpuid(leaf.leaf, leaf.subleaf);
      for (unsigned i = 0; i < 4; ++i) {
        const auto reg = static_cast<CpuidRegister>(i);
        if (CpuModel::is_feature_register(leaf.leaf, leaf.subleaf, reg)) {
          EXPECT_EQ(got[i] & ~leaf.values[i], 0u) << "register " << i;
        } else {
          EXPECT_EQ(got[i], leaf.values[i]) << "register " << i;
        }
      }
    }
  }
}

TEST(CpuModels, AFileWithNothingMissingAnswersExactly) {
  CpuModel all = model("bits-demo");
  if (!all.missing().empty()) {
    // Promise what is there, no more: then leaf 1 is exact, too.
    for (CpuModel::Leaf& leaf : all.leaves) {
      if (leaf.leaf != 1) continue;
      leaf.values[2] =
          cpuid_bits(implemented_features(), 1, 0, CpuidRegister::kEcx) & leaf.values[2];
      leaf.values[3] =
          cpuid_bits(implemented_features(), 1, 0, CpuidRegister::kEdx) & leaf.values[3];
    }
  }
  ASSERT_THAT(all.missing(), IsEmpty());
  Machine machine(all);
  using Leaf = std::array<std::uint32_t, 4>;
  EXPECT_EQ(machine.cpuid(0), (Leaf{0xd, 0x756e6547, 0x6c65746e, 0x49656e69}));
  EXPECT_EQ(machine.cpuid(1), all.find(1, 0)->values);
  EXPECT_EQ(machine.cpuid(2), (Leaf{1, 0, 0, 0x2c307d}));
  EXPECT_EQ(machine.cpuid(4, 0), (Leaf{0x121, 0x1c0003f, 0x3f, 1}));
  EXPECT_EQ(machine.cpuid(4, 9), (Leaf{0, 0, 0, 0}));
}

TEST(CpuModels, MissingFeaturesAreNamed) {
  CpuModel odd = plain_cpu_model(implemented_features());
  EXPECT_THAT(odd.missing(), IsEmpty());
  for (CpuModel::Leaf& leaf : odd.leaves) {
    if (leaf.leaf == 1) leaf.values[2] |= 1u << 5 | 1u << 16;  // VMX, and a bit without a name
  }
  EXPECT_THAT(odd.missing(), ::testing::ElementsAre("vmx", "1.0.ecx[16]"));
  EXPECT_EQ(Machine(odd).cpuid(1)[2] & (1u << 5 | 1u << 16), 0u);
}

TEST(CpuModels, BeyondTheLastLeaf) {
  Machine intel(model("pentium3"));
  EXPECT_EQ(intel.cpuid(7), intel.cpuid(2));
  EXPECT_EQ(intel.cpuid(0x80000000), intel.cpuid(2));
  Machine amd(model("qemu64"));
  EXPECT_EQ(amd.cpuid(0x20), (std::array<std::uint32_t, 4>{}));
  EXPECT_EQ(amd.cpuid(0x80000020), (std::array<std::uint32_t, 4>{}));
}

TEST(CpuModels, BrandString) {
  Machine machine(model("core2"));
  std::string brand;
  for (std::uint32_t leaf = 0x80000002; leaf <= 0x80000004; ++leaf) {
    for (const std::uint32_t value : machine.cpuid(leaf))
      brand.append(reinterpret_cast<const char*>(&value), 4);
  }
  EXPECT_STREQ(brand.c_str(), "Intel(R) Core(TM)2 CPU         X6800  @ 2.93GHz");
}

TEST(CpuModels, AmdRepeatsTheStandardFeatures) {
  Machine machine(model("qemu64"));
  const std::uint32_t standard = machine.cpuid(1)[3];
  EXPECT_EQ(machine.cpuid(0x80000001)[3] & 0x0183f3ff, standard & 0x0183f3ff);
}

TEST(CpuModels, MicrocodeRevisionAppearsAfterCpuid) {
  Machine machine(model("core2"));
  EXPECT_TRUE(machine.wrmsr(0x8b, 0));
  EXPECT_EQ(machine.rdmsr(0x8b), 0u);
  machine.cpuid(1);
  EXPECT_EQ(machine.rdmsr(0x8b), 0xc600000000u);
  EXPECT_TRUE(machine.wrmsr(0x79, 0x1000));  // an update: taken
  EXPECT_FALSE(machine.rdmsr(0x79));         // write only
}

TEST(CpuModels, ListedMsrsKeepTheirMasks) {
  Machine machine(model("haswell"));
  ASSERT_EQ(machine.rdmsr(0x1b0), 6u);
  EXPECT_TRUE(machine.wrmsr(0x1b0, 0xf));
  EXPECT_EQ(machine.rdmsr(0x1b0), 0xfu);
  EXPECT_FALSE(machine.wrmsr(0x1b0, 0x10));  // reserved
  EXPECT_EQ(machine.rdmsr(0x1b0), 0xfu);
  EXPECT_FALSE(machine.wrmsr(0x606, 0));  // read only
  EXPECT_TRUE(machine.wrmsr(0x606, *machine.rdmsr(0x606)));
  EXPECT_EQ(*machine.rdmsr(0xce) >> 8 & 0xff, 10u);  // 1 GHz at 100 MHz
  machine.cpu().reset(ResetKind::kInit);
  EXPECT_EQ(machine.rdmsr(0x1b0), 0xfu);
  machine.cpu().reset(ResetKind::kHard);
  EXPECT_EQ(machine.rdmsr(0x1b0), 6u);
}

TEST(CpuModels, RdpmcReadsTheCountersThereAre) {
  Machine k8(model("qemu64"));
  EXPECT_EQ(k8.rdpmc(0), 0u);
  EXPECT_TRUE(k8.wrmsr(0xc0010007, 0x123456789abc));
  EXPECT_EQ(k8.rdpmc(3), 0x123456789abcu);
  EXPECT_FALSE(k8.rdpmc(4));
  Machine p6(model("pentium3"));
  EXPECT_TRUE(p6.wrmsr(0xc2, 0x12345));
  EXPECT_EQ(p6.rdpmc(1), 0x12345u);
  EXPECT_FALSE(p6.rdpmc(2));
  Machine without(model("core2"));
  EXPECT_FALSE(without.rdpmc(0));
}

TEST(CpuModels, MemoryTypesMustExist) {
  Machine machine(model("qemu64"));
  EXPECT_EQ(machine.rdmsr(0x277), 0x0007040600070406u);
  EXPECT_TRUE(machine.wrmsr(0x277, 0x0007010500070406));
  EXPECT_FALSE(machine.wrmsr(0x277, 0x0007040600070402));
  EXPECT_EQ(machine.rdmsr(0xfe), 0x508u);
  EXPECT_TRUE(machine.wrmsr(0x2ff, 0xc06));
  EXPECT_FALSE(machine.wrmsr(0x2ff, 0xc02));
  EXPECT_FALSE(machine.wrmsr(0x2ff, 0x1c06));
  EXPECT_TRUE(machine.wrmsr(0x250, 0x0606060606060606));
  EXPECT_FALSE(machine.wrmsr(0x250, 0x0706060606060606));
  EXPECT_TRUE(machine.wrmsr(0x20e, 0x80000006));
  EXPECT_TRUE(machine.wrmsr(0x20f, 0xff80000800));
  EXPECT_FALSE(machine.wrmsr(0x20f, 0x1ff80000800));  // beyond 40 address bits
  EXPECT_FALSE(machine.wrmsr(0x210, 0));              // eight pairs
}

TEST(CpuModels, MachineCheckBanksCanOnlyBeCleared) {
  Machine machine(model("qemu64"));
  EXPECT_EQ(machine.rdmsr(0x179), 0x105u);
  EXPECT_TRUE(machine.wrmsr(0x400, ~std::uint64_t{0}));
  EXPECT_EQ(machine.rdmsr(0x400), ~std::uint64_t{0});
  EXPECT_TRUE(machine.wrmsr(0x401, 0));
  EXPECT_FALSE(machine.wrmsr(0x401, 1));
  EXPECT_TRUE(machine.wrmsr(0x413, 0));
  EXPECT_FALSE(machine.rdmsr(0x414));  // five banks
}

TEST(CpuModels, UnknownMsrIsAFaultAndAnEvent) {
  Machine machine(model("qemu64"));
  std::vector<std::string> events;
  machine.trace().subscribe(TraceBus::mask_of(TraceCategory::kCpu), [&](const TraceEvent& event) {
    if (event.name != "msr-unknown") return;
    events.push_back(std::to_string(std::get<std::uint64_t>(event.fields.at(0).value)));
  });
  EXPECT_FALSE(machine.rdmsr(0x4711));
  EXPECT_FALSE(machine.wrmsr(0x4712, 1));
  EXPECT_THAT(events, ::testing::ElementsAre("18193", "18194"));
}

TEST(CpuModels, TimeStampMoves) {
  Machine machine(model("haswell"));
  EXPECT_TRUE(machine.wrmsr(0x10, 1'000'000));
  EXPECT_GE(*machine.rdmsr(0x10), 1'000'000u);
  EXPECT_LT(*machine.rdmsr(0x10), 1'000'100u);
  const std::uint64_t adjust = *machine.rdmsr(0x3b);
  EXPECT_TRUE(machine.wrmsr(0x3b, adjust + 5'000'000));
  EXPECT_GE(*machine.rdmsr(0x10), 6'000'000u);
}

TEST(CpuModels, SnapshotOfAnotherModelIsRefused) {
  Machine core2(model("core2")), haswell(model("haswell")), again(model("core2"));
  EXPECT_TRUE(core2.wrmsr(0x2ff, 0xc06));
  Archive saved = Archive::writer();
  core2.cpu().serialize(saved);
  Archive refused = Archive::reader(saved.bytes());
  haswell.cpu().serialize(refused);
  const auto result = refused.finish();
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message(), HasSubstr("CPU model"));
  Archive taken = Archive::reader(saved.bytes());
  again.cpu().serialize(taken);
  EXPECT_TRUE(taken.finish());
  EXPECT_EQ(again.rdmsr(0x2ff), 0xc06u);
}

constexpr const char* kHead = "name = \"x\"\nsummary = \"y\"\n";
constexpr const char* kLeaves =
    "cpuid = [\n  { leaf = 0, eax = 1, ebx = 0, ecx = 0, edx = 0 },\n"
    "  { leaf = 1, eax = 1, ebx = 0, ecx = 0, edx = 0 },\n]\n";

TEST(CpuModels, MalformedFilesNameTheLine) {
  struct Case {
    std::string text;
    const char* line;
    const char* what;
  };
  const std::string good = std::string(kHead) + kLeaves;
  const Case cases[] = {
      {"name = \n", "f.toml:1: ", ""},
      {"name = \"x\"\ncpuid = 3\nsummary = \"y\"\n", "f.toml:2: ", "'cpuid' is not a list"},
      {std::string(kHead) + "cpuid = [\n { leaf = 0, eax = 1, ebx = 2, ecx = 3 },\n]\n",
       "f.toml:4: ", "'edx' is missing"},
      {good + "msr = [ { index = 1, name = \"a\" },\n { index = 1, name = \"b\" } ]\n",
       "f.toml:8: ", "twice"},
      {good + "msr = [ { index = 1, name = \"a\", writeable = 1 } ]\n",
       "f.toml:7: ", "'writeable' is not known"},
      {good + "msr = [ { index = -1, name = \"a\" } ]\n", "f.toml:7: ", "not a number"},
      {good + "msr = [ { index = 0x100000000, name = \"a\" } ]\n", "f.toml:7: ", "larger"},
      {good + "msr = [ { index = 1, name = \"a\", writable = \"0xg\" } ]\n",
       "f.toml:7: ", "not a number"},
      {std::string(kHead) + "cpuid = []\n", "f.toml:1: ", "leaf 0 is missing"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto parsed = parse_cpu_model(c.text, "f.toml");
    ASSERT_FALSE(parsed);
    EXPECT_THAT(parsed.error().message(), HasSubstr(c.line));
    EXPECT_THAT(parsed.error().message(), HasSubstr(c.what));
    EXPECT_EQ(parsed.error().kind(), ErrorKind::kUsage);
  }
  EXPECT_TRUE(parse_cpu_model(good, "f.toml"));
  EXPECT_TRUE(parse_cpu_model(
      good + "msr = [ { index = 1, name = \"a\", writable = \"0xffffffffffffffff\" } ]\n",
      "f.toml"));
}

}  // namespace
}  // namespace ice86::cpu
