// SPDX-License-Identifier: LGPL-2.1-or-later
// Names of what EFI calls by address and number: services by their place in a table, protocols by
// GUID, errors by status.
// Reference: UEFI Specification 2.9, sections 4.3 to 4.5, 7 to 12, 24, 28, 30 and appendix D.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace ice86::harness {

using EfiGuid = std::array<std::uint8_t, 16>;  // as in memory

// A function in a table of pointers. `parameters`: a letter for each:
//   d number   x number or address   g GUID   s text (UCS-2)   a text (ASCII)   i interface given
//   o where an interface is put   p where a pointer or handle is put   c TCP4 configuration
//   t TCP4 transmit token   r TCP4 receive token   q GUID and interface, again and again   * the
//   number at this address, on return   - not shown
struct EfiFunction {
  std::uint16_t offset;
  std::string_view name;
  std::string_view parameters;
  char result = 'e';  // e: a status; d: a number; v: nothing
  // Called so often that it is recorded only when everything is.
  bool often = false;
};

std::span<const EfiFunction> efi_boot_services();
std::span<const EfiFunction> efi_runtime_services();

// A protocol whose functions are recorded.
struct EfiProtocol {
  std::string_view name;
  EfiGuid guid;
  std::span<const EfiFunction> functions;
};
std::span<const EfiProtocol> efi_protocols();
const EfiProtocol* find_efi_protocol(const EfiGuid& guid);

// "TCP4", or the GUID as it is written.
std::string efi_guid_text(const EfiGuid& guid);
// "EFI_NOT_FOUND"; empty: success.
std::string efi_status_text(std::uint64_t status);

}  // namespace ice86::harness
