# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks of what the firmware has set up, as BITS made them; those that make sense on a virtual
machine, too.

  python3 -m bits_test [--json FILE or URL] [NAME...]

Each ends with `pass`, `fail` or `skip`. The status is 1 when one has failed.

Reference: Intel SDM vol. 3, section 12.11 (MTRRs); ACPI Specification 6.5, sections 4.8.3.3, 5.2, 6.1 (names,
status), 6.2.13 (_PRT), 6.4 (resources), 7.4.2 (_S5), 8.4 (processors); IA-PC HPET Specification 1.0a, section 2.3.4;
SMBIOS Specification 3.6, section 6.2; UEFI Specification 2.10, sections 4.2 and 7.2; PCI Local Bus Specification 3.0,
section 6.2.5.1."""
import binascii
import ctypes
import json
import struct
import sys
import time

import bits
import efi

CHECKS = {}
PAGE = 4096


class Skip(Exception):
    """Why a check cannot be made here."""


def check(function):
    CHECKS[function.__name__] = function
    return function


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def _overlaps(ranges):
    """Pairs of (first, behind the last, name) that share an address."""
    ranges = sorted(ranges)
    return [(one, other) for one, other in zip(ranges, ranges[1:]) if other[0] < one[1]]


# ---- ACPI

def _tables(signature):
    return [table for table in bits.acpi_tables() if table.signature == signature]


def _rsdp():
    try:
        return bits.acpi.rsdp()
    except LookupError:
        raise Skip("there is no ACPI") from None


@check
def acpi_rsdp():
    """The root pointer: signature, both checksums."""
    data = bits.memory(_rsdp(), 36)
    expect(data[:8] == b"RSD PTR ", "no signature")
    expect(sum(data[:20]) & 0xff == 0, "the checksum of ACPI 1.0 is wrong")
    if data[15] >= 2:
        expect(sum(data) & 0xff == 0, "the extended checksum is wrong")


@check
def acpi_checksums():
    """All tables that are listed have a right checksum."""
    bad = [table.signature for table in bits.acpi_tables() if not table.sound]
    expect(not bad, f"wrong in {', '.join(bad)}")


@check
def acpi_rsdt_and_xsdt():
    """Both root tables list the same."""
    pointer = _rsdp()
    data = bits.memory(pointer, 36)
    rsdt, xsdt = struct.unpack_from("<I", data, 16)[0], struct.unpack_from("<Q", data, 24)[0]
    if data[15] < 2 or not rsdt or not xsdt:
        raise Skip("there is one of them")

    def listed(at, size):
        table = bits.memory(at, bits.read(at + 4, 4))
        return [int.from_bytes(table[i:i + size], "little") for i in range(36, len(table), size)]

    expect(sorted(listed(rsdt, 4)) == sorted(listed(xsdt, 8)), "they differ")


@check
def acpi_fadt():
    """The FADT leads to a DSDT and a FACS, which are where such a thing may be."""
    facp, facs, dsdt = (_tables(name) for name in ("FACP", "FACS", "DSDT"))
    expect(len(facp) == 1, f"{len(facp)} FADTs")
    expect(len(dsdt) == 1, f"{len(dsdt)} DSDTs")
    expect(len(facs) <= 1 and all(table.address % 64 == 0 for table in facs), "FACS is not on 64 bytes")


@check
def acpi_madt():
    """The MADT has this processor, enabled, and each APIC ID once."""
    found = _tables("APIC")
    expect(found, "there is none")
    table = bits.acpi.table("APIC")
    ids = [entry.APIC_ID for entry in table.entries if entry.Type == 0 and entry.Flags & 1]
    size = 44 + sum(len(entry.data) for entry in table.entries)
    expect(size == table.Length, f"its entries end at {size}, the table at {table.Length}")
    expect(len(set(ids)) == len(ids), f"APIC IDs {ids}")
    own = bits.cpuid(1)[1] >> 24
    expect(own in ids, f"the APIC ID {own} of this processor is not among {ids}")


@check
def acpi_hpet():
    """The HPET's table has the block ID that its register has, and a tick of at most 100 ns."""
    if not _tables("HPET"):
        raise Skip("there is none")
    hpet = bits.acpi.table("HPET")
    base = hpet.BASE_ADDRESS.address
    low, period = bits.read(base, 4), bits.read(base + 4, 4)
    expect(low == hpet.Event_Timer_Block_ID, f"{low:#x} at {base:#x}, {hpet.Event_Timer_Block_ID:#x} in the table")
    expect(0 < period <= 100_000_000, f"a tick of {period} fs")


