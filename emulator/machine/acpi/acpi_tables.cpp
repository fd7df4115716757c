// SPDX-License-Identifier: LGPL-2.1-or-later
#include "emulator/machine/acpi/acpi_tables.h"

#include <string_view>

#include "emulator/base/assert.h"
#include "emulator/base/bits.h"
#include "emulator/machine/acpi/bytes.h"

namespace ice86::machine {

namespace {

// QEMU hands its tables over in this unit, so that a machine with one more keeps its memory map. So
// do we: SeaBIOS reserves as much for them here as there.
constexpr std::size_t kWhole = 128 << 10;
constexpr std::string_view kTables = "etc/acpi/tables", kRsdp = "etc/acpi/rsdp";
constexpr std::size_t kHeader = 36;  // of a system description table
constexpr std::size_t kLengthAt = 4, kChecksumAt = 9;
constexpr std::uint32_t kLocalApic = 0xfee00000, kIoApic = 0xfec00000, kHpet = 0xfed00000;
constexpr std::uint8_t kSciIrq = 9, kSmiPort = 0xb2;

// What differs from chipset to chipset in the FADT: the commands that switch ACPI mode on and off
// (Piix4Pm::Config, Ich9Power::Config), and the general purpose events.
struct PowerModel {
  std::uint8_t enable, disable;
  std::uint16_t gpe0;  // from the base of the ports
  std::uint8_t gpe0_bytes;
};
PowerModel power_model(Board board) {
  if (board == Board::kQ35) return {0x02, 0x03, 0x20, 16};
  return {0xf1, 0xf0, 0x0c, 4};
}

// Generic address structure: ACPI 6.4, 5.2.3.2.
enum class Space : std::uint8_t { kMemory = 0, kIo = 1 };
void put_address(Bytes& to, Space space, std::uint64_t address, unsigned bits) {
  put(to, static_cast<std::uint8_t>(space), 1);
  put(to, bits, 1);
  put(to, 0, 1);  // bit offset
  put(to, 0, 1);  // access size: not said
  put(to, address, 8);
}

// The commands by which the firmware places the files and makes addresses of offsets. 128 bytes
// each, the rest zeros.
class Linker {
 public:
  enum class Zone : std::uint8_t { kHigh = 1, kFSegment = 2 };

  void allocate(std::string_view file, unsigned alignment, Zone zone) {
    begin(1);
    name(file);
    put(script_, alignment, 4);
    put(script_, static_cast<std::uint8_t>(zone), 1);
    end();
  }
  // The field of `file` holds an offset in kTables.
  void pointer(std::string_view file, std::size_t field, unsigned bytes) {
    begin(2);
    name(file);
    name(kTables);
    put(script_, field, 4);
    put(script_, bytes, 1);
    end();
  }
  void checksum(std::string_view file, std::size_t field, std::size_t start, std::size_t length) {
    begin(3);
    name(file);
    put(script_, field, 4);
    put(script_, start, 4);
    put(script_, length, 4);
    end();
  }
  Bytes take() { return std::move(script_); }

 private:
  static constexpr std::size_t kEntry = 128, kName = 56;

  void begin(std::uint32_t command) { put(script_, command, 4); }
  void end() { script_.resize(align_up(script_.size(), kEntry)); }
  void name(std::string_view file) {
    put(script_, file);
    script_.resize(script_.size() + kName - file.size());
  }

  Bytes script_;
};

class Builder {
 public:
  explicit Builder(const AcpiBoard& board) : board_(board) {
    linker_.allocate(kTables, 64, Linker::Zone::kHigh);
    linker_.allocate(kRsdp, 16, Linker::Zone::kFSegment);
  }

  AcpiFiles build() {
    const std::size_t facs = add_facs();
    const std::size_t dsdt = add_dsdt();
    std::vector<std::size_t> listed = {add_fadt(facs, dsdt), add_ssdt(), add_madt(), add_hpet()};
    if (board_.board == Board::kQ35) listed.push_back(add_mcfg());
    const std::size_t rsdt = add_list("RSDT", listed, 4);
    const std::size_t xsdt = add_list("XSDT", listed, 8);
    files_.rsdp = make_rsdp(rsdt, xsdt);
    tables_.resize(align_up(tables_.size(), kWhole));
    files_.tables = std::move(tables_);
    files_.loader = linker_.take();
    return std::move(files_);
  }

