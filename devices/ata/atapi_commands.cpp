// SPDX-License-Identifier: LGPL-2.1-or-later
// The SCSI commands of a CD-ROM drive.
// Reference: MMC-3 (T10/1363-D revision 10g), section 6; SPC-2 (T10/1236-D), section 7; SFF-8020i
// for MODE SENSE page 2Ah.
#include <algorithm>
#include <utility>

#include "devices/ata/atapi_cdrom.h"

namespace ice86::devices {

namespace {

constexpr std::uint8_t kNotReady = 0x02, kIllegalRequest = 0x05, kUnitAttention = 0x06;
constexpr std::uint8_t kInvalidOperation = 0x20, kInvalidField = 0x24, kNoMedium = 0x3A;

// What a command needs from the drive.
constexpr unsigned kNeedsMedium = 1;
constexpr unsigned kIgnoresAttention = 2;

void put_be(std::vector<std::uint8_t>& bytes, std::size_t at, std::uint32_t value, unsigned count) {
  for (unsigned i = 0; i < count; ++i) {
    bytes.at(at + i) = static_cast<std::uint8_t>(value >> ((count - 1 - i) * 8));
  }
}

void append_be(std::vector<std::uint8_t>& bytes, std::uint32_t value, unsigned count) {
  bytes.resize(bytes.size() + count);
  put_be(bytes, bytes.size() - count, value, count);
}

// An address as minute, second, frame or as a block number.
void append_address(std::vector<std::uint8_t>& bytes, std::uint32_t lba, bool msf) {
  if (!msf) return append_be(bytes, lba, 4);
  const std::uint32_t frame = lba + 150;
  bytes.insert(bytes.end(),
               {0, static_cast<std::uint8_t>(frame / 75 / 60),
                static_cast<std::uint8_t>(frame / 75 % 60), static_cast<std::uint8_t>(frame % 75)});
}

void put_text(std::vector<std::uint8_t>& bytes, std::size_t at, std::size_t size,
              std::string_view text) {
  for (std::size_t i = 0; i < size; ++i) {
    bytes.at(at + i) = static_cast<std::uint8_t>(i < text.size() ? text[i] : ' ');
  }
}

}  // namespace

struct AtapiCdrom::Packet {
  std::uint8_t operation;
  std::string_view name;
  void (AtapiCdrom::*run)();
  unsigned needs;
};

const AtapiCdrom::Packet* AtapiCdrom::find(std::uint8_t operation) {
  using C = AtapiCdrom;
  static constexpr Packet kPackets[] = {
      {0x00, "PACKET TEST UNIT READY", &C::good, kNeedsMedium},
      {0x03, "PACKET REQUEST SENSE", &C::request_sense, kIgnoresAttention},
      {0x12, "PACKET INQUIRY", &C::inquiry, kIgnoresAttention},
      {0x1B, "PACKET START STOP UNIT", &C::start_stop, 0},
      {0x1E, "PACKET PREVENT ALLOW MEDIUM REMOVAL", &C::prevent_removal, 0},
      {0x25, "PACKET READ CAPACITY", &C::read_capacity, kNeedsMedium},
      {0x28, "PACKET READ (10)", &C::read_10, kNeedsMedium},
      {0x2B, "PACKET SEEK (10)", &C::seek_10, kNeedsMedium},
      {0x42, "PACKET READ SUB-CHANNEL", &C::read_subchannel, kNeedsMedium},
      {0x43, "PACKET READ TOC/PMA/ATIP", &C::read_toc, kNeedsMedium},
      {0x46, "PACKET GET CONFIGURATION", &C::get_configuration, kIgnoresAttention},
      {0x4A, "PACKET GET EVENT STATUS NOTIFICATION", &C::event_status, kIgnoresAttention},
      {0x51, "PACKET READ DISC INFORMATION", &C::disc_information, kNeedsMedium},
      {0x5A, "PACKET MODE SENSE (10)", &C::mode_sense_10, 0},
      {0xA8, "PACKET READ (12)", &C::read_12, kNeedsMedium},
      {0xB9, "PACKET READ CD MSF", &C::read_cd_msf, kNeedsMedium},
      {0xBB, "PACKET SET CD SPEED", &C::good, 0},
      {0xBD, "PACKET MECHANISM STATUS", &C::mechanism_status, 0},
      {0xBE, "PACKET READ CD", &C::read_cd, kNeedsMedium},
  };
  for (const Packet& packet : kPackets) {
    if (packet.operation == operation) return &packet;
  }
  return nullptr;
}

std::string_view AtapiCdrom::command_name() const {
  switch (state_.command) {
    case 0x08: return "DEVICE RESET";
    case 0x90: return "EXECUTE DEVICE DIAGNOSTIC";
    case 0xA0: {
      const Packet* packet = find(cd_.packet[0]);
      return packet != nullptr ? packet->name : "PACKET unknown";
    }
    case 0xA1: return "IDENTIFY PACKET DEVICE";
    case 0xEC: return "IDENTIFY DEVICE";
    case 0xEF: return "SET FEATURES";
    default: return "unknown";
  }
}

void AtapiCdrom::run_packet() {
  const Packet* packet = find(cd_.packet[0]);
  if (packet == nullptr) return check_condition(kIllegalRequest, kInvalidOperation);
  if (cd_.attention && (packet->needs & kIgnoresAttention) == 0) {
    cd_.attention = false;
    return check_condition(kUnitAttention, 0x28);  // the medium may have changed
  }
  if ((packet->needs & kNeedsMedium) != 0 && !has_medium()) {
    return check_condition(kNotReady, kNoMedium, cd_.tray_open ? 0x02 : 0x01);
  }
  (this->*packet->run)();
}

std::uint32_t AtapiCdrom::parameter(unsigned at, unsigned bytes) const {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < bytes; ++i) value = value << 8 | cd_.packet.at(at + i);
  return value;
}