@check
def acpi_mcfg():
    """Configuration space in memory is where the MCFG says, with the functions of the ports' one, and no memory that
    an operating system would take."""
    if not _tables("MCFG"):
        raise Skip("there is none")
    for one in bits.acpi.table("MCFG").entries:
        expect(one.Start_Bus <= one.End_Bus, f"buses {one.Start_Bus} to {one.End_Bus}")
        begin = one.Base_Address + (one.Start_Bus << 20)
        end = one.Base_Address + (one.End_Bus + 1 << 20)
        for entry in efi.memory_map():
            last = entry.PhysicalStart + entry.NumberOfPages * PAGE
            expect(last <= begin or end <= entry.PhysicalStart or entry.Type in (0, 11),
                   f"{begin:#x} is memory of type {entry.Type}")
        for f in bits.pci_functions(range(one.Start_Bus, min(one.End_Bus, 1) + 1)):
            found = bits.read(one.Base_Address + (f.bus << 20 | f.device << 15 | f.function << 12), 4)
            expect(found == f.id << 16 | f.vendor, f"{f}: {found:#x} in memory")


@check
def acpi_pm_timer():
    """It counts 3.579545 million times a second, by the processor's clock."""
    port = bits.acpi.table("FACP").PM_TMR_BLK
    if not port:
        raise Skip("there is none")
    rates = []
    for _ in range(5):  # one may be disturbed
        start, first = time.monotonic(), bits.inl(port) & 0xffffff
        time.sleep(.1)
        last, end = bits.inl(port) & 0xffffff, time.monotonic()
        rates.append(((last - first) & 0xffffff) / (end - start))
        if abs(rates[-1] / 3579545 - 1) < .02:
            return
    expect(False, f"{', '.join(f'{rate:.0f}' for rate in rates)} times a second")


# ---- SMBIOS

@check
def smbios_structures():
    """Those that the specification asks for are there, handles are unique, the table ends."""
    structures = bits.smbios()
    kinds = [s.type for s in structures]
    missing = {0, 1, 3, 4, 16, 17, 19, 32} - set(kinds)
    expect(not missing, f"types {sorted(missing)} are missing")
    expect(kinds[-1] == 127, "there is no end")
    expect(len({s.handle for s in structures}) == len(structures), "a handle is there twice")


@check
def smbios_strings():
    """Structures refer to strings that they have."""
    for s in bits.smbios():
        if s.type in (0, 1) and len(s.data) >= 3:
            fields = (s.data[0], s.data[1]) if s.type == 0 else s.data[:4]
            expect(max(fields) <= len(s.strings), f"type {s.type} has {len(s.strings)} strings")


# ---- UEFI

@check
def efi_table_checksums():
    """CRC32 of the system table and of both tables of services."""
    for name, table in (("system", efi.system_table), ("boot services", efi.boot_services),
                        ("runtime services", efi.runtime_services)):
        address = ctypes.addressof(table)
        size = bits.read(address + 12, 4)
        data = bytearray(bits.memory(address, size))
        found = int.from_bytes(data[16:20], "little")
        data[16:20] = bytes(4)
        expect(binascii.crc32(data) == found, f"the {name} table's is wrong")


