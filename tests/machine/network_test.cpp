// SPDX-License-Identifier: LGPL-2.1-or-later
// A machine that boots from its network card: SeaBIOS runs iPXE from the card's option ROM, which
// gets an address by DHCP and the test kernel by TFTP. Nothing of it takes real time, so every run
// is the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "emulator/base/bits.h"
#include "emulator/base/files.h"
#include "emulator/machine/pc.h"
#include "slirp-net/pcap_capture.h"
#include "slirp-net/scripted_network.h"
#include "slirp-net/user_network.h"

namespace ice86::machine {
namespace {

using ::testing::HasSubstr;

constexpr const char* kRom = "/usr/lib/ipxe/qemu/pxe-e1000.rom";
constexpr std::uint8_t kKernelIsContent = 0x10;

class PxeBoot : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const FirmwareEntry& entry : firmware_table()) {
      if (entry.name != "seabios") continue;
      if (const auto missing = missing_file(entry, "images")) GTEST_SKIP() << *missing;
    }
    if (!std::filesystem::exists(kRom)) GTEST_SKIP() << kRom << " is missing: package ipxe-qemu";
    if (!std::filesystem::exists(ICE86_IMAGES "/test-kernel.elf")) GTEST_SKIP() << "no test kernel";
    char pattern[] = "/tmp/ice86-pxe-XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  struct Machine {
    std::string console;
    std::unique_ptr<Pc> pc;
  };

  std::unique_ptr<Machine> machine(const std::string& capture,
                                   const std::string& boot_file = "test-kernel.elf") const {
    auto made = std::make_unique<Machine>();
    PcConfig config;
    auto firmware = load_firmware("seabios", std::nullopt, "images");
    EXPECT_TRUE(firmware) << firmware.error().message();
    config.firmware = std::move(*firmware);
    config.memory_mib = 64;
    config.boot_order = "n";
    std::string& console = made->console;
    config.serial[0] = [&console](std::uint8_t byte) { console += static_cast<char>(byte); };
    NicConfig nic;
    auto rom = read_file(kRom, 1 << 20);
    EXPECT_TRUE(rom) << rom.error().message();
    nic.option_rom = std::move(*rom);
    nic.network = [file = folder_ / capture, boot_file](
                      Clock& clock, TraceBus& trace,
                      const std::string& name) -> Result<std::unique_ptr<Network>> {
      slirp_net::UserOptions options;
      options.tftp = ICE86_IMAGES;
      options.boot_file = boot_file;
      ICE86_TRY_ASSIGN(std::unique_ptr<Network> network,
                       slirp_net::UserNetwork::create(clock, trace, name, options));
      ICE86_TRY_ASSIGN(network, slirp_net::PcapCapture::create(clock, file, std::move(network)));
      return network;
    };
    config.nics.push_back(std::move(nic));
    auto pc = Pc::create(std::move(config));
    EXPECT_TRUE(pc) << pc.error().message();
    made->pc = std::move(*pc);
    return made;
  }

  static RunLimits limit() {
    RunLimits limits;
    limits.time = 60'000'000'000;
    return limits;
  }

  std::vector<std::uint8_t> captured(const std::string& name) const {
    auto bytes = read_file(folder_ / name, 1 << 24);
    EXPECT_TRUE(bytes) << bytes.error().message();
    return std::move(*bytes);
  }

  std::filesystem::path folder_;
};

