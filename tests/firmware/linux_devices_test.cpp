// SPDX-License-Identifier: LGPL-2.1-or-later
// Debian's kernel with its own drivers for the board's devices: e1000, ata_piix, the VESA frame
// buffer. One run, from GRUB to power-off, in which the guest talks with servers and clients of
// this host and writes a disk and the screen; then the disk and the capture of the wire are looked
// at with e2fsprogs and tshark.
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>

#include "emulator/base/files.h"
#include "emulator/base/hash.h"
#include "slirp-net/pcap_capture.h"
#include "slirp-net/user_network.h"
#include "tests/firmware/support/guest.h"
#include "tests/firmware/support/host_services.h"

namespace ice86 {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::size_t kMiB = 1 << 20;
constexpr std::size_t kFileSize = 64 * kMiB;
constexpr Nanoseconds kLong = 600 * Guest::kSecond;

std::vector<std::uint8_t> noise(std::size_t size) {
  std::mt19937 random(8254);
  std::vector<std::uint8_t> bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random() >> 24);
  return bytes;
}

std::string sha256(std::string_view text) {
  return sha256_hex(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

// What a command of the host prints.
std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "cannot run " + command;
  char buffer[4096];
  for (std::size_t got; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    text.append(buffer, got);
  if (pclose(pipe) != 0) text += "(" + command + " failed)";
  return text;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec) / 1e6;
}

class LinuxDevices : public ::testing::Test {
 protected:
  void SetUp() override {
    char pattern[] = "/tmp/ice86-linux-XXXXXX";
    ASSERT_NE(mkdtemp(pattern), nullptr);
    folder_ = pattern;
    std::ofstream(folder_ / "disk.img").close();
    std::filesystem::resize_file(folder_ / "disk.img", 64 * kMiB);
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<Guest> boot() {
    const auto more = [this](machine::PcConfig& config) {
      auto disk = BlockImage::open(folder_ / "disk.img", BlockImage::Writes::kFile);
      ASSERT_TRUE(disk) << disk.error().message();
      config.disks[1] = machine::DiskConfig{std::move(*disk), {}};
      machine::NicConfig nic;
      nic.network = [this](Clock& clock, TraceBus& trace,
                           const std::string& name) -> Result<std::unique_ptr<Network>> {
        slirp_net::UserOptions options;
        slirp_net::HostForward forward;
        forward.text = "tcp:127.0.0.1:0-:80";
        forward.host_address = "127.0.0.1";
        forward.guest_port = 80;
        options.host_forwards.push_back(forward);
        ICE86_TRY_ASSIGN(auto user, slirp_net::UserNetwork::create(clock, trace, name, options));
        guest_http_ = user->forwarded_ports().at(0);
        std::unique_ptr<Network> network = std::move(user);
        ICE86_TRY_ASSIGN(network, slirp_net::PcapCapture::create(clock, folder_ / "net.pcap",
                                                                 std::move(network)));
        return network;
      };
      config.nics.push_back(std::move(nic));
    };
    return Guest::create(
        {.disk = ICE86_LINUX_IMAGES "/linux64-drivers.img", .memory_mib = 384, .configure = more});
  }

  // A shell command and what it prints, to the next prompt.
  static testing::AssertionResult says(Guest& guest, const std::string& command,
                                       const std::string& answer) {
    const std::string line = command + "\r";
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(line.data()), line.size());
    if (guest.pc().receive_serial(0, bytes) != line.size())
      return testing::AssertionFailure() << "COM1 has no room";
    // The line is echoed: the answer has to come after it.
    return guest.talk({{"\n", ""}, {answer, ""}, {"# ", ""}}, kLong);
  }

  std::filesystem::path folder_;
  std::uint16_t guest_http_ = 0;
};

TEST_F(LinuxDevices, NetworkDiskFrameBufferAndPowerOff) {
  const std::vector<std::uint8_t> file = noise(kFileSize);
  const std::string hash = sha256_hex(file);
  const HostServer web([&file](int client) {
    const std::string request = receive_all(client, "\r\n\r\n");
    if (request.starts_with("GET /page ")) {
      send_all(client, "HTTP/1.0 200 OK\r\nContent-Length: 15\r\n\r\na page of ice86");
    } else if (request.starts_with("GET /file ")) {
      send_all(client,
               "HTTP/1.0 200 OK\r\nContent-Length: " + std::to_string(file.size()) + "\r\n\r\n");
      send_all(client, file);
    } else {
      send_all(client, "HTTP/1.0 404 Not Found\r\n\r\n");
    }
  });
  std::atomic<bool> received = false;
  std::string received_hash;
  const HostServer sink([&](int client) {
    received_hash = sha256(receive_all(client));
    received = true;
  });
  const std::string web_url = "http://10.0.2.2:" + std::to_string(web.port());

  const auto guest = boot();
  ASSERT_TRUE(guest);
  double seconds = cpu_seconds();
  const auto lap = [&](const char* what) {
    std::cout << what << ": " << cpu_seconds() - seconds << " CPU s, "
              << guest->pc().clock().instructions() / 1'000'000 << " million instructions, "
              << guest->pc().clock().now() / 1'000'000 << " ms so far" << std::endl;
    seconds = cpu_seconds();
  };

  ASSERT_TRUE(guest->talk({{"built-in shell", ""}, {"# ", ""}}, kLong));
  lap("boot");
  ASSERT_TRUE(says(*guest, "stty cols 500; echo wide", "wide"));
  // Linux looks for disks in the background; their names depend on which it finds first.
  ASSERT_TRUE(says(*guest,
                   "for d in /sys/block/sd*; do [ $(cat $d/size) = 131072 ] && "
                   "new=/dev/${d##*/} || old=/dev/${d##*/}; done; echo from $old to $new",
                   "from /dev/sd"));
  ASSERT_TRUE(
      says(*guest, "udhcpc -i eth0 -q -n", "lease: eth0 has 10.0.2.15/24, router 10.0.2.2"));
  EXPECT_TRUE(says(*guest, "wget -q -O - " + web_url + "/page; echo", "a page of ice86"));
  EXPECT_TRUE(says(*guest, "ping -c 3 10.0.2.2", "3 packets received, 0% packet loss"));
  lap("address and page");

  EXPECT_TRUE(says(*guest, "wget -q -O /tmp/file " + web_url + "/file; echo got $?", "got 0"));
  lap("64 MiB to the guest");
  EXPECT_TRUE(says(*guest, "dd if=/tmp/file bs=1M count=4 2>/dev/null | sha256sum",
                   sha256_hex(std::span(file).first(4 * kMiB))));
  lap("sha256sum of 4 MiB");

  // Back by a server in the guest, through the forwarded port, in the segments that the card's TSO
  // cuts; the client on the host is there before the guest looks.
  EXPECT_TRUE(says(*guest, "httpd -h /tmp; echo up", "up"));
  std::atomic<bool> done = false;
  std::string back;
  std::thread client([&] {
    back = http_get(guest_http_, "/file");
    done = true;
  });
  for (int i = 0; i < 600 && !done; ++i) guest->run_for(Guest::kSecond / 10);
  EXPECT_TRUE(done);
  client.join();
  EXPECT_EQ(back.size(), kFileSize);
  EXPECT_EQ(sha256(back), hash);
  lap("64 MiB to the host");

  // And in many small ones, by a connection that the guest makes.
  EXPECT_TRUE(says(*guest,
                   "dd if=/tmp/file bs=1M count=4 2>/dev/null | nc 10.0.2.2 " +
                       std::to_string(sink.port()) + "; echo sent $?",
                   "sent 0"));
  for (int i = 0; i < 100 && !received; ++i) guest->run_for(Guest::kSecond / 10);
  ASSERT_TRUE(received);
  EXPECT_EQ(received_hash, sha256_hex(std::span(file).first(4 * kMiB)));
  lap("4 MiB by nc");

  // A file system with the file's first part, and blocks behind it.
  EXPECT_TRUE(
      says(*guest, "mke2fs -F $new 16384 > /dev/null; mount -t ext4 $new /mnt && echo on", "on"));
  EXPECT_TRUE(says(*guest, "dd if=/tmp/file of=/mnt/part bs=1M count=8 2>/dev/null; echo written",
                   "written"));
  // The package's EXTLINUX, with the libraries it was linked to, makes the disk bootable.
  EXPECT_TRUE(says(*guest, "mkdir /d; mount -t vfat ${old}1 /d && echo on", "on"));
  EXPECT_TRUE(says(*guest, "/d/ld.so --library-path /d /d/extlinux --install /mnt; echo gave $?",
                   "gave 0"));
  EXPECT_TRUE(says(
      *guest, "cp /d/*.c32 /d/kernel.elf /d/extlinux.conf /mnt; umount /mnt /d; echo off", "off"));
  EXPECT_TRUE(says(*guest, "dd if=/tmp/file of=$new bs=1M skip=16 seek=32 count=16 2>&1; sync",
                   "16+0 records out"));
  lap("disk");

  // The frame buffer's pixels are those of the screen.
  EXPECT_TRUE(
      says(*guest, "echo 0 > /sys/class/graphics/fbcon/cursor_blink; cat /proc/fb", "0 VESA VGA"));
  EXPECT_TRUE(says(*guest, "cat /sys/class/graphics/fb0/virtual_size", "800,600"));
  EXPECT_TRUE(says(*guest, "dd if=/tmp/file of=/dev/fb0 bs=1920000 count=1 2>/dev/null; echo drawn",
                   "drawn"));
  const devices::Frame frame = guest->pc().vga().frame();
  ASSERT_EQ(frame.width, 800U);
  ASSERT_EQ(frame.height, 600U);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < frame.pixels.size(); ++i) {
    const std::uint32_t pixel = file[4 * i] | file[4 * i + 1] << 8 | file[4 * i + 2] << 16;
    wrong += pixel != frame.pixels[i] ? 1 : 0;
  }
  EXPECT_EQ(wrong, 0U);

  EXPECT_FALSE(says(*guest, "poweroff -f", "nothing comes after this"));
  EXPECT_EQ(guest->result().end, machine::RunEnd::kPowerOff) << guest->heard();
  for (const char* complaint :
       {"BUG:", "Oops", "WARNING:", "Call Trace", "not syncing", "segfault", "Tx Unit Hang",
        "I/O error", "failed command", "soft reset", "calibration failed", "RTC interrupts"})
    EXPECT_THAT(guest->heard(), Not(HasSubstr(complaint)));
  const auto finished = guest->pc().finish();
  EXPECT_TRUE(finished) << finished.error().message();
  lap("frame buffer, power-off");

  const auto disk = read_file(folder_ / "disk.img", 64 * kMiB);
  ASSERT_TRUE(disk);
  EXPECT_TRUE(
      std::equal(disk->begin() + 32 * kMiB, disk->begin() + 48 * kMiB, file.begin() + 16 * kMiB));
  const std::string image = (folder_ / "disk.img").string();
  EXPECT_THAT(output_of("/sbin/e2fsck -fn " + image), Not(HasSubstr("failed)")));
  EXPECT_THAT(output_of("/sbin/debugfs -R 'cat part' " + image + " 2>/dev/null | sha256sum"),
              HasSubstr(sha256_hex(std::span(file).first(8 * kMiB))));

  const std::string pcap = (folder_ / "net.pcap").string();
  EXPECT_THAT(output_of("tshark --version"), HasSubstr("TShark"));
  // The file's bytes are noise, and no protocol above TCP.
  const std::string as_data = fmt::format(
      " -d tcp.port=={},data -d tcp.port=={},data -d tcp.port==80,data ", web.port(), sink.port());
  EXPECT_THAT(
      output_of("tshark -n -r " + pcap + as_data +
                "-o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE "
                "-Y '_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 || "
                "udp.checksum.status == 0' 2>/dev/null"),
      IsEmpty());
  const std::string first = output_of("tshark -n -c 100 -r " + pcap + " 2>/dev/null");
  for (const char* packet : {"DHCP ACK", "GET /page", "200 OK", "Echo (ping) reply"})
    EXPECT_THAT(first, HasSubstr(packet));
  EXPECT_THAT(first, Not(HasSubstr("Malformed")));

  for (const char* firmware : {"seabios", "bochs", ICE86_LINUX_IMAGES "/stack.rom"}) {
    const auto next = Guest::create({.firmware = firmware, .disk = image});
    ASSERT_TRUE(next);
    EXPECT_TRUE(next->talk({{"boot: ", "test\r"}, {"test kernel: ok", ""}}, kLong)) << firmware;
    EXPECT_FALSE(next->run_for(Guest::kSecond)) << firmware;
    EXPECT_EQ(next->result().end, machine::RunEnd::kDebugExit) << firmware;
  }
}

}  // namespace
}  // namespace ice86