@check
def efi_memory_map():
    """Ranges are whole pages, and none overlaps another."""
    ranges = []
    for entry in efi.memory_map():
        start = entry.PhysicalStart
        expect(start % PAGE == 0 and entry.NumberOfPages, f"{start:#x}, {entry.NumberOfPages} pages")
        ranges.append((start, start + entry.NumberOfPages * PAGE, f"type {entry.Type}"))
    bad = _overlaps(ranges)
    expect(not bad, f"{bad[:3]}")


@check
def efi_clock():
    """The clock goes, and is not before this program was written."""
    first = efi.get_time()
    if first.Year < 2000:
        raise AssertionError(f"it is the year {first.Year}")
    time.sleep(1.1)
    last = efi.get_time()
    expect(tuple(getattr(last, part) for part in ("Day", "Hour", "Minute", "Second"))
           != tuple(getattr(first, part) for part in ("Day", "Hour", "Minute", "Second")), "it stands still")


@check
def efi_tables_in_reserved_memory():
    """ACPI tables are where an operating system will not put its own."""
    loader_and_boot, conventional = {1, 2, 3, 4}, 7
    for table in bits.acpi_tables():
        for entry in efi.memory_map():
            if entry.PhysicalStart <= table.address < entry.PhysicalStart + entry.NumberOfPages * PAGE:
                expect(entry.Type not in loader_and_boot | {conventional},
                       f"{table.signature} is in memory of type {entry.Type}")


# ---- Processor

@check
def cpu_long_mode():
    """Paging, protection and long mode are on, as UEFI wants them."""
    expect(bits.rdmsr(0xc0000080) & 0x500 == 0x500, "EFER has no LME and LMA")


@check
def cpu_apic():
    """The local APIC is enabled and where the MADT says."""
    if not bits.cpuid(1)[3] >> 9 & 1:
        raise Skip("the processor has none")
    base = bits.rdmsr(0x1b)
    expect(base >> 11 & 1, "it is not enabled")
    expect(base >> 8 & 1, "this is not the bootstrap processor")
    told = bits.acpi.table("APIC").Local_Interrupt_Controller_Address
    expect(base & 0xffffff000 == told, f"it is at {base & 0xffffff000:#x}, the MADT says {told:#x}")


def _mtrrs():
    if not bits.cpuid(1)[3] >> 12 & 1:
        raise Skip("the processor has no MTRRs")
    bits_of_address = 36
    if bits.cpuid(0x80000000)[0] >= 0x80000008:
        bits_of_address = bits.cpuid(0x80000008)[0] & 0xff
    limit = (1 << bits_of_address) - 1
    for n in range(bits.rdmsr(0xfe) & 0xff):
        base, mask = bits.rdmsr(0x200 + 2 * n), bits.rdmsr(0x201 + 2 * n)
        if mask >> 11 & 1:
            yield n, base & 0xff, base & limit & ~0xfff, mask & limit & ~0xfff, limit


@check
def cpu_mtrr_ranges():
    """Each is of a power of two, on a multiple of its size, with a type that there is."""
    for n, kind, base, mask, limit in _mtrrs():
        size = (~mask & limit) + 1
        expect(size & (size - 1) == 0, f"MTRR {n} has a mask with holes: {mask:#x}")
        expect(base % size == 0, f"MTRR {n}: {base:#x} is no multiple of {size:#x}")
        expect(kind in (0, 1, 4, 5, 6), f"MTRR {n} has the type {kind}")


@check
def cpu_mtrr_conflicts():
    """Where ranges overlap, the types are such that one of them holds."""
    ranges = [(base, base + (~mask & limit) + 1, kind) for _, kind, base, mask, limit in _mtrrs()]
    for i, (begin, end, kind) in enumerate(ranges):
        for other_begin, other_end, other in ranges[i + 1:]:
            if begin < other_end and other_begin < end:
                expect(kind == other or 0 in (kind, other) or {kind, other} == {4, 6},
                       f"types {kind} and {other} at {max(begin, other_begin):#x}")