// The frames of a capture; checks that it is whole and that time never goes back.
std::vector<std::vector<std::uint8_t>> frames_in(const std::vector<std::uint8_t>& pcap) {
  std::vector<std::vector<std::uint8_t>> frames;
  std::size_t at = 24;
  std::uint64_t last = 0;
  while (at < pcap.size()) {
    EXPECT_LE(at + 16, pcap.size());
    const std::uint64_t time = load_le<std::uint32_t>(&pcap[at]) * std::uint64_t{1'000'000'000} +
                               load_le<std::uint32_t>(&pcap[at + 4]);
    EXPECT_GE(time, last);
    last = time;
    const auto size = load_le<std::uint32_t>(&pcap[at + 8]);
    EXPECT_EQ(size, load_le<std::uint32_t>(&pcap[at + 12]));
    EXPECT_LE(at + 16 + size, pcap.size());
    const auto from = pcap.begin() + static_cast<std::ptrdiff_t>(at + 16);
    frames.emplace_back(from, from + size);
    at += 16 + size;
  }
  return frames;
}

TEST_F(PxeBoot, KernelComesByDhcpAndTftp) {
  const auto m = machine("net.pcap");
  const RunResult result = m->pc->run(limit());
  EXPECT_EQ(result.end, RunEnd::kDebugExit) << m->pc->dump();
  EXPECT_EQ(result.debug_exit_value, kKernelIsContent);
  EXPECT_THAT(m->console, HasSubstr("ice86 test kernel: ok"));
  ASSERT_TRUE(m->pc->network().finish());
  unsigned dhcp = 0, tftp_data = 0;
  for (const auto& frame : frames_in(captured("net.pcap"))) {
    if (frame.size() < 46 || frame[12] != 0x08 || frame[13] != 0x00 || frame[23] != 17) continue;
    const unsigned source = frame[34] << 8 | frame[35], to = frame[36] << 8 | frame[37];
    if (source == 67 && to == 68) ++dhcp;
    if (source == 69 && frame[43] == 3) ++tftp_data;
  }
  EXPECT_GE(dhcp, 2U) << "offer and acknowledgement";
  EXPECT_GE(tftp_data, 5U) << "the kernel has some KiB";
}

TEST_F(PxeBoot, TwoRunsAreTheSameToTheNanosecond) {
  const auto first = machine("first.pcap"), second = machine("second.pcap");
  first->pc->run(limit());
  second->pc->run(limit());
  EXPECT_EQ(first->pc->state_hash(), second->pc->state_hash());
  EXPECT_EQ(first->pc->clock().now(), second->pc->clock().now());
  ASSERT_TRUE(first->pc->network().finish());
  ASSERT_TRUE(second->pc->network().finish());
  EXPECT_EQ(captured("first.pcap"), captured("second.pcap"));
}

TEST_F(PxeBoot, SavingAndRestoringOnTheWayChangesNothing) {
  const auto reference = machine("reference.pcap");
  reference->pc->run(limit());
  const std::string hash = reference->pc->state_hash();
  const std::uint64_t whole = reference->pc->clock().instructions();
  // A TFTP transfer that is under way is not kept (libslirp does not save it): the last tenth is
  // left out.
  for (const std::uint64_t tenth : {4U, 8U}) {
    const auto before = machine("before.pcap");
    RunLimits limits = limit();
    limits.instructions = whole / 10 * tenth;
    ASSERT_EQ(before->pc->run(limits).end, RunEnd::kInstructionLimit);
    const std::vector<std::uint8_t> saved = before->pc->save();
    const auto after = machine("after.pcap");
    const auto loaded = after->pc->load(saved);
    ASSERT_TRUE(loaded) << loaded.error().message();
    EXPECT_EQ(after->pc->save(), saved) << tenth;
    EXPECT_EQ(after->pc->run(limit()).end, RunEnd::kDebugExit) << tenth;
    EXPECT_EQ(after->pc->state_hash(), hash) << tenth;
  }
}

// A web server for one request, in a thread of its own.
class OnePage {
 public:
  explicit OnePage(std::vector<std::uint8_t> page) : page_(std::move(page)) {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener_, 1), 0);
    socklen_t size = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~OnePage() {
    shutdown(listener_, SHUT_RDWR);  // wakes accept() when nobody came
    thread_.join();
    close(listener_);
  }
  OnePage(const OnePage&) = delete;
  OnePage& operator=(const OnePage&) = delete;
  unsigned port() const { return port_; }

 private:
  void serve() {
    const int client = accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    std::string request;
    char buffer[1024];
    while (request.find("\r\n\r\n") == std::string::npos) {
      const ssize_t got = recv(client, buffer, sizeof buffer, 0);
      if (got <= 0) break;
      request.append(buffer, static_cast<std::size_t>(got));
    }
    std::string answer =
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(page_.size()) +
        "\r\n\r\n";
    answer.append(page_.begin(), page_.end());
    for (std::size_t at = 0; at < answer.size();) {
      const ssize_t sent = send(client, answer.data() + at, answer.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) break;
      at += static_cast<std::size_t>(sent);
    }
    close(client);
  }

  std::vector<std::uint8_t> page_;
  int listener_ = -1;
  unsigned port_ = 0;
  std::thread thread_;
};

TEST_F(PxeBoot, KernelComesByHttpFromAServerOfTheHost) {
  auto kernel = read_file(ICE86_IMAGES "/test-kernel.elf", 1 << 20);
  ASSERT_TRUE(kernel) << kernel.error().message();
  const OnePage server(std::move(*kernel));
  const auto m =
      machine("http.pcap", "http://10.0.2.2:" + std::to_string(server.port()) + "/k.elf");
  const RunResult result = m->pc->run(limit());
  EXPECT_EQ(result.end, RunEnd::kDebugExit) << m->pc->dump();
  EXPECT_EQ(result.debug_exit_value, kKernelIsContent);
  EXPECT_THAT(m->console, HasSubstr("ice86 test kernel: ok"));
}

TEST_F(PxeBoot, WithoutACableItGivesUp) {
  PcConfig config;
  config.firmware = std::move(*load_firmware("seabios", std::nullopt, "images"));
  config.memory_mib = 64;
  config.boot_order = "n";
  NicConfig nic;
  nic.option_rom = std::move(*read_file(kRom, 1 << 20));
  nic.network = [](Clock&, TraceBus&, const std::string&) -> Result<std::unique_ptr<Network>> {
    return std::unique_ptr<Network>(std::make_unique<slirp_net::NoNetwork>());
  };
  config.nics.push_back(std::move(nic));
  auto pc = Pc::create(std::move(config));
  ASSERT_TRUE(pc) << pc.error().message();
  RunLimits limits;
  limits.time = 30'000'000'000;
  const RunResult result = (*pc)->run(limits);
  EXPECT_EQ(result.end, RunEnd::kTimeLimit);
  std::string screen;
  for (unsigned i = 0; i < 80 * 25; ++i) {
    screen += static_cast<char>((*pc)->peek_memory(0xB8000 + i * 2, 1));
  }
  EXPECT_THAT(screen, HasSubstr("No bootable device"));
}

}  // namespace
}  // namespace ice86::machine
