# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ACPI tables of this machine, and the objects that its DSDT and SSDTs make.

  >>> bits.acpi.table("FACP")
  >>> bits.acpi.show_namespace()
  >>> bits.acpi.evaluate(r"\\_SB.PCI0._PRT")
  >>> bits.acpi.resources(r"\\_SB.PCI0._CRS")

Loading evaluates no method, not even _INI. What a method writes to memory, ports or PCI configuration is written: what
is evaluated is the caller's wish.

Reference: ACPI Specification 6.5, section 5.2."""
import collections
import struct
import time

import acpi
import bits
import efi
from acpi import AmlError, Fatal, LimitReached, NotFound, Unsupported, eisa_id  # noqa: F401
from acpi import resources as _resources
from acpi import tables as _tables

AcpiTable = collections.namedtuple("AcpiTable", "signature address length revision oem_id oem_table_id sound")


# ---- Tables

def _table(address):
    signature, length, revision, _, oem, oem_table = struct.unpack("<4sIBB6s8s", bits.memory(address, 24))

    def text(data):
        return data.decode("latin-1").rstrip("\0 ")
    if signature == b"FACS":  # it has no checksum, and nothing of an OEM
        return AcpiTable("FACS", address, length, bits.read(address + 32, 1), "", "", True)
    return AcpiTable(text(signature), address, length, revision, text(oem), text(oem_table),
                     sum(bits.memory(address, length)) & 0xff == 0)


def rsdp():
    """The address of the root pointer."""
    return bits.configuration_table("ACPI 2.0", "ACPI 1.0")


def tables():
    """RSDT or XSDT, what they list, and what the FADT points at; `sound` is their checksum."""
    pointer = rsdp()
    xsdt = bits.read(pointer + 24, 8) if bits.read(pointer + 15, 1) >= 2 else 0
    root = _table(xsdt or bits.read(pointer + 16, 4))
    size = 8 if xsdt else 4
    found = [root]
    for at in range(root.address + 36, root.address + root.length, size):
        found.append(_table(int.from_bytes(bits.memory(at, size), "little")))
        if found[-1].signature == "FACP":
            facp = bits.memory(found[-1].address, found[-1].length).ljust(148, b"\0")
            facs, dsdt = struct.unpack_from("<II", facp, 36)
            facs_long, dsdt_long = struct.unpack_from("<QQ", facp, 132)
            found += [_table(place) for place in (facs or facs_long, dsdt_long or dsdt) if place]
    return found


def table_data(signature, instance=0):
    """The bytes of a table."""
    found = [one for one in tables() if one.signature == signature]
    if instance >= len(found):
        raise LookupError(f"there is no table {signature}" + (f" number {instance}" if instance else ""))
    return bits.memory(found[instance].address, found[instance].length)


def table(signature, instance=0):
    """A table with its fields by name; printing it shows all with their offsets. Of those whose form is not known, and
    of DSDT and SSDT, the fields of the header."""
    data = table_data(signature, instance)
    address = [one for one in tables() if one.signature == signature][instance].address
    return _tables.decode(data, address)


# ---- Objects

class _Machine:
    """What operation regions are of, here."""

    @staticmethod
    def _check_memory(address, width):
        """Firmware maps what is below 4 GiB and what its memory map has; anything else would end Python."""
        if address + width <= 1 << 32:
            return
        for entry in efi.memory_map():
            if entry.PhysicalStart <= address and address + width <= entry.PhysicalStart + entry.NumberOfPages * 4096:
                return
        raise AmlError(f"{width} bytes of memory at {address:#x}, which the firmware's map does not have")

    def read_memory(self, address, width):
        self._check_memory(address, width)
        return bits.read(address, width)

    def write_memory(self, address, width, value):
        self._check_memory(address, width)
        bits.write(address, width, value)

    @staticmethod
    def _ports(port, width):
        if port + width > 1 << 16:
            raise AmlError(f"the port {port:#x}")
        return [(at, min(width, 4)) for at in range(port, port + width, 4)]

    def read_port(self, port, width):
        parts = [{1: bits.inb, 2: bits.inw, 4: bits.inl}[size](at).to_bytes(size, "little")
                 for at, size in self._ports(port, width)]
        return int.from_bytes(b"".join(parts), "little")

    def write_port(self, port, width, value):
        for at, size in self._ports(port, width):
            {1: bits.outb, 2: bits.outw, 4: bits.outl}[size](at, value >> 8 * (at - port) & (1 << 8 * size) - 1)

    @staticmethod
    def _configuration(bus, device, function, register):
        """Where a register behind the first 256 bytes is in memory."""
        try:
            allocations = table("MCFG").entries
        except LookupError:
            allocations = []
        for one in allocations:
            if one.PCI_Segment_Group == 0 and one.Start_Bus <= bus <= one.End_Bus and register < 4096:
                return one.Base_Address + (bus << 20 | device << 15 | function << 12 | register)
        raise AmlError(f"the register {register:#x} of PCI configuration space")

    def read_pci(self, bus, device, function, register, width):
        if register + width > 256 or register % width or width > 4:
            return self.read_memory(self._configuration(bus, device, function, register), width)
        return bits.pci_read(bus, device, function, register, width)

    def write_pci(self, bus, device, function, register, width, value):
        if register + width > 256 or register % width or width > 4:
            self.write_memory(self._configuration(bus, device, function, register), width, value)
        else:
            bits.pci_write(bus, device, function, register, value, width)

    @staticmethod
    def sleep(microseconds):
        time.sleep(microseconds / 1e6)


def _find(signature, oem, oem_table):
    return next((one for one in tables() if one.signature == signature and oem in ("", one.oem_id) and
                 oem_table in ("", one.oem_table_id)), None)


def _find_data(*names):
    found = _find(*names)
    return found and bits.memory(found.address, found.length)


def _find_place(*names):
    found = _find(*names)
    return found and (found.address, found.length)


_loaded = None
problems = []  # (signature, number, AmlError) of tables that could not be loaded to their end


def interpreter():
    """The acpi.Interpreter with this machine's DSDT and SSDTs; they are loaded at the first call."""
    global _loaded
    if _loaded is None:
        _loaded = acpi.Interpreter(_Machine(), _find_data, _find_place)
        for signature in "DSDT", "SSDT", "PSDT":
            for number, one in enumerate(t for t in tables() if t.signature == signature):
                try:
                    _loaded.load(bits.memory(one.address, one.length))
                except AmlError as problem:
                    problems.append((signature, number, problem))
    return _loaded