@check
def cpu_mtrr_enabled():
    """They are on, and memory where this program runs can be cached."""
    ranges = list(_mtrrs())
    default = bits.rdmsr(0x2ff)
    expect(default >> 11 & 1, "they are off")
    word = ctypes.c_uint64()
    here = ctypes.addressof(word)
    kinds = [kind for _, kind, base, mask, _ in ranges if here & mask == base & mask]
    expect(min(kinds, default=default & 0xff) != 0, f"{here:#x} cannot be cached")


@check
def cpu_time_stamp_counter():
    """It goes on, and never back."""
    last = time.monotonic_ns()
    for _ in range(20000):
        now = time.monotonic_ns()
        expect(now >= last, f"{last - now} ns back")
        last = now


@check
def cpu_longest_gap():
    """How long the program was away while it looked at the clock for half a second: an SMI that takes
    more than 150 microseconds would disturb an operating system; here the firmware's own timer shows,
    too, and a virtual machine waits for its host, so that only 250 milliseconds are wrong."""
    longest, last = 0, time.monotonic_ns()
    end = last + 500_000_000
    while last < end:
        now = time.monotonic_ns()
        longest, last = max(longest, now - last), now
    expect(longest < 250_000_000, f"{longest / 1e6:.1f} ms")
    return f"{longest / 1e3:.0f} microseconds"


# ---- PCI

def _regions():
    """(first, behind the last, name) of memory and of ports that functions decode."""
    memory, ports = [], []
    for f in bits.pci_functions(range(2)):
        place = f.bus, f.device, f.function
        name = f"{f.bus:02x}:{f.device:02x}.{f.function}"
        if bits.pci_read(*place, 0x0e, 1) & 0x7f:  # bridges have two
            continue
        command = bits.pci_read(*place, 4, 2)
        register = 0x10
        while register < 0x28:
            old = bits.pci_read(*place, register)
            is_port, wide = old & 1, old & 7 == 4
            # The firmware's drivers wait meanwhile: the card does not answer at its place.
            level = efi.boot_services.RaiseTPL(16)  # TPL_NOTIFY
            bits.pci_write(*place, 4, command & ~3, 2)
            bits.pci_write(*place, register, 0xffffffff)
            mask = bits.pci_read(*place, register) & (~3 if is_port else ~15) & 0xffffffff
            bits.pci_write(*place, register, old)
            bits.pci_write(*place, 4, command, 2)
            efi.boot_services.RestoreTPL(level)
            base = old & (0xfffffffc if is_port else 0xfffffff0)
            if wide:
                base |= bits.pci_read(*place, register + 4) << 32
            if mask and command & (1 if is_port else 2):
                size = (~mask & (0xffff if is_port else 0xffffffff)) + 1
                (ports if is_port else memory).append((base, base + size, f"{name} BAR {register:#x}"))
            register += 8 if wide else 4
    return memory, ports


@check
def pci_regions():
    """What functions decode does not overlap, is on a multiple of its size, and not over memory."""
    memory, ports = _regions()
    for ranges in memory, ports:
        for begin, end, name in ranges:
            expect(begin and begin % (end - begin) == 0, f"{name} is at {begin:#x}")
        bad = _overlaps(ranges)
        expect(not bad, f"{bad[:2]}")
    ram = [(m.PhysicalStart, m.PhysicalStart + m.NumberOfPages * PAGE, "memory")
           for m in efi.memory_map() if m.Type == 7]
    for region in memory:
        for one in ram:
            expect(not _overlaps([region, one]), f"{region[2]} is over memory at {one[0]:#x}")


@check
def pci_headers():
    """A function 0 is where others of its device are, and header types are known."""
    for f in bits.pci_functions(range(2)):
        kind = bits.pci_read(f.bus, f.device, f.function, 0x0e, 1) & 0x7f
        expect(kind in (0, 1, 2), f"{f.bus:02x}:{f.device:02x}.{f.function} has the header type {kind}")


# ---- Objects of DSDT and SSDTs

def _objects(name):
    """Nodes of this name in devices that are there."""
    return [node for node in bits.acpi.objects(name) if _is_there(node.parent)]


