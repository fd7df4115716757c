// SPDX-License-Identifier: LGPL-2.1-or-later
// Which drive goes where, and what is refused.
#include "emulator/app/drive_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ice86::app {
namespace {

using ::testing::HasSubstr;

DriveTable table_of(const DriveOptions& options) {
  auto table = drive_table(options);
  EXPECT_TRUE(table) << table.error().message();
  return table ? *table : DriveTable{};
}

std::string refusal_of(const DriveOptions& options) {
  auto table = drive_table(options);
  if (table) return "accepted";
  EXPECT_EQ(table.error().kind(), ErrorKind::kUsage);
  return table.error().message();
}

std::string refusal_of_drive(const std::string& text) {
  DriveOptions options;
  options.drives = {text};
  return refusal_of(options);
}

TEST(DriveOptions, EachSpellingHasItsPlace) {
  DriveOptions options;
  options.disks[0] = "a.img,write=on";
  options.cdrom = "cd.iso";
  options.disk_list = {"next,with,commas.img"};
  options.drives = {"file=d.img,index=3,format=raw,id=x"};
  const DriveTable table = table_of(options);
  ASSERT_TRUE(table.ide[0] && table.ide[1] && table.ide[2] && table.ide[3]);
  EXPECT_EQ(table.ide[0]->file, "a.img");
  EXPECT_TRUE(table.ide[0]->write);
  EXPECT_EQ(table.ide[1]->file, "next,with,commas.img");
  EXPECT_FALSE(table.ide[1]->write);
  EXPECT_EQ(table.ide[2]->file, "cd.iso");
  EXPECT_TRUE(table.ide[2]->cdrom);
  EXPECT_EQ(table.ide[3]->file, "d.img");
}

TEST(DriveOptions, DiskettesGoIntoTheirOwnDrives) {
  DriveOptions options;
  options.floppies[1] = "b.img,readonly=on";
  options.drives = {"file=a.img,if=floppy,write=on"};
  const DriveTable table = table_of(options);
  ASSERT_TRUE(table.floppies[0] && table.floppies[1]);
  EXPECT_EQ(table.floppies[0]->file, "a.img");
  EXPECT_TRUE(table.floppies[0]->write);
  EXPECT_EQ(table.floppies[1]->file, "b.img");
  EXPECT_TRUE(table.floppies[1]->write_protected);
  EXPECT_FALSE(table.ide[0]);
  DriveOptions empty;
  empty.drives = {"if=floppy,index=1"};
  EXPECT_EQ(table_of(empty).floppies[1]->file, "");
}

TEST(DriveOptions, DiskettesThatDoNotFitAreRefused) {
  EXPECT_THAT(refusal_of_drive("file=a.img,if=floppy,index=2"), HasSubstr("index=1"));
  EXPECT_THAT(refusal_of_drive("file=a.img,if=floppy,media=cdrom"), HasSubstr("contradict"));
  EXPECT_THAT(refusal_of_drive("file=a.img,if=scsi"), HasSubstr("if=floppy"));
  DriveOptions twice;
  twice.floppies[0] = "a.img";
  twice.drives = {"file=b.img,if=floppy,index=0"};
  EXPECT_THAT(refusal_of(twice), HasSubstr("two diskettes"));
}

TEST(DriveOptions, MediaMakesAnyPlaceACdRom) {
  DriveOptions options;
  options.disks[1] = "cd.iso,media=cdrom";
  options.drives = {"file=a,,b.iso,if=ide,media=cdrom,bus=1,unit=1", "media=cdrom"};
  const DriveTable table = table_of(options);
  ASSERT_TRUE(table.ide[0] && table.ide[1] && table.ide[3]);
  EXPECT_TRUE(table.ide[1]->cdrom);
  EXPECT_EQ(table.ide[3]->file, "a,b.iso");
  EXPECT_TRUE(table.ide[3]->cdrom);
  EXPECT_TRUE(table.ide[0]->cdrom);
  EXPECT_EQ(table.ide[0]->file, "") << "an empty tray";
}

TEST(DriveOptions, ReadOnlyDisksRefuseTheGuest) {
  DriveOptions options;
  options.drives = {"file=a.img,readonly=on"};
  EXPECT_TRUE(table_of(options).ide[0]->write_protected);
}

TEST(DriveOptions, PlacesAreTakenOnce) {
  DriveOptions options;
  options.cdrom = "cd.iso";
  options.disks[2] = "c.img";
  EXPECT_THAT(refusal_of(options), HasSubstr("secondary master"));
  options = {};
  options.disk_list = {"1", "2", "3", "4", "5"};
  EXPECT_THAT(refusal_of(options), HasSubstr("place for four drives"));
}

TEST(DriveOptions, MalformedDrivesAreExplained) {
  EXPECT_THAT(refusal_of_drive("file=a.img,if=scsi"), HasSubstr("if=scsi"));
  EXPECT_THAT(refusal_of_drive("file=a.img,media=tape"), HasSubstr("media=tape"));
  EXPECT_THAT(refusal_of_drive("file=a.img,index=4"), HasSubstr("index=4"));
  EXPECT_THAT(refusal_of_drive("file=a.img,index=-1"), HasSubstr("index=-1"));
  EXPECT_THAT(refusal_of_drive("file=a.img,index=99999999999999999999"), HasSubstr("index="));
  EXPECT_THAT(refusal_of_drive("file=a.img,index=0,bus=1"), HasSubstr("not both"));
  EXPECT_THAT(refusal_of_drive("file=a.img,format=qcow2"), HasSubstr("raw"));
  EXPECT_THAT(refusal_of_drive("file=a.img,,index=0,"), HasSubstr("empty setting"));
  EXPECT_THAT(refusal_of_drive(""), HasSubstr("empty setting"));
  EXPECT_THAT(refusal_of_drive("a.img"), HasSubstr("'a.img' is no setting"));
  EXPECT_THAT(refusal_of_drive("file=a.img,colour=red"), HasSubstr("'colour'"));
  EXPECT_THAT(refusal_of_drive("if=ide"), HasSubstr("names no file"));
  EXPECT_THAT(refusal_of_drive("file=a.iso,media=cdrom,write=on"), HasSubstr("CD-ROM"));
  EXPECT_THAT(refusal_of_drive("file=a.img,readonly=on,write=on"), HasSubstr("contradict"));
  EXPECT_THAT(refusal_of_drive("file=a.img,snapshot=on,write=on"), HasSubstr("contradict"));
  EXPECT_THAT(refusal_of_drive("file=a.img,write=yes"), HasSubstr("neither on nor off"));
}

}  // namespace
}  // namespace ice86::app
