// SPDX-License-Identifier: LGPL-2.1-or-later
// The program as a user meets it: what it says, how it exits, and what it leaves behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>

#include "tests/app/program.h"

namespace ice86::app_test {
namespace {

class CommandLine : public Program {};

using ::testing::HasSubstr;
using ::testing::IsEmpty;

int lines_in(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

TEST_F(CommandLine, MissingRomIsNamedAndExits6) {
  const Outcome outcome = ice86("trace --firmware nowhere.rom --out t.jsonl --run-dir r");
  EXPECT_EQ(outcome.exit, 6) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("nowhere.rom"));
  EXPECT_EQ(lines_in(outcome.output), 1) << outcome.output;
  EXPECT_THAT(files_left(), IsEmpty());
}

TEST_F(CommandLine, RomOfOddSizeIsRefused) {
  const std::string rom = file("odd.rom", 100'001);
  const Outcome outcome = ice86("run --firmware " + rom);
  EXPECT_EQ(outcome.exit, 6) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("100001 bytes is no ROM size"));
}

TEST_F(CommandLine, BothEnginesAreCheckedAgainstEachOther) {
  const std::string start = "run --engine check --firmware " + guest("exit_rom");
  Outcome outcome = ice86(start);
  if (outcome.output.find("not in this build") != std::string::npos) GTEST_SKIP();
  EXPECT_EQ(outcome.exit, 11) << outcome.output;
  outcome = ice86(start + " --nic user");
  EXPECT_EQ(outcome.exit, 2) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("leave the cards out"));
  outcome = ice86(start + " --hda " + file("disk.img", 1 << 20) + ",write=on");
  EXPECT_EQ(outcome.exit, 2) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("write=on"));
}

TEST_F(CommandLine, NetworkMistakesAreNamed) {
  const std::string start = "run --firmware " + guest("exit_rom") + " ";
  const std::pair<const char*, const char*> mistakes[] = {
      {"--nic usr", "'usr' is no network"},
      {"--nic user,modl=e1000", "did you mean model?"},
      {"--nic user,model=ne2k_pci", "there is no network card 'ne2k_pci'"},
      {"--nic user,mac=52:54:00", "mac=52:54:00"},
      {"--nic user,romfile=,mac=01:00:00:00:00:01", "no address of one station"},
      {"--nic user,hostfwd=tcp:22", "the form is"},
      {"--nic user,loss=2", "loss=2"},
      {"--netdev user", "it needs an id=NAME"},
      {"--netdev user,id=n0", "no card uses the network 'n0'"},
      {"--device e1000,netdev=n1", "id=n1"},
      {"--device rtl8139", "there is no network card 'rtl8139'"},
      {"--pcap x.pcap", "there is no network card"},
  };
  for (const auto& [words, text] : mistakes) {
    const Outcome outcome = ice86(start + words);
    EXPECT_EQ(outcome.exit, 2) << words << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(text));
    EXPECT_EQ(lines_in(outcome.output), 1) << outcome.output;
  }
  const Outcome rom = ice86(start + "--nic user,romfile=nowhere.rom");
  EXPECT_EQ(rom.exit, 6) << rom.output;
  EXPECT_THAT(rom.output, HasSubstr("nowhere.rom"));
  EXPECT_THAT(files_left(), IsEmpty());
}

TEST_F(CommandLine, ATakenHostPortIsNamedAndExits6) {
  const int taken = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(taken, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(taken, 1), 0);
  socklen_t size = sizeof address;
  ::getsockname(taken, reinterpret_cast<sockaddr*>(&address), &size);
  const std::string port = std::to_string(ntohs(address.sin_port));
  const Outcome outcome = ice86("run --firmware " + guest("exit_rom") +
                                " -nic user,romfile=,hostfwd=tcp:127.0.0.1:" + port + "-:22");
  ::close(taken);
  EXPECT_EQ(outcome.exit, 6) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("host port " + port + " (tcp) cannot be used"));
}