def _is_there(device):
    """_STA of the device, and of those that it is in, says that it is present and enabled."""
    while device.parent is not None:
        if "_STA" in device.children and device.type in ("Device", "Processor"):
            if bits.acpi.evaluate(device.children["_STA"].path) & 3 != 3:
                return False
        device = device.parent
    return True


def _ids(device):
    found = []
    for name in "_HID", "_CID":
        if name in device.children:
            value = bits.acpi.evaluate(device.children[name].path)
            found += [bits.acpi.eisa_id(one) if isinstance(one, int) else one
                      for one in (value if isinstance(value, list) else [value])]
    return found


def _root_bridges():
    return [node for node in bits.acpi.objects(kind="Device")
            if {"PNP0A03", "PNP0A08"} & set(_ids(node)) and _is_there(node)]


@check
def aml_tables():
    """DSDT and SSDTs can be loaded to their end."""
    bits.acpi.reload()
    names = bits.acpi.objects()
    bad = [f"{signature} {number}: {problem}" for signature, number, problem in bits.acpi.problems]
    expect(not bad, "; ".join(bad))
    return f"{len(names)} names"


@check
def aml_status():
    """Each _STA gives an integer without bits that are reserved; what is not present is not enabled."""
    for node in bits.acpi.objects("_STA"):
        status = bits.acpi.evaluate(node.path)
        expect(isinstance(status, int) and not status & ~0x1f, f"{node.path} is {status!r}")
        if node.parent.type != "PowerResource":
            expect(status & 3 != 2, f"{node.path} is {status:#x}: enabled, and not present")


@check
def aml_device_ids():
    """Devices have _HID or _ADR, and names of the two forms that there are: PNP0A03, ACPI0007."""
    for node in bits.acpi.objects("_HID"):
        for one in _ids(node.parent):
            vendor, number = (one[:3], one[3:]) if len(one) == 7 else (one[:4], one[4:])
            expect(len(number) == 4 and vendor.isalnum() and vendor.isupper() and
                   all(digit in "0123456789ABCDEF" for digit in number), f"{node.path}: {one!r}")


def _check_descriptor(path, one):
    low, high = getattr(one, "minimum", None), getattr(one, "maximum", None)
    if low is None:
        return
    expect(low <= high or not one.length, f"{path}: {one} ends before it begins")
    if getattr(one, "minimum_fixed", False) and getattr(one, "maximum_fixed", False) and one.length:
        expect(high - low + 1 == one.length, f"{path}: {one} has another length")


@check
def aml_resources():
    """Each _CRS and _PRS of a device that is there can be decoded, and its ranges are as long as they say."""
    count = 0
    for name in "_CRS", "_PRS":
        for node in _objects(name):
            for one in bits.acpi.resources(node.path):
                _check_descriptor(node.path, one)
                count += 1
    return f"{count} descriptors"


def _fixed_ranges(node):
    """(memory or io, first, behind the last, path) of what a device decodes at a place that is fixed."""
    for one in bits.acpi.resources(node.path):
        if one.kind in ("Memory32Fixed", "FixedIO"):
            low, kind = one.base, "memory" if one.kind == "Memory32Fixed" else "io"
        elif one.kind == "IO" and one.minimum == one.maximum:
            low, kind = one.minimum, "io"
        elif one.kind == "Memory32" and one.minimum == one.maximum:
            low, kind = one.minimum, "memory"
        else:
            continue
        if one.length:
            yield kind, low, low + one.length, node.path


@check
def aml_conflicts():
    """What two devices decode does not overlap; but for motherboard resources (PNP0C01, PNP0C02), which may be what
    another one has, too."""
    found = {"memory": [], "io": []}
    for node in _objects("_CRS"):
        if not {"PNP0C01", "PNP0C02", "PNP0A03", "PNP0A08"} & set(_ids(node.parent)):
            for kind, begin, end, path in _fixed_ranges(node):
                found[kind].append((begin, end, path))
    for kind, ranges in found.items():
        bad = [pair for pair in _overlaps(ranges) if pair[0][2] != pair[1][2]]
        expect(not bad, f"{kind}: {bad[:2]}")
    return f"{len(found['memory'])} ranges of memory, {len(found['io'])} of ports"