 private:
  std::size_t begin(std::string_view signature, unsigned revision) {
    tables_.resize(align_up(tables_.size(), 8));
    const std::size_t at = tables_.size();
    put(tables_, signature);
    put(tables_, 0, 4);  // length
    put(tables_, revision, 1);
    put(tables_, 0, 1);  // checksum
    put(tables_, "ICE86 ICE86PC ");
    put(tables_, 1, 4);
    put(tables_, "IC86");
    put(tables_, 1, 4);
    ICE86_ASSERT(tables_.size() == at + kHeader);
    return at;
  }
  void end(std::size_t at) {
    store_le(tables_.data() + at + kLengthAt, static_cast<std::uint32_t>(tables_.size() - at));
    linker_.checksum(kTables, at + kChecksumAt, at, tables_.size() - at);
  }
  void put_pointer(std::size_t to, unsigned bytes) {
    linker_.pointer(kTables, tables_.size(), bytes);
    put(tables_, to, bytes);
  }

  // 5.2.10: no checksum.
  std::size_t add_facs() {
    constexpr std::size_t kFacs = 64;
    const std::size_t at = tables_.size();
    put(tables_, "FACS");
    put(tables_, kFacs, 4);
    tables_.resize(at + kFacs);
    tables_[at + 32] = 1;  // version
    return at;
  }

  std::size_t add_dsdt() {
    const std::span<const std::uint8_t> code =
        board_.board == Board::kQ35 ? q35_dsdt_code() : pc_dsdt_code();
    // Without the compiler's header: its version is no part of the machine.
    const std::size_t at = begin("DSDT", code[8]);
    tables_.insert(tables_.end(), code.begin() + kHeader, code.end());
    end(at);
    return at;
  }

  // Name (\PMBA, ...) and Name (\PCIB, ...). 20.2: NameOp, root prefix, name, DWordPrefix, value.
  std::size_t add_ssdt() {
    const std::size_t at = begin("SSDT", 1);
    const auto name = [this](std::string_view text, std::uint32_t value) {
      put(tables_, 0x08, 1);
      put(tables_, text);
      put(tables_, 0x0c, 1);
      put(tables_, value, 4);
    };
    name("\\PMBA", board_.pm_base);
    name("\\PCIB", board_.pci_hole);
    end(at);
    return at;
  }

  // 5.2.9, in the form of ACPI 2.0.
  std::size_t add_fadt(std::size_t facs, std::size_t dsdt) {
    // WBINVD works, C1 is there, no sleep button, the RTC can wake, the machine can be reset.
    constexpr std::uint32_t kFlags = 1u << 0 | 1u << 2 | 1u << 5 | 1u << 7 | 1u << 10;
    constexpr std::uint16_t kBootFlags = 1 << 0 | 1 << 1;  // ISA devices, 8042
    constexpr std::uint16_t kNoCState = 0xfff;             // worse than any that is used
    constexpr std::uint16_t kResetPort = 0xcf9;
    constexpr std::uint8_t kResetValue = 0x06;  // RCR: hard reset
    const std::uint16_t pm = board_.pm_base;
    const PowerModel power = power_model(board_.board);
    const std::size_t at = begin("FACP", 3);
    put_pointer(facs, 4);
    put_pointer(dsdt, 4);
    put(tables_, 1, 1);  // dual PIC
    put(tables_, 0, 1);  // preferred profile: not said
    put(tables_, kSciIrq, 2);
    put(tables_, kSmiPort, 4);
    put(tables_, power.enable, 1);
    put(tables_, power.disable, 1);
    put(tables_, 0, 2);   // S4BIOS, P states
    put(tables_, pm, 4);  // PM1a event
    put(tables_, 0, 4);
    put(tables_, pm + 4U, 4);  // PM1a control
    put(tables_, 0, 4);
    put(tables_, 0, 4);                 // PM2
    put(tables_, pm + 8U, 4);           // timer
    put(tables_, pm + power.gpe0, 4U);  // GPE0
    put(tables_, 0, 4);
    put(tables_, 4, 1);  // sizes: PM1 event, PM1 control, PM2, timer, GPE0, GPE1
    put(tables_, 2, 1);
    put(tables_, 0, 1);
    put(tables_, 4, 1);
    put(tables_, power.gpe0_bytes, 1);
    put(tables_, 0, 1);
    put(tables_, 0, 1);  // GPE1 base
    put(tables_, 0, 1);  // C states
    put(tables_, kNoCState, 2);
    put(tables_, kNoCState, 2);
    put(tables_, 0, 2);  // cache flush by reading: not needed
    put(tables_, 0, 2);
    put(tables_, 0, 2);     // duty cycle
    put(tables_, 0, 2);     // RTC's day and month alarms: none
    put(tables_, 0x32, 1);  // CMOS byte of the century
    put(tables_, kBootFlags, 2);
    put(tables_, 0, 1);
    put(tables_, kFlags, 4);
    put_address(tables_, Space::kIo, kResetPort, 8);
    put(tables_, kResetValue, 1);
    put(tables_, 0, 3);
    put(tables_, 0, 8);  // X_FIRMWARE_CTRL: the 32-bit field says it
    put_pointer(dsdt, 8);
    put_address(tables_, Space::kIo, pm, 32);
    put_address(tables_, Space::kMemory, 0, 0);
    put_address(tables_, Space::kIo, pm + 4U, 16);
    put_address(tables_, Space::kMemory, 0, 0);
    put_address(tables_, Space::kMemory, 0, 0);
    put_address(tables_, Space::kIo, pm + 8U, 32);
    put_address(tables_, Space::kIo, std::uint64_t{pm} + power.gpe0, power.gpe0_bytes * 8U);
    put_address(tables_, Space::kMemory, 0, 0);
    ICE86_ASSERT(tables_.size() == at + 244);
    end(at);
    return at;
  }