TEST_F(CommandLine, QemusSpellingsOfNetworkCards) {
  const std::string start = "run --firmware " + guest("exit_rom") + " ";
  for (const char* words :
       {"-nic none", "-nic user,model=e1000,romfile=,mac=52:54:00:00:00:09",
        "-netdev user,id=n0,restrict=on -device e1000,netdev=n0,romfile= --pcap net.pcap",
        "-device e1000,romfile=", "-nic user,romfile=,loss=1%,delay=5ms"}) {
    const Outcome outcome = ice86(start + words);
    EXPECT_EQ(outcome.exit, 11) << words << "\n" << outcome.output;
  }
  EXPECT_EQ(std::filesystem::file_size(folder_ / "net.pcap"), 24U) << "a capture of no frames";
}

TEST_F(CommandLine, EmptyDiskImageIsRefused) {
  const std::string disk = file("empty.img", 0);
  const Outcome outcome = ice86("run --firmware " + guest("halt_rom") + " -hda " + disk);
  EXPECT_EQ(outcome.exit, 6) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("empty.img: is empty"));
}

TEST_F(CommandLine, CdImageShorterThanASectorIsRefused) {
  for (const std::size_t size : {0, 1, 511, 512, 1536}) {
    const std::string disc = file("short.iso", size);
    const Outcome outcome = ice86("run --firmware " + guest("halt_rom") + " -cdrom " + disc);
    EXPECT_EQ(outcome.exit, 6) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("short.iso: is "));
    EXPECT_EQ(lines_in(outcome.output), 1) << outcome.output;
  }
  file("whole.iso", 2048);
  EXPECT_EQ(ice86("run --firmware " + guest("exit_rom") + " -cdrom whole.iso").exit, 11);
}

TEST_F(CommandLine, DrivesTakeQemusSpelling) {
  file("cd.iso", 4096);
  const std::string command = "run --firmware " + guest("exit_rom");
  EXPECT_EQ(ice86(command + " -drive file=cd.iso,if=ide,media=cdrom,index=1 -snapshot").exit, 11);
  EXPECT_EQ(ice86(command + " -hdc cd.iso,media=cdrom").exit, 11);
  const Outcome twice = ice86(command + " -hdc cd.iso -cdrom cd.iso");
  EXPECT_EQ(twice.exit, 2) << twice.output;
  EXPECT_THAT(twice.output, HasSubstr("secondary master"));
}

TEST_F(CommandLine, MissingDiskImageIsNamed) {
  const Outcome outcome = ice86("run --firmware " + guest("halt_rom") + " -hda none.img");
  EXPECT_EQ(outcome.exit, 6) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("none.img: No such file"));
}

TEST_F(CommandLine, FolderAsDiskImageIsRefused) {
  const Outcome outcome = ice86("run --firmware " + guest("halt_rom") + " -hda .");
  EXPECT_EQ(outcome.exit, 6) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("is a directory"));
}

TEST_F(CommandLine, UnreadableDiskImageIsNamed) {
  if (::geteuid() == 0) GTEST_SKIP() << "the superuser can read every file";
  const std::string disk = file("secret.img", 4096);
  std::filesystem::permissions(disk, std::filesystem::perms::none);
  const Outcome outcome = ice86("run --firmware " + guest("halt_rom") + " -hda " + disk);
  EXPECT_EQ(outcome.exit, 6) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("secret.img: Permission denied"));
}

TEST_F(CommandLine, UnknownOptionNamesTheNearest) {
  const Outcome outcome = ice86("run --firmwar x");
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_THAT(outcome.output, HasSubstr("unknown option --firmwar"));
  EXPECT_THAT(outcome.output, HasSubstr("did you mean --firmware?"));
}

TEST_F(CommandLine, UnknownCommandNamesTheNearest) {
  const Outcome outcome = ice86("trase");
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_THAT(outcome.output, HasSubstr("did you mean trace?"));
}

TEST_F(CommandLine, BadMemorySizeIsExplained) {
  for (const char* size : {"lots", "0", "-1", "1.5", "65M5"}) {
    const Outcome outcome =
        ice86(std::string("run --firmware ") + guest("halt_rom") + " -m " + size);
    EXPECT_EQ(outcome.exit, 2) << size << ": " << outcome.output;
  }
}

TEST_F(CommandLine, TripleFaultExits4AndSaysWhere) {
  const Outcome outcome = ice86("run --firmware " + guest("triple_fault_rom"));
  EXPECT_EQ(outcome.exit, 4) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("triple fault"));
  EXPECT_THAT(files_left(), IsEmpty());
}