def _global_interrupts():
    """How many inputs the I/O APICs have, by the MADT and their version registers; 16 where there is none."""
    highest = 16
    try:
        entries = bits.acpi.table("APIC").entries
    except LookupError:
        return highest
    for one in entries:
        if one.Type == 1:
            index = bits.read(one.IO_APIC_Address, 4)
            bits.write(one.IO_APIC_Address, 4, 1)
            inputs = (bits.read(one.IO_APIC_Address + 0x10, 4) >> 16 & 0xff) + 1
            bits.write(one.IO_APIC_Address, 4, index)
            highest = max(highest, one.Global_System_Interrupt_Base + inputs)
    return highest


def _possible_interrupts(link):
    found = []
    for name in "_PRS", "_CRS":
        if name in link.children:
            for one in bits.acpi.resources(link.children[name].path):
                found += getattr(one, "interrupts", [])
    return found


def _check_route(path, entry, inputs):
    expect(isinstance(entry, list) and len(entry) == 4, f"{path} has {entry!r}")
    address, pin, source, index = entry
    expect(isinstance(address, int) and address & 0xffff == 0xffff and address >> 16 < 32,
           f"{path} has the address {address!r}")
    expect(pin in range(4), f"{path} has the pin {pin!r}")
    if isinstance(source, int):
        expect(source == 0 and index < inputs, f"{path}: interrupt {index} of {inputs}")
        return
    expect(source.type == "Device" and "PNP0C0F" in _ids(source), f"{path}: {source} is no link device")
    for number in _possible_interrupts(source):
        expect(number < inputs, f"{source.path}: interrupt {number} of {inputs}")


@check
def aml_interrupt_routing():
    """Each _PRT names pins of devices once, link devices that there are, and interrupts that an APIC has; with the
    8259A and with the APIC where \\_PIC is there to choose."""
    inputs, count = _global_interrupts(), 0
    modes = (0, 1) if bits.acpi.objects("_PIC") else (None,)
    tables = _objects("_PRT")
    if not tables:
        raise Skip("there is no _PRT")
    for mode in reversed(modes):  # the firmware's own, the 8259A, is the last
        if mode is not None:
            bits.acpi.evaluate(r"\_PIC", mode)
        for node in tables:
            entries = bits.acpi.evaluate(node.path)
            for entry in entries:
                _check_route(node.path, entry, inputs)
            pins = [(entry[0], entry[1]) for entry in entries]
            expect(len(set(pins)) == len(pins), f"{node.path} has a pin twice")
            count += len(pins)
    return f"{count} pins, {inputs} interrupts"


@check
def aml_pci_windows():
    """What PCI functions decode is within the windows of a root bridge."""
    windows = {"memory": [], "io": []}
    for bridge in _root_bridges():
        if "_CRS" in bridge.children:
            for one in bits.acpi.resources(bridge.children["_CRS"].path):
                if getattr(one, "range", None) in windows and one.length:
                    windows[one.range].append((one.minimum, one.minimum + one.length))
    if not windows["memory"]:
        raise Skip("no root bridge has windows")
    for kind, regions in zip(("memory", "io"), _regions()):
        for begin, end, name in regions:
            expect(any(low <= begin and end <= high for low, high in windows[kind]),
                   f"{name} is at {begin:#x}, outside of the windows for {kind}")
    return f"{len(windows['memory'])} windows for memory, {len(windows['io'])} for ports"


@check
def aml_soft_off():
    """\\_S5 has the values for the sleep type, of three bits each."""
    value = bits.acpi.evaluate(r"\_S5")
    expect(isinstance(value, list) and value, f"it is {value!r}")
    expect(all(isinstance(one, int) for one in value), f"it is {value!r}")
    expect(all(one & 0xff < 8 for one in value[:2]), f"it is {value!r}")


