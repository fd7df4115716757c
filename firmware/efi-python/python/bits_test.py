# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks of what the firmware has set up, as BITS made them; those that make sense on a virtual
machine, too.

  python3 -m bits_test [--json FILE or URL] [NAME...]

Each ends with `pass`, `fail` or `skip`. The status is 1 when one has failed.

Reference: Intel SDM vol. 3, section 12.11 (MTRRs); ACPI Specification 6.5, sections 4.8.3.3 and 5.2; SMBIOS
Specification 3.6, section 6.2; UEFI Specification 2.10, sections 4.2 and 7.2; PCI Local Bus Specification 3.0,
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
    there = dict(efi.configuration_tables())
    for name in "ACPI 2.0", "ACPI 1.0":
        if efi.names.TABLES[name] in there:
            return there[efi.names.TABLES[name]]
    raise Skip("there is no ACPI")


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
    table = bits.memory(found[0].address, found[0].length)
    ids, at = [], 44
    while at + 2 <= len(table):
        kind, size = table[at], table[at + 1]
        expect(size >= 2 and at + size <= len(table), f"an entry of {size} bytes at {at}")
        if kind == 0 and table[at + 4] & 1:
            ids.append(table[at + 3])
        at += size
    expect(len(set(ids)) == len(ids), f"APIC IDs {ids}")
    own = bits.cpuid(1)[1] >> 24
    expect(own in ids, f"the APIC ID {own} of this processor is not among {ids}")


@check
def acpi_pm_timer():
    """It counts 3.579545 million times a second, by the processor's clock."""
    data = bits.memory(_tables("FACP")[0].address, 80)
    port = struct.unpack_from("<I", data, 76)[0]
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
    told = bits.read(_tables("APIC")[0].address + 36, 4)
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