TEST_F(CommandLine, HangEndsAtTheVirtualTimeLimitWithExit3) {
  const Outcome outcome = ice86("run --max-time 50ms --firmware " + guest("hang_rom"));
  EXPECT_EQ(outcome.exit, 3) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("virtual time"));
}

TEST_F(CommandLine, HangEndsAtTheWallLimitWithExit3) {
  const Outcome outcome = ice86("run --max-wall 100ms --firmware " + guest("hang_rom"));
  EXPECT_EQ(outcome.exit, 3) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("wall"));
}

TEST_F(CommandLine, HaltWithInterruptsOffIsReportedNotWaitedFor) {
  const Outcome outcome = ice86("run --firmware " + guest("halt_rom"));
  EXPECT_EQ(outcome.exit, 3) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("nothing can wake it"));
}

TEST_F(CommandLine, FirmwareLintTakesAMemoryDump) {
  const std::string small = file("small.bin", 1000), empty = file("empty.bin", 2 << 20);
  const Outcome refused = ice86("firmware lint --memory-dump " + small);
  EXPECT_EQ(refused.exit, 6) << refused.output;
  EXPECT_THAT(refused.output, HasSubstr("the first megabyte at least is needed"));
  const Outcome read = ice86("firmware lint --memory-dump " + empty);
  EXPECT_EQ(read.exit, 0) << read.output;
  EXPECT_THAT(read.output, HasSubstr("interrupt vectors                    no"));
  EXPECT_EQ(ice86("firmware lint").exit, 2);
  EXPECT_EQ(ice86("firmware lint stack --memory-dump " + empty).exit, 2);
  EXPECT_EQ(ice86("firmware lint stack --run").exit, 2);
  const std::string by_name = ice86("firmware lint seabios -m 64").output;
  EXPECT_NE(by_name.find("interrupt vectors"), std::string::npos) << by_name;
  EXPECT_EQ(ice86("firmware lint --run --firmware seabios -m 64").output, by_name);
}

TEST_F(CommandLine, DebugExitPortGivesItsValue) {
  EXPECT_EQ(ice86("run --firmware " + guest("exit_rom")).exit, 11);
}

TEST_F(CommandLine, DiskWithoutBootSignatureEndsWithTheBiosMessage) {
  const Outcome outcome = ice86("run --firmware bochs --max-time 60s --print-screen -hda " +
                                guest("no_signature_disk"));
  EXPECT_EQ(outcome.exit, 3) << outcome.output;
  EXPECT_THAT(outcome.output, HasSubstr("not a bootable disk"));
}

TEST_F(CommandLine, QemusSpellingsOfWhatThisBoardIsAnyway) {
  const std::string start = "run --firmware " + guest("exit_rom") + " --max-instructions 1000 ";
  EXPECT_EQ(ice86(start + "-vga std -smp 1 -M pc -accel tcg -net none -monitor none -name x -k de "
                          "-nodefaults -display none -rtc base=2020-01-01T00:00:00 "
                          "-device isa-debug-exit,iobase=0x501,iosize=4")
                .exit,
            11);
  EXPECT_EQ(ice86(start + "-device isa-debug-exit,iobase=0xf4").exit, 3) << "another port";
  const std::pair<const char*, const char*> mistakes[] = {
      {"-vga cirrus", "this board's adapter is std"},
      {"-smp 2", "one CPU"},
      {"-accel kvm", "no accelerator"},
      {"-rtc base=utc", "--rtc"},
      {"-net user", "--nic user"},
      {"-device isa-debug-exit,irq=3", "'irq' is no setting"},
      {"-display gtk", "this program's window is sdl"},
      {"-display sdl,scal=2", "did you mean scale?"},
      {"--screenshot x.jpg", "ends in .png or .txt"},
  };
  for (const auto& [words, text] : mistakes) {
    const Outcome outcome = ice86(start + words);
    EXPECT_EQ(outcome.exit, 2) << words << "\n" << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr(text));
    EXPECT_EQ(lines_in(outcome.output), 1) << outcome.output;
  }
  EXPECT_THAT(files_left(), IsEmpty());
}

