# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs in the guest behind prelude.py: the module `bits` against what the firmware says itself.
import ctypes

import bits
import efi

# PCI: mechanism #1 against EFI_PCI_IO_PROTOCOL.
from efi_net import protocols
functions = {(f.bus, f.device, f.function): f for f in bits.pci_functions(range(2))}
assert functions[0, 0, 0].vendor == 0x8086 and functions[0, 0, 0].id == 0x1237, functions
handles = efi.handles("PciIo")
assert len(handles) == len(functions), (len(handles), functions)
for handle in handles:
    card = efi.protocol(handle, "PciIo", protocols.PciIo)
    place = [ctypes.c_uint64() for _ in range(4)]
    assert card.GetLocation(card, *[ctypes.byref(part) for part in place]) == 0
    found = ctypes.c_uint32()
    assert card.PciRead(card, 2, 0, 1, ctypes.byref(found)) == 0
    function = functions[tuple(part.value for part in place[1:])]
    assert found.value == function.id << 16 | function.vendor, function
try:
    bits.pci_read(0, 0, 0, 2, 4)
    raise SystemExit("an unaligned register was read")
except ValueError:
    pass

tables = bits.acpi_tables()
assert tables == bits.acpi.tables()
names = [table.signature for table in tables]
assert {"FACP", "FACS", "DSDT", "APIC"} <= set(names), names
assert all(table.sound for table in tables), tables
structures = bits.smbios()
assert {0, 1, 4, 127} <= {s.type for s in structures}, structures
assert next(s for s in structures if s.type == 0).strings

a, b, c, d = bits.cpuid(0)
assert a >= 1 and all(32 <= byte < 127 for word in (b, d, c) for byte in word.to_bytes(4, "little"))
assert bits.rdmsr(0xc0000080) & 0x500 == 0x500  # EFER: long mode, enabled and active
before = bits.inb(0x61)
bits.outb(0x61, before)
word = ctypes.c_uint32(0x12345678)
assert bits.read(ctypes.addressof(word), 2) == 0x5678
bits.write(ctypes.addressof(word), 1, 0xff)
assert word.value == 0x123456ff and bits.memory(ctypes.addressof(word), 2) == b"\xff\x56"
print(len(functions), "PCI functions,", *names, "-", len(structures), "SMBIOS structures")

# The firmware's checks: all pass, and those whose subject is spoiled for a moment fail.
import json

import bits_test


def results(*names):
    return {one["name"]: one["result"] for one in bits_test.run(names)}


found = bits_test.run()
assert len(found) == 33 and not (
    bad := [one for one in found if one["result"] == "fail"]), bad


def spoiled(name, address, value=None):
    """The result of a check while a byte is another one."""
    before = bits.read(address, 1)
    bits.write(address, 1, before ^ 1 if value is None else value)
    try:
        return results(name)[name]
    finally:
        bits.write(address, 1, before)


table = {one.signature: one.address for one in tables}
system = ctypes.addressof(efi.system_table)
for name, address in (("acpi_checksums", table["APIC"] + 10), ("acpi_madt", table["APIC"] + 47),
                      ("acpi_rsdp", bits_test._rsdp() + 9), ("efi_table_checksums", system + 16),
                      ("cpu_apic", table["APIC"] + 37), ("aml_tables", table["DSDT"] + 36),
                      ("acpi_hpet", table["HPET"] + 36),
                      *([("acpi_fadt_pointers", table["FACP"] + 141)] if bits.acpi.table("FACP").Length > 148 else [])):
    assert spoiled(name, address) == "fail", name
    assert results(name)[name] == "pass", name
assert results("acpi_madt", "pci_headers") == {"acpi_madt": "pass", "pci_headers": "pass"}


# The same for objects: while one has another value, the check that looks at it fails.
from acpi.objects import Buffer, Package, String


def spoiled_object(name, path, value):
    node = bits.acpi.interpreter().node(path)
    before, node.value = node.value, value
    try:
        return results(name)[name]
    finally:
        node.value = before


clock = next(node for node in bits.acpi.objects("_HID") if bits.acpi.device_id(node.path) == "PNP0B00").parent.path
ports = bits.acpi.evaluate(clock + "._CRS")
other = next(node.path for node in bits.acpi.objects("_CRS")
             if node.type == "Buffer" and node.parent.path != clock and b"\x47" == node.value.data[:1])
window = bytes.fromhex("871700000c03 00000000 00000000 ff0f0000 00000000 00100000 7900")
for name, path, value in (
        ("aml_status", bits.acpi.objects("_STA")[0].path, 2), ("aml_soft_off", r"\_S5", Package([9])),
        ("aml_device_ids", clock + "._HID", String(b"PNPB00")),
        ("aml_resources", clock + "._CRS", Buffer(ports[:-3])), ("aml_conflicts", other, Buffer(ports)),
        ("aml_interrupt_routing", r"\_SB.PCI0._PRT", Package([Package([0xffff, 4, 0, 5])])),
        ("aml_interrupt_routing", r"\_SB.PCI0._PRT", Package([Package([0xffff, 0, 0, 500])])),
        ("aml_pci_windows", r"\_SB.PCI0._CRS", Buffer(window))):
    assert spoiled_object(name, path, value) == "fail", name
    assert results(name)[name] == "pass", name

assert bits_test.main(["--json", "/tmp/results.json", "acpi_rsdp"]) == 0
with open("/tmp/results.json", encoding="utf-8") as file:
    written = json.load(file)
assert written["pass"] == 1 and written["results"][0]["name"] == "acpi_rsdp", written
assert bits_test.main(["nothing"]) == 2