  // 5.2.12.
  std::size_t add_madt() {
    constexpr std::uint16_t kActiveHighLevel = 0x0d;
    const std::size_t at = begin("APIC", 1);
    put(tables_, kLocalApic, 4);
    put(tables_, 1, 4);       // there are 8259s too
    put(tables_, 0x0800, 2);  // local APIC: processor 0, ID 0, enabled
    put(tables_, 0, 2);
    put(tables_, 1, 4);
    put(tables_, 0x0c01, 2);  // I/O APIC: ID 0
    put(tables_, 0, 2);
    put(tables_, kIoApic, 4);
    put(tables_, 0, 4);  // its first input's number
    const auto override_source = [this](std::uint8_t irq, std::uint8_t input, std::uint16_t flags) {
      put(tables_, 0x0a02, 2);
      put(tables_, 0, 1);  // ISA
      put(tables_, irq, 1);
      put(tables_, input, 4);
      put(tables_, flags, 2);
    };
    override_source(0, 2, 0);  // the timer
    // What PIRQs and the SCI are routed to.
    for (const std::uint8_t irq : {std::uint8_t{5}, kSciIrq, std::uint8_t{10}, std::uint8_t{11}})
      override_source(irq, irq, kActiveHighLevel);
    put(tables_, 0x0604, 2);  // NMI: every processor's LINT1
    put(tables_, 0xff, 1);
    put(tables_, 0, 2);
    put(tables_, 1, 1);
    end(at);
    return at;
  }

  // IA-PC HPET 1.0a, 3.2.4.
  std::size_t add_hpet() {
    constexpr std::uint16_t kMinimumTick = 100;
    const std::size_t at = begin("HPET", 1);
    put(tables_, board_.hpet_block_id, 4);
    put_address(tables_, Space::kMemory, kHpet, 0);
    put(tables_, 0, 1);  // number
    put(tables_, kMinimumTick, 2);
    put(tables_, 0, 1);  // page protection: none
    end(at);
    return at;
  }

  // PCI Firmware Specification 3.0, 4.1.2. Nowhere yet: a table without an entry, and zeros behind.
  std::size_t add_mcfg() {
    const std::size_t at = begin("MCFG", 1);
    put(tables_, 0, 8);
    if (board_.config_buses != 0) {
      put(tables_, board_.config_base, 8);
      put(tables_, 0, 2);  // segment
      put(tables_, 0, 1);  // first bus
      put(tables_, board_.config_buses - 1, 1);
      put(tables_, 0, 4);
    }
    end(at);
    return at;
  }

  std::size_t add_list(std::string_view signature, std::span<const std::size_t> tables,
                       unsigned bytes) {
    const std::size_t at = begin(signature, 1);
    for (const std::size_t table : tables) put_pointer(table, bytes);
    end(at);
    return at;
  }

  // 5.2.5.3.
  Bytes make_rsdp(std::size_t rsdt, std::size_t xsdt) {
    constexpr std::size_t kOldSize = 20, kSize = 36;
    Bytes rsdp;
    put(rsdp, "RSD PTR ");
    put(rsdp, 0, 1);
    put(rsdp, "ICE86 ");
    put(rsdp, 2, 1);
    linker_.pointer(kRsdp, rsdp.size(), 4);
    put(rsdp, rsdt, 4);
    put(rsdp, kSize, 4);
    linker_.pointer(kRsdp, rsdp.size(), 8);
    put(rsdp, xsdt, 8);
    put(rsdp, 0, 4);
    ICE86_ASSERT(rsdp.size() == kSize);
    linker_.checksum(kRsdp, 8, 0, kOldSize);
    linker_.checksum(kRsdp, 32, 0, kSize);
    return rsdp;
  }

  const AcpiBoard& board_;
  Bytes tables_;
  Linker linker_;
  AcpiFiles files_;
};

}  // namespace

AcpiFiles acpi_files(const AcpiBoard& board) {
  return Builder(board).build();
}

}  // namespace ice86::machine