def reload():
    """Forgets what methods have stored; the tables are loaded again when they are needed."""
    global _loaded
    _loaded = None
    problems.clear()


def evaluate(path, *arguments):
    """The value of an object, or what a method returns: int, str, bytes, list, or None; a name without a value
    (a device) as its node. Arguments are int, str, bytes or lists of these. acpi.AmlError: it cannot be evaluated."""
    return interpreter().evaluate(path, *arguments)


def objects(name=None, kind=None):
    """The nodes of the namespace (`path`, `name`, `type`): all, or those with a name of four letters or a type."""
    return [node for node in interpreter().namespace.walk()
            if name in (None, node.name) and kind in (None, node.type)]


def show_namespace():
    """Prints the names as a tree, with their types, and the values of integers, strings and device names."""
    for node in objects():
        depth = node.path.count(".")
        value = node.target.value
        text = ""
        if isinstance(value, int):
            text = eisa_id(value) if node.name in ("_HID", "_CID") else f"{value:#x}"
        elif node.type == "String":
            text = repr(str(value))
        elif node.type == "Method":
            text = f"{value.arguments} arguments" if value.arguments else ""
        print("  " * depth + node.name, node.type, text)


def resources(path, *arguments):
    """The descriptors that _CRS, _PRS or _DMA at a path returns."""
    data = evaluate(path, *arguments)
    if not isinstance(data, bytes):
        raise AmlError(f"{path} is no resource template")
    return _resources.decode(data)


def device_id(path):
    """_HID as text."""
    value = evaluate(path)
    return eisa_id(value) if isinstance(value, int) else value