void AtapiCdrom::request_sense() {
  std::vector<std::uint8_t> sense(18);
  sense[0] = 0x70;
  sense[2] = cd_.sense_key;
  sense[7] = 10;
  sense[12] = cd_.asc;
  sense[13] = cd_.ascq;
  if (cd_.attention && cd_.sense_key == 0) {
    sense[2] = kUnitAttention;
    sense[12] = 0x28;
    cd_.attention = false;
  }
  cd_.sense_key = cd_.asc = cd_.ascq = 0;
  reply(std::move(sense), parameter(4, 1));
}

void AtapiCdrom::inquiry() {
  if ((cd_.packet[1] & 0x01) != 0) return check_condition(kIllegalRequest, kInvalidField);
  std::vector<std::uint8_t> data(36);
  data[0] = 0x05;  // CD-ROM device
  data[1] = 0x80;  // removable
  data[3] = 0x21;  // ATAPI, response data format 1
  data[4] = 31;
  const std::string_view model = config_.model;
  const std::size_t space = std::min(model.find(' '), model.size());
  put_text(data, 8, 8, model.substr(0, space));
  put_text(data, 16, 16, space < model.size() ? model.substr(space + 1) : model);
  put_text(data, 32, 4, "1.0");
  reply(std::move(data), parameter(3, 2));
}

void AtapiCdrom::read_10() {
  start_read(parameter(2, 4), parameter(7, 2), 0x10);
}
void AtapiCdrom::read_12() {
  start_read(parameter(2, 4), parameter(6, 4), 0x10);
}

void AtapiCdrom::read_cd() {
  const std::uint8_t layout = cd_.packet[9] & 0xF8;
  if (layout == 0) return good();  // nothing is asked for
  if (layout != 0x10 && layout != 0xF8) return check_condition(kIllegalRequest, kInvalidField);
  start_read(parameter(2, 4), parameter(6, 3), layout);
}

