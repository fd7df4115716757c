// SPDX-License-Identifier: LGPL-2.1-or-later
#include "harness/efi/efi_names.h"

#include <fmt/core.h>

#include <algorithm>

namespace ice86::harness {

namespace {

constexpr EfiFunction kBootServices[] = {
    {0x018, "RaiseTPL", "d", 'd', true},
    {0x020, "RestoreTPL", "d", 'v', true},
    {0x028, "AllocatePages", "ddd*"},
    {0x030, "FreePages", "xd"},
    {0x038, "GetMemoryMap", "x-ppp"},
    {0x040, "AllocatePool", "ddp", 'e', true},
    {0x048, "FreePool", "x", 'e', true},
    {0x050, "CreateEvent", "xdxxp"},
    {0x058, "SetTimer", "xdd"},
    {0x060, "WaitForEvent", "dx*"},
    {0x068, "SignalEvent", "x", 'e', true},
    {0x070, "CloseEvent", "x"},
    {0x078, "CheckEvent", "x", 'e', true},
    {0x080, "InstallProtocolInterface", "pgdi"},
    {0x088, "ReinstallProtocolInterface", "xgxi"},
    {0x090, "UninstallProtocolInterface", "xgx"},
    {0x098, "HandleProtocol", "xgo"},
    {0x0a8, "RegisterProtocolNotify", "gxp"},
    {0x0b0, "LocateHandle", "dgx*x"},
    {0x0b8, "LocateDevicePath", "gxp"},
    {0x0c0, "InstallConfigurationTable", "gx"},
    {0x0c8, "LoadImage", "dxxxdp"},
    {0x0d0, "StartImage", "xxx"},
    {0x0d8, "Exit", "xddx"},
    {0x0e0, "UnloadImage", "x"},
    {0x0e8, "ExitBootServices", "xx"},
    {0x0f0, "GetNextMonotonicCount", "p"},
    {0x0f8, "Stall", "d"},
    {0x100, "SetWatchdogTimer", "dddx"},
    {0x108, "ConnectController", "xxxd"},
    {0x110, "DisconnectController", "xxx"},
    {0x118, "OpenProtocol", "xgoxxd"},
    {0x120, "CloseProtocol", "xgxx"},
    {0x128, "OpenProtocolInformation", "xgp*"},
    {0x130, "ProtocolsPerHandle", "xp*"},
    {0x138, "LocateHandleBuffer", "dgx*p"},
    {0x140, "LocateProtocol", "gxo"},
    {0x148, "InstallMultipleProtocolInterfaces", "pq"},
    {0x150, "UninstallMultipleProtocolInterfaces", "xq"},
    {0x158, "CalculateCrc32", "xd*", 'e', true},
    {0x160, "CopyMem", "xxd", 'v', true},
    {0x168, "SetMem", "xdd", 'v', true},
    {0x170, "CreateEventEx", "xdxxgp"},
};

constexpr EfiFunction kRuntimeServices[] = {
    {0x018, "GetTime", "xx"},
    {0x020, "SetTime", "x"},
    {0x028, "GetWakeupTime", "xxx"},
    {0x030, "SetWakeupTime", "dx"},
    {0x038, "SetVirtualAddressMap", "dddx"},
    {0x040, "ConvertPointer", "dp"},
    {0x048, "GetVariable", "sgx*x"},
    {0x050, "GetNextVariableName", "*sg"},
    {0x058, "SetVariable", "sgxdx"},
    {0x060, "GetNextHighMonotonicCount", "*"},
    {0x068, "ResetSystem", "dxdx", 'v'},
    {0x070, "UpdateCapsule", "xdx"},
    {0x078, "QueryCapsuleCapabilities", "xdpp"},
    {0x080, "QueryVariableInfo", "dppp"},
};

constexpr EfiFunction kServiceBinding[] = {{0x00, "CreateChild", "-p"},
                                           {0x08, "DestroyChild", "-x"}};
constexpr EfiFunction kTcp4[] = {
    {0x00, "GetModeData", "-pxxxx", 'e', true},
    {0x08, "Configure", "-c"},
    {0x10, "Routes", "-dxxx"},
    {0x18, "Connect", "-x"},
    {0x20, "Accept", "-x"},
    {0x28, "Transmit", "-t"},
    {0x30, "Receive", "-r"},
    {0x38, "Close", "-x"},
    {0x40, "Cancel", "-x"},
    {0x48, "Poll", "-", 'e', true},
};
constexpr EfiFunction kIp4[] = {
    {0x00, "GetModeData", "-xxx", 'e', true},
    {0x08, "Configure", "-x"},
    {0x10, "Groups", "-dx"},
    {0x18, "Routes", "-dxxx"},
    {0x20, "Transmit", "-x"},
    {0x28, "Receive", "-x"},
    {0x30, "Cancel", "-x"},
    {0x38, "Poll", "-", 'e', true},
};
constexpr EfiFunction kUdp4[] = {
    {0x00, "GetModeData", "-xxxx", 'e', true},
    {0x08, "Configure", "-x"},
    {0x10, "Groups", "-dx"},
    {0x18, "Routes", "-dxxx"},
    {0x20, "Transmit", "-x"},
    {0x28, "Receive", "-x"},
    {0x30, "Cancel", "-x"},
    {0x38, "Poll", "-", 'e', true},
};
constexpr EfiFunction kIp4Config2[] = {
    {0x00, "SetData", "-ddx"},
    {0x08, "GetData", "-d*x"},
    {0x10, "RegisterDataNotify", "-dx"},
    {0x18, "UnregisterDataNotify", "-dx"},
};
constexpr EfiFunction kDhcp4[] = {
    {0x00, "GetModeData", "-x"},  {0x08, "Configure", "-x"},       {0x10, "Start", "-x"},
    {0x18, "RenewRebind", "-dx"}, {0x20, "Release", "-"},          {0x28, "Stop", "-"},
    {0x30, "Build", "-xxdxdxp"},  {0x38, "TransmitReceive", "-x"}, {0x40, "Parse", "-x*x"},
};
constexpr EfiFunction kTextOutput[] = {
    {0x00, "Reset", "-d"},        {0x08, "OutputString", "-s"},
    {0x10, "TestString", "-s"},   {0x18, "QueryMode", "-dpp"},
    {0x20, "SetMode", "-d"},      {0x28, "SetAttribute", "-x"},
    {0x30, "ClearScreen", "-"},   {0x38, "SetCursorPosition", "-dd"},
    {0x40, "EnableCursor", "-d"},
};
constexpr EfiFunction kTextInput[] = {{0x00, "Reset", "-d"},
                                      {0x08, "ReadKeyStroke", "-x", 'e', true}};
constexpr EfiFunction kSimpleFileSystem[] = {{0x08, "OpenVolume", "-p"}};
constexpr EfiFunction kBlockIo[] = {{0x18, "Reset", "-d"},
                                    {0x20, "ReadBlocks", "-ddd-"},
                                    {0x28, "WriteBlocks", "-ddd-"},
                                    {0x30, "FlushBlocks", "-"}};

// The first three parts of a GUID are little-endian in memory (appendix A).
constexpr EfiGuid guid(std::uint32_t a, std::uint16_t b, std::uint16_t c,
                       std::array<std::uint8_t, 8> d) {
  EfiGuid bytes{};
  for (unsigned i = 0; i < 4; ++i) bytes[i] = static_cast<std::uint8_t>(a >> (i * 8));
  for (unsigned i = 0; i < 2; ++i) bytes[4 + i] = static_cast<std::uint8_t>(b >> (i * 8));
  for (unsigned i = 0; i < 2; ++i) bytes[6 + i] = static_cast<std::uint8_t>(c >> (i * 8));
  for (unsigned i = 0; i < 8; ++i) bytes[8 + i] = d[i];
  return bytes;
}

constexpr EfiProtocol kProtocols[] = {
    {"TCP4", guid(0x65530bc7, 0xa359, 0x410f, {0xb0, 0x10, 0x5a, 0xad, 0xc7, 0xec, 0x2b, 0x62}),
     kTcp4},
    {"TCP4 service binding",
     guid(0x00720665, 0x67eb, 0x4a99, {0xba, 0xf7, 0xd3, 0xc3, 0x3a, 0x1c, 0x7c, 0xc9}),
     kServiceBinding},
    {"IP4", guid(0x41d94cd2, 0x35b6, 0x455a, {0x82, 0x58, 0xd4, 0xe5, 0x13, 0x34, 0xaa, 0xdd}),
     kIp4},
    {"IP4 service binding",
     guid(0xc51711e7, 0xb4bf, 0x404a, {0xbf, 0xb8, 0x0a, 0x04, 0x8e, 0xf1, 0xff, 0xe4}),
     kServiceBinding},
    {"UDP4", guid(0x3ad9df29, 0x4501, 0x478d, {0xb1, 0xf8, 0x7f, 0x7f, 0xe7, 0x0e, 0x50, 0xf3}),
     kUdp4},
    {"UDP4 service binding",
     guid(0x83f01464, 0x99bd, 0x45e5, {0xb3, 0x83, 0xaf, 0x63, 0x05, 0xd8, 0xe9, 0xe6}),
     kServiceBinding},
    {"IP4 config",
     guid(0x5b446ed1, 0xe30b, 0x4faa, {0x87, 0x1a, 0x36, 0x54, 0xec, 0xa3, 0x60, 0x80}),
     kIp4Config2},
    {"DHCP4", guid(0x8a219718, 0x4ef5, 0x4761, {0x91, 0xc8, 0xc0, 0xf0, 0x4b, 0xda, 0x9e, 0x56}),
     kDhcp4},
    {"DHCP4 service binding",
     guid(0x9d9a39d8, 0xbd42, 0x4a73, {0xa4, 0xd5, 0x8e, 0xe9, 0x4b, 0xe1, 0x13, 0x80}),
     kServiceBinding},
    {"text output",
     guid(0x387477c2, 0x69c7, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}),
     kTextOutput},
    {"text input",
     guid(0x387477c1, 0x69c7, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}),
     kTextInput},
    {"file system",
     guid(0x964e5b22, 0x6459, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}),
     kSimpleFileSystem},
    {"block I/O",
     guid(0x964e5b21, 0x6459, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b}), kBlockIo},
};

