// SPDX-License-Identifier: LGPL-2.1-or-later
// Disk images that are written to: a host without room, an emulator that is killed, two emulators
// on one image.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>

#include <cstring>
#include <fstream>
#include <vector>

#include "tests/app/program.h"

namespace ice86::app_test {
namespace {

using ::testing::HasSubstr;

constexpr std::size_t kSector = 512, kSectors = 16 * 2048, kFirst = 64;

class DiskSafety : public Program {
 protected:
  // 16 MB with the guest that writes all of it; the file takes no room yet.
  std::string disk() {
    const auto path = folder_ / "disk.img";
    std::filesystem::copy_file(ICE86_GUESTS "/disk_writer.bin", path,
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(path, kSectors * kSector);
    return path.string();
  }
  // The number in a sector that has been written as a whole, 0 in one that never was; anything else
  // is a failure.
  static std::vector<std::uint32_t> sectors(const std::string& path) {
    std::vector<std::uint32_t> words(kSectors * kSector / 4);
    std::ifstream(path, std::ios::binary)
        .read(reinterpret_cast<char*>(words.data()), kSectors * kSector);
    std::vector<std::uint32_t> numbers;
    for (std::size_t sector = kFirst; sector < kSectors; ++sector) {
      const std::uint32_t* const begin = &words[sector * kSector / 4];
      for (std::size_t i = 1; i < kSector / 4; ++i) {
        if (begin[i] != begin[0]) ADD_FAILURE() << "sector " << sector << " is torn";
      }
      numbers.push_back(begin[0]);
    }
    return numbers;
  }
  static constexpr const char* kWrite = "run --firmware bochs -m 8 --disk disk.img,write=on";
};

TEST_F(DiskSafety, AFullHostDiskIsAWriteErrorAndAMessage) {
  const std::string image = disk();
  // A limit on the size of files stands for a full disk: in units of 512 bytes, half the image.
  const Outcome outcome = ice86(kWrite, "ulimit -f 16384;");
  EXPECT_EQ(outcome.exit, 6) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("to the debug exit port"));
  EXPECT_THAT(outcome.output, Not(HasSubstr("the guest wrote 0x0 ")));
  EXPECT_THAT(outcome.output, HasSubstr("disk.img: sector 16384 cannot be written: "));
  const auto written = sectors(image);
  for (std::size_t i = 0; i < written.size(); ++i)
    ASSERT_EQ(written[i], kFirst + i < 16384 ? kFirst + i : 0);
}

TEST_F(DiskSafety, AKilledEmulatorLeavesWholeSectorsInOrder) {
  for (unsigned round = 0; round < 5; ++round) {
    const std::string image = disk();
    const pid_t child = ::fork();
    if (child == 0) {
      const std::string out = (folder_ / "out").string();
      if (std::freopen(out.c_str(), "w", stdout) == nullptr ||
          std::freopen(out.c_str(), "w", stderr) == nullptr)
        ::_exit(126);
      ::execl(ICE86_PROGRAM, "ice86", "run", "--firmware", "bochs", "-m", "8", "--disk",
              (image + ",write=on").c_str(), nullptr);
      ::_exit(127);
    }
    // Wherever it is then: in a write as often as not.
    const auto arrived = [&] {
      std::ifstream file(image, std::ios::binary);
      file.seekg((kFirst + 500 + round * 1000) * kSector);
      std::uint32_t word = 0;
      file.read(reinterpret_cast<char*>(&word), sizeof word);
      return word != 0;
    };
    int status = 0;
    pid_t ended = 0;
    while (!arrived() && ended == 0) {
      ::usleep(200);
      ended = ::waitpid(child, &status, WNOHANG);
    }
    ASSERT_EQ(ended, 0) << "it ended by itself";
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    const auto written = sectors(image);
    std::size_t count = 0;
    while (count < written.size() && written[count] == kFirst + count) ++count;
    EXPECT_GE(count, 500U);
    EXPECT_LT(count, written.size());
    for (std::size_t i = count; i < written.size(); ++i) ASSERT_EQ(written[i], 0U) << i;
  }
}

TEST_F(DiskSafety, TwoWritersOnOneImageAreRefused) {
  disk();
  const Outcome outcome = ice86(std::string(kWrite) + " --disk disk.img,write=on");
  EXPECT_EQ(outcome.exit, 6) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("disk.img"));
  EXPECT_THAT(outcome.output, HasSubstr("another program writes to it"));
}

}  // namespace
}  // namespace ice86::app_test
