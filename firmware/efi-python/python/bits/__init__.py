# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is under the firmware: the CPU, ports, physical memory, PCI configuration, ACPI and SMBIOS tables.

  >>> import bits
  >>> bits.cpuid(0), bits.pci_read(0, 0, 0, 0, 4), [t.signature for t in bits.acpi_tables()]
  >>> bits.acpi.table("FACP"), bits.acpi.evaluate(r"\\_SB.PCI0._PRT")

Everything runs in ring 0 with physical addresses: what is written is written.

Reference: Intel SDM vol. 2 (CPUID, RDMSR); PCI Local Bus Specification 3.0, section 3.2.2.3.2
(configuration mechanism #1); SMBIOS Specification 3.6, sections 5.2 and 6.1."""
import collections
import ctypes
import struct

import _efi
import efi
from _efi import cpuid, rdmsr, wrmsr  # noqa: F401

Function = collections.namedtuple("Function", "bus device function vendor id class_code")
Smbios = collections.namedtuple("Smbios", "type handle data strings")
_WIDTHS = {1: ctypes.c_uint8, 2: ctypes.c_uint16, 4: ctypes.c_uint32, 8: ctypes.c_uint64}


def inb(port):
    return _efi.port_in(port, 1)


def inw(port):
    return _efi.port_in(port, 2)


def inl(port):
    return _efi.port_in(port, 4)


def outb(port, value):
    _efi.port_out(port, 1, value)


def outw(port, value):
    _efi.port_out(port, 2, value)


def outl(port, value):
    _efi.port_out(port, 4, value)


# ---- Memory

def memory(address, length):
    """Bytes of physical memory, as they are now."""
    return ctypes.string_at(address, length)


def read(address, width):
    """One access of 1, 2, 4 or 8 bytes, for registers in memory."""
    return _WIDTHS[width].from_address(address).value


def write(address, width, value):
    _WIDTHS[width].from_address(address).value = value


# ---- PCI

def _select(bus, device, function, register):
    if not (0 <= bus < 256 and 0 <= device < 32 and 0 <= function < 8 and 0 <= register < 256):
        raise ValueError("no such place in PCI configuration space")
    outl(0xcf8, 1 << 31 | bus << 16 | device << 11 | function << 8 | register & 0xfc)
    return 0xcfc + (register & 3)


def _aligned(register, width):
    if width not in (1, 2, 4) or register % width:
        raise ValueError("a width is 1, 2 or 4 bytes, and the register a multiple of it")


def pci_read(bus, device, function, register, width=4):
    """A register of configuration space; all ones where nothing is."""
    _aligned(register, width)
    return _efi.port_in(_select(bus, device, function, register), width)


def pci_write(bus, device, function, register, value, width=4):
    _aligned(register, width)
    _efi.port_out(_select(bus, device, function, register), width, value)


def pci_functions(buses=range(256)):
    """Every function that answers."""
    for bus in buses:
        for device in range(32):
            for function in range(8):
                vendor = pci_read(bus, device, function, 0, 2)
                if vendor != 0xffff:
                    yield Function(bus, device, function, vendor,
                                   pci_read(bus, device, function, 2, 2),
                                   pci_read(bus, device, function, 8) >> 8)
                if function == 0 and (vendor == 0xffff or
                                      not pci_read(bus, device, 0, 0xe, 1) & 0x80):
                    break


# ---- Tables of the firmware

def configuration_table(*names):
    """The address of the first of these that is there."""
    there = dict(efi.configuration_tables())
    for name in names:
        if efi.names.TABLES[name] in there:
            return there[efi.names.TABLES[name]]
    raise LookupError(f"the firmware has no table {' or '.join(names)}")


def smbios():
    """The structures: type, handle, the bytes behind the header, the strings."""
    try:
        entry = configuration_table("SMBIOS 3")
        length, address = read(entry + 12, 4), read(entry + 16, 8)
    except LookupError:
        entry = configuration_table("SMBIOS")
        length, address = read(entry + 22, 2), read(entry + 24, 4)
    data = memory(address, length)
    found, at = [], 0
    while at + 4 <= len(data):
        kind, size, handle = struct.unpack_from("<BBH", data, at)
        end = data.find(b"\0\0", at + size)
        if size < 4 or end < 0:
            break
        strings = data[at + size:end].decode("latin-1").split("\0") if end > at + size else []
        found.append(Smbios(kind, handle, data[at + 4:at + size], strings))
        at = end + 2
        if kind == 127:
            break
    return found


from . import acpi  # noqa: E402  it needs what is above
from .acpi import tables as acpi_tables  # noqa: E402, F401