void AtapiCdrom::read_cd_msf() {
  const auto frame = [this](unsigned at) {
    return (std::uint32_t{cd_.packet.at(at)} * 60 + cd_.packet.at(at + 1)) * 75 +
           cd_.packet.at(at + 2);
  };
  const std::uint32_t first = frame(3), end = frame(6);
  const std::uint8_t layout = cd_.packet[9] & 0xF8;
  if (first < 150 || end < first) return check_condition(kIllegalRequest, kInvalidField);
  if (layout == 0) return good();
  if (layout != 0x10 && layout != 0xF8) return check_condition(kIllegalRequest, kInvalidField);
  start_read(first - 150, end - first, layout);
}

void AtapiCdrom::seek_10() {
  if (parameter(2, 4) >= sectors()) return check_condition(kIllegalRequest, 0x21);
  good();
}

void AtapiCdrom::read_capacity() {
  if (sectors() == 0) return check_condition(kNotReady, kNoMedium);
  std::vector<std::uint8_t> data;
  append_be(data, sectors() - 1, 4);
  append_be(data, 2048, 4);
  reply(std::move(data), 8);
}

void AtapiCdrom::read_toc() {
  const bool msf = (cd_.packet[1] & 0x02) != 0;
  std::uint8_t format = cd_.packet[2] & 0x0F;
  if (format == 0) format = cd_.packet[9] >> 6;  // where SFF-8020i had it
  const std::uint8_t start = cd_.packet[6];
  std::vector<std::uint8_t> data = {0, 0, 1, 1};
  switch (format) {
    case 0:
      if (start > 1 && start != 0xAA) return check_condition(kIllegalRequest, kInvalidField);
      if (start <= 1) {
        data.insert(data.end(), {0, 0x14, 1, 0});  // data track, copy permitted
        append_address(data, 0, msf);
      }
      data.insert(data.end(), {0, 0x16, 0xAA, 0});
      append_address(data, sectors(), msf);
      break;
    case 1:  // the one session's first track
      data.insert(data.end(), {0, 0x14, 1, 0});
      append_address(data, 0, msf);
      break;
    case 2:  // full TOC: points A0, A1, A2 and the track
      for (const std::uint8_t point : {0xA0, 0xA1, 0xA2, 0x01}) {
        data.insert(data.end(), {1, 0x14, 0, point, 0, 0, 0});
        if (point == 0xA2) {
          append_address(data, sectors(), true);
        } else if (point == 0x01) {
          append_address(data, 0, true);
        } else {
          data.insert(data.end(), {0, 1, 0, 0});
        }
      }
      break;
    default: return check_condition(kIllegalRequest, kInvalidField);
  }
  put_be(data, 0, static_cast<std::uint32_t>(data.size() - 2), 2);
  reply(std::move(data), parameter(7, 2));
}

void AtapiCdrom::read_subchannel() {
  std::vector<std::uint8_t> data = {0, 0x15, 0, 0};  // no audio in progress
  reply(std::move(data), parameter(7, 2));
}

void AtapiCdrom::mode_sense_10() {
  const std::uint8_t page = cd_.packet[2] & 0x3F;
  const std::uint8_t control = cd_.packet[2] >> 6;
  if (control == 3) return check_condition(kIllegalRequest, 0x39);  // saving is not supported
  std::vector<std::uint8_t> data(8);
  data[2] = cd_.tray_open ? 0x71 : !has_medium() ? 0x70 : 0x01;  // medium type: 120 mm data
  bool found = false;
  if (page == 0x01 || page == 0x3F) {
    data.insert(data.end(), {0x01, 6, 0, 5, 0, 0, 0, 0});  // read error recovery, five retries
    found = true;
  }
  if (page == 0x2A || page == 0x3F) {
    std::vector<std::uint8_t> capabilities(20);
    capabilities[0] = 0x2A;
    capabilities[1] = 18;
    capabilities[4] = 0x70;  // mode 2 form 1 and 2, multisession
    capabilities[5] = 0x03;  // CD-DA commands
    capabilities[6] =
        static_cast<std::uint8_t>(0x29 | (cd_.locked ? 0x02 : 0));  // tray, eject, lock
    put_be(capabilities, 8, 706, 2);                                // 4x, in kB/s
    put_be(capabilities, 12, 512, 2);
    put_be(capabilities, 14, 706, 2);
    data.insert(data.end(), capabilities.begin(), capabilities.end());
    found = true;
  }
  if (!found) return check_condition(kIllegalRequest, kInvalidField);
  put_be(data, 0, static_cast<std::uint32_t>(data.size() - 2), 2);
  reply(std::move(data), parameter(7, 2));
}