TEST_F(CommandLine, NoRebootEndsTheRunAtAReset) {
  const std::string start = "run --firmware " + guest("reset_rom") + " --max-instructions 1000 ";
  EXPECT_EQ(ice86(start).exit, 3);
  const Outcome outcome = ice86(start + "-no-reboot");
  EXPECT_EQ(outcome.exit, 0);
  EXPECT_THAT(outcome.output, HasSubstr("the guest asked for a reset"));
}

TEST_F(CommandLine, ATraceBecomesAPage) {
  const Outcome outcome =
      ice86("trace --firmware bochs --max-time 200ms -q --html page.html --out t.jsonl");
  EXPECT_EQ(outcome.exit, 3) << outcome.output;
  std::ifstream page(folder_ / "page.html");
  const std::string html{std::istreambuf_iterator<char>(page), {}};
  EXPECT_THAT(html, HasSubstr("video: set mode"));
  EXPECT_THAT(html, HasSubstr("Bochs"));  // of the screen
  EXPECT_EQ(ice86("trace --input t.jsonl -q --html again.html").exit, 0);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "again.html"));
}

TEST_F(CommandLine, OptionsGoBeforeTheMachineFile) {
  write("m.toml", "firmware = \"" + guest("exit_rom") + "\"\nmax-instructions = 1000\n");
  EXPECT_EQ(ice86("run -M m.toml").exit, 11);
  EXPECT_EQ(ice86("run -M m.toml --debug-exit 0xf4").exit, 3);
  EXPECT_EQ(ice86("run -M m.toml --firmware " + guest("triple_fault_rom")).exit, 4);
  write("bad.toml", "memory = \"64M\"\nmemroy = \"64M\"\n");
  const Outcome outcome = ice86("run -M bad.toml");
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_THAT(outcome.output, HasSubstr("bad.toml:2: 'memroy' is not known here"));
  EXPECT_EQ(lines_in(outcome.output), 1) << outcome.output;
  EXPECT_THAT(ice86("run -M isapc").output, HasSubstr("the board is pc (i440FX) or q35"));
}

TEST_F(CommandLine, BoardsAreChosenByOptionByFileOrByFirmware) {
  const std::string rom = guest("exit_rom");
  EXPECT_EQ(ice86("run -M q35 --firmware " + rom).exit, 11);
  EXPECT_EQ(ice86("run -machine pc-q35-7.2,accel=tcg --firmware " + rom).exit, 11);
  write("m.toml", "board = \"q35\"\nfirmware = \"" + rom + "\"\n");
  EXPECT_EQ(ice86("run -M m.toml").exit, 11);
  EXPECT_NE(ice86("run --hash -M m.toml").output,
            ice86("run --hash -M pc --firmware " + rom).output);
  EXPECT_EQ(ice86("run --hash -M m.toml").output,
            ice86("run --hash -M q35 --firmware " + rom).output);
  write("bad.toml", "board = \"isapc\"\n");
  EXPECT_THAT(ice86("run -M bad.toml").output,
              HasSubstr("bad.toml:1: 'isapc' is no board: there are pc and q35"));
  const Outcome outcome = ice86("run -M pc --firmware ovmf32");
  EXPECT_EQ(outcome.exit, 2);
  EXPECT_THAT(outcome.output, HasSubstr("firmware ovmf32 runs on board q35 only, not on pc"));
  EXPECT_EQ(lines_in(outcome.output), 1) << outcome.output;
}

// The file's own timing is kept beside the one for all drives.
TEST_F(CommandLine, AMachineFileGivesOneDriveItsTiming) {
  write("disk.img", std::string(512 * 64, '\0'));
  write("m.toml", "firmware = \"" + guest("exit_rom") +
                      "\"\n[[drive]]\nplace = \"primary-master\"\nfile = \"disk.img\"\n"
                      "spin-up = \"soon\"\n");
  EXPECT_THAT(ice86("run -M m.toml").output, HasSubstr("m.toml: 'soon' is no duration"));
}

TEST_F(CommandLine, HelpListsCommandsAndExits0) {
  const Outcome outcome = ice86("--help");
  EXPECT_EQ(outcome.exit, 0);
  for (const char* command : {"run", "trace", "diff", "firmware"}) {
    EXPECT_THAT(outcome.output, HasSubstr(command));
  }
}

}  // namespace
}  // namespace ice86::app_test