// Others that are asked for often: names only.
struct NamedGuid {
  std::string_view name;
  EfiGuid guid;
};
constexpr NamedGuid kNamed[] = {
    {"loaded image",
     guid(0x5b1b31a1, 0x9562, 0x11d2, {0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b})},
    {"device path",
     guid(0x09576e91, 0x6d3f, 0x11d2, {0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b})},
    {"driver binding",
     guid(0x18a031ab, 0xb443, 0x4d1a, {0xa5, 0xc0, 0x0c, 0x09, 0x26, 0x1e, 0x9f, 0x71})},
    {"PCI I/O", guid(0x4cf5b200, 0x68b8, 0x4ca5, {0x9e, 0xec, 0xb2, 0x3e, 0x3f, 0x50, 0x02, 0x9a})},
    {"disk I/O",
     guid(0xce345171, 0xba0b, 0x11d2, {0x8e, 0x4f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b})},
    {"simple network",
     guid(0xa19832b9, 0xac25, 0x11d3, {0x9a, 0x2d, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d})},
    {"managed network",
     guid(0x7ab33a91, 0xace5, 0x4326, {0xb5, 0x72, 0xe7, 0xee, 0x33, 0xd3, 0x9f, 0x16})},
    {"graphics output",
     guid(0x9042a9de, 0x23dc, 0x4a38, {0x96, 0xfb, 0x7a, 0xde, 0xd0, 0x80, 0x51, 0x6a})},
    {"global variable",
     guid(0x8be4df61, 0x93ca, 0x11d2, {0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c})},
};