void AtapiCdrom::get_configuration() {
  const std::uint8_t requested = cd_.packet[1] & 0x03;
  const std::uint32_t first = parameter(2, 2);
  std::vector<std::uint8_t> data(8);
  put_be(data, 6, has_medium() ? 0x0008 : 0, 2);  // current profile: CD-ROM
  struct Feature {
    std::uint32_t code;
    bool current;
    std::vector<std::uint8_t> bytes;
  };
  const std::uint8_t current = has_medium() ? 1 : 0;
  const Feature features[] = {
      {0x0000, true, {0x00, 0x00, 0x03, 4, 0x00, 0x08, current, 0}},  // profile list
      {0x0001, true, {0x00, 0x01, 0x03, 4, 0, 0, 0, 2}},              // core: ATAPI
      {0x0003, true, {0x00, 0x03, 0x03, 4, 0x29, 0, 0, 0}},  // removable, tray, eject, lock
      {0x0010, current != 0, {0x00, 0x10, current, 8, 0, 0, 8, 0, 0, 1, 0, 0}},  // random readable
      {0x001E, current != 0, {0x00, 0x1E, current, 0}},                          // CD read
  };
  for (const Feature& feature : features) {
    const bool wanted = requested == 2   ? feature.code == first
                        : requested == 1 ? feature.code >= first && feature.current
                                         : feature.code >= first;
    if (wanted) data.insert(data.end(), feature.bytes.begin(), feature.bytes.end());
  }
  if (requested == 3) return check_condition(kIllegalRequest, kInvalidField);
  put_be(data, 0, static_cast<std::uint32_t>(data.size() - 4), 4);
  reply(std::move(data), parameter(7, 2));
}

void AtapiCdrom::event_status() {
  if ((cd_.packet[1] & 0x01) == 0)
    return check_condition(kIllegalRequest, kInvalidField);  // polled only
  std::vector<std::uint8_t> data = {0, 2, 0x80, 0x10};       // no event of a class we have
  if ((cd_.packet[4] & 0x10) != 0) {
    data = {0, 6, 0x04, 0x10, 0, 0, 0, 0};
    if (cd_.event) data[4] = has_medium() ? 0x02 : 0x03;  // new medium, medium removed
    data[5] = static_cast<std::uint8_t>((has_medium() ? 0x02 : 0) | (cd_.tray_open ? 0x01 : 0));
    cd_.event = false;
  }
  reply(std::move(data), parameter(7, 2));
}

void AtapiCdrom::start_stop() {
  const bool start = (cd_.packet[4] & 0x01) != 0;
  const bool load_eject = (cd_.packet[4] & 0x02) != 0;
  if (load_eject && !start && cd_.locked) return check_condition(kIllegalRequest, 0x53, 0x02);
  if (load_eject && cd_.tray_open != !start) {
    cd_.tray_open = !start;
    cd_.event = true;
    cd_.attention = start && medium_ != nullptr;
  }
  good();
}

void AtapiCdrom::prevent_removal() {
  cd_.locked = (cd_.packet[4] & 0x01) != 0;
  good();
}

void AtapiCdrom::disc_information() {
  if ((cd_.packet[1] & 0x07) != 0) return check_condition(kIllegalRequest, kInvalidField);
  std::vector<std::uint8_t> data(34);
  put_be(data, 0, 32, 2);
  data[2] = 0x0E;  // complete disc, complete last session
  data[3] = data[4] = data[5] = data[6] = 1;
  data[7] = 0x20;  // unrestricted use
  reply(std::move(data), parameter(7, 2));
}

void AtapiCdrom::mechanism_status() {
  std::vector<std::uint8_t> data(8);
  data[1] = cd_.tray_open ? 0x10 : 0;
  reply(std::move(data), parameter(8, 2));
}

}  // namespace ice86::devices