@check
def aml_processors():
    """Those in the namespace are in the MADT; _PSS and _CST, where they are, are of the form that they have."""
    ids = []
    for node in bits.acpi.objects(kind="Processor"):
        ids.append((node.path, node.value.number))
    for node in bits.acpi.objects(kind="Device"):
        if "ACPI0007" in _ids(node) and "_UID" in node.children:
            ids.append((node.path, bits.acpi.evaluate(node.children["_UID"].path)))
    if not ids:
        raise Skip("there is none in the namespace")
    known = {one.ACPI_Processor_UID for one in bits.acpi.table("APIC").entries
             if one.Type in (0, 9)}
    for path, number in ids:
        expect(number in known, f"{path} has the number {number}, which the MADT has not")
    for name, size in (("_PSS", 6), ("_CST", 4)):
        for node in _objects(name):
            states = bits.acpi.evaluate(node.path)
            rows = states if name == "_PSS" else states[1:]
            expect(name == "_PSS" or states[0] == len(rows), f"{node.path} has {len(rows)} states, says {states[0]}")
            expect(all(isinstance(row, list) and len(row) == size for row in rows), f"{node.path} is {states!r}")
    return f"{len(ids)} processors"


@check
def acpi_fadt_pointers():
    """Where the FADT has an address in 32 and in 64 bits, they are the same."""
    facp = bits.acpi.table("FACP")
    for name, long_name in (("DSDT", "X_DSDT"), ("FIRMWARE_CTRL", "X_FIRMWARE_CTRL")):
        short, long = getattr(facp, name), getattr(facp, long_name, 0)
        expect(not short or not long or short == long, f"{name} is {short:#x}, {long_name} {long:#x}")
    for name in ("PM1a_EVT_BLK", "PM1b_EVT_BLK", "PM1a_CNT_BLK", "PM1b_CNT_BLK", "PM2_CNT_BLK", "PM_TMR_BLK",
                 "GPE0_BLK", "GPE1_BLK"):
        short, long = getattr(facp, name), getattr(facp, "X_" + name, None)
        expect(not short or long is None or not long.address or long.address == short,
               f"{name} is {short:#x}, X_{name} {long}")


def run(names=()):
    """[{"name", "result", "text", "seconds"}...]"""
    results = []
    for name, function in CHECKS.items():
        if names and name not in names:
            continue
        start = time.monotonic()
        try:
            result, text = "pass", function() or ""
        except Skip as reason:
            result, text = "skip", str(reason)
        except Exception as problem:
            result, text = "fail", str(problem) if isinstance(problem, AssertionError) else repr(problem)
        results.append({"name": name, "about": " ".join(function.__doc__.split()), "result": result,
                        "text": text, "seconds": round(time.monotonic() - start, 3)})
    return results


def main(arguments):
    target = None
    if arguments[:1] == ["--json"]:
        if len(arguments) < 2:
            print("bits_test: --json wants a file or a URL", file=sys.stderr)
            return 2
        target, arguments = arguments[1], arguments[2:]
    unknown = set(arguments) - set(CHECKS)
    if unknown:
        print(f"bits_test: there is no check {', '.join(sorted(unknown))}; there are "
              f"{', '.join(CHECKS)}", file=sys.stderr)
        return 2
    results = run(arguments)
    for one in results:
        print(f"{one['result']}: {one['name']}{': ' if one['text'] else ''}{one['text']}")
    count = {kind: sum(one["result"] == kind for one in results) for kind in ("pass", "fail", "skip")}
    print(f"{count['pass']} passed, {count['fail']} failed, {count['skip']} skipped")
    if target is not None:
        text = json.dumps({"results": results, **count}, indent=1).encode() + b"\n"
        if "://" in target:
            import urllib.request
            urllib.request.urlopen(target, text).read()
        else:
            with open(target, "wb") as file:
                file.write(text)
    return 1 if count["fail"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