// Appendix D: with bit 63; warnings are without it.
constexpr std::string_view kErrors[] = {
    "",
    "LOAD_ERROR",
    "INVALID_PARAMETER",
    "UNSUPPORTED",
    "BAD_BUFFER_SIZE",
    "BUFFER_TOO_SMALL",
    "NOT_READY",
    "DEVICE_ERROR",
    "WRITE_PROTECTED",
    "OUT_OF_RESOURCES",
    "VOLUME_CORRUPTED",
    "VOLUME_FULL",
    "NO_MEDIA",
    "MEDIA_CHANGED",
    "NOT_FOUND",
    "ACCESS_DENIED",
    "NO_RESPONSE",
    "NO_MAPPING",
    "TIMEOUT",
    "NOT_STARTED",
    "ALREADY_STARTED",
    "ABORTED",
    "ICMP_ERROR",
    "TFTP_ERROR",
    "PROTOCOL_ERROR",
    "INCOMPATIBLE_VERSION",
    "SECURITY_VIOLATION",
    "CRC_ERROR",
    "END_OF_MEDIA",
};
struct NamedStatus {
  std::uint64_t number;
  std::string_view name;
};
constexpr NamedStatus kLaterErrors[] = {{31, "END_OF_FILE"},           {32, "INVALID_LANGUAGE"},
                                        {33, "COMPROMISED_DATA"},      {35, "HTTP_ERROR"},
                                        {100, "NETWORK_UNREACHABLE"},  {101, "HOST_UNREACHABLE"},
                                        {102, "PROTOCOL_UNREACHABLE"}, {103, "PORT_UNREACHABLE"},
                                        {104, "CONNECTION_FIN"},       {105, "CONNECTION_RESET"},
                                        {106, "CONNECTION_REFUSED"}};

}  // namespace

std::span<const EfiFunction> efi_boot_services() {
  return kBootServices;
}
std::span<const EfiFunction> efi_runtime_services() {
  return kRuntimeServices;
}
std::span<const EfiProtocol> efi_protocols() {
  return kProtocols;
}

const EfiProtocol* find_efi_protocol(const EfiGuid& wanted) {
  const auto found = std::find_if(std::begin(kProtocols), std::end(kProtocols),
                                  [&](const EfiProtocol& one) { return one.guid == wanted; });
  return found == std::end(kProtocols) ? nullptr : found;
}

std::string efi_guid_text(const EfiGuid& g) {
  if (const EfiProtocol* protocol = find_efi_protocol(g)) return std::string(protocol->name);
  for (const NamedGuid& named : kNamed) {
    if (named.guid == g) return std::string(named.name);
  }
  return fmt::format(
      "{:02x}{:02x}{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}{:02x}{:02x}"
      "{:02x}{:02x}",
      g[3], g[2], g[1], g[0], g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11], g[12], g[13], g[14],
      g[15]);
}

std::string efi_status_text(std::uint64_t status) {
  if (status == 0) return "";
  const std::uint64_t number = status & ~(std::uint64_t{1} << 63);
  if (status == number) return fmt::format("warning {}", number);
  if (number < std::size(kErrors)) return fmt::format("EFI_{}", kErrors[number]);
  for (const NamedStatus& named : kLaterErrors) {
    if (named.number == number) return fmt::format("EFI_{}", named.name);
  }
  return fmt::format("EFI error {:x}", number);
}

}  // namespace ice86::harness
