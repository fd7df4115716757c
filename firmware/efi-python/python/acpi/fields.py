# SPDX-License-Identifier: LGPL-2.1-or-later
"""Operation regions, and fields of regions and buffers.

Reference: ACPI Specification 6.5, sections 5.5.2.4 (access to regions), 19.6.48 (Field), 19.6.63 (IndexField),
19.6.7 (BankField), 19.6.22 (CreateField), 20.2.5.2 (their encoding)."""
from .errors import AmlError, Unsupported
from .objects import Buffer, Device, String

SYSTEM_MEMORY, SYSTEM_IO, PCI_CONFIG, SYSTEM_CMOS = 0, 1, 2, 5
_REACHED = (SYSTEM_MEMORY, SYSTEM_IO, PCI_CONFIG, SYSTEM_CMOS)
_CMOS_INDEX, _CMOS_DATA = 0x70, 0x71  # ACPI 9.15: the standard one of 64 or 128 bytes
SPACES = {0: "SystemMemory", 1: "SystemIO", 2: "PCI_Config", 3: "EmbeddedControl", 4: "SMBus", 5: "SystemCMOS",
          6: "PciBarTarget", 7: "IPMI", 8: "GeneralPurposeIO", 9: "GenericSerialBus", 10: "PCC", 11: "PRM"}
# AnyAcc is taken as ByteAcc, of which every space is capable; BufferAcc is of buses that are not there.
_WIDTHS = {0: 1, 1: 1, 2: 2, 3: 4, 4: 8}
_PRESERVE, _WRITE_AS_ONES = 0, 1


class Region:
    """`place` gives (offset, length): as a function, as what it is made of may be loaded later."""
    type = 10

    def __init__(self, node, space, place):
        self.node, self.space, self._place = node, space, place
        self._known = None
        self._device = None

    @property
    def place(self):
        if self._known is None:
            self._known = self._place()
        return self._known

    def _address(self, interpreter, at, width):
        offset, length = self.place
        if at + width > length:
            raise AmlError(f"{width} bytes at {at:#x} are not in {self.node.path}, which has {length}")
        if self.space not in _REACHED:
            raise Unsupported(f"{self.node.path} is in the address space "
                              f"{SPACES.get(self.space, hex(self.space))}, which this interpreter does not reach")
        if self.space == PCI_CONFIG and self._device is None:
            self._device = pci_device(interpreter, self.node)
        return offset + at

    def read(self, interpreter, at, width):
        address, hardware = self._address(interpreter, at, width), interpreter.hardware
        if self.space == SYSTEM_MEMORY:
            return hardware.read_memory(address, width)
        if self.space == SYSTEM_IO:
            return hardware.read_port(address, width)
        if self.space == SYSTEM_CMOS:
            parts = []
            for byte in range(address, address + width):
                hardware.write_port(_CMOS_INDEX, 1, byte & 0x7f)
                parts.append(hardware.read_port(_CMOS_DATA, 1))
            return int.from_bytes(bytes(parts), "little")
        return hardware.read_pci(*self._device, address, width)

    def write(self, interpreter, at, width, value):
        address, hardware = self._address(interpreter, at, width), interpreter.hardware
        if self.space == SYSTEM_MEMORY:
            hardware.write_memory(address, width, value)
        elif self.space == SYSTEM_IO:
            hardware.write_port(address, width, value)
        elif self.space == SYSTEM_CMOS:
            for i, byte in enumerate(value.to_bytes(width, "little")):
                hardware.write_port(_CMOS_INDEX, 1, address + i & 0x7f)
                hardware.write_port(_CMOS_DATA, 1, byte)
        else:
            hardware.write_pci(*self._device, address, width, value)


def _integer_of(interpreter, node, name, default):
    child = node.children.get(name)
    if child is None:
        return default
    value = interpreter.value_of(child.target)
    if not isinstance(value, int):
        raise AmlError(f"{child.path} is no Integer")
    return value


def pci_device(interpreter, node):
    """(bus, device, function) of the PCI function that a region belongs to: by _ADR of the devices from the
    root bridge, which has _BBN, down; the buses behind bridges are what these say (register 19h)."""
    chain = []
    while node is not None:
        if isinstance(node.value, Device):
            chain.append(node)
            if _is_root_bridge(interpreter, node):
                break
        node = node.parent
    if not chain:
        raise AmlError("a region of PCI_Config in no device")
    bus = _integer_of(interpreter, chain[-1], "_BBN", 0) & 0xff
    place = bus, 0, 0
    below = chain[-2::-1] if _is_root_bridge(interpreter, chain[-1]) else chain[::-1]
    for i, device in enumerate(below):
        if "_ADR" not in device.children:
            continue
        if i and place[1:] != (0, 0):
            kind = interpreter.hardware.read_pci(*place, 0x0e, 1) & 0x7f
            if kind in (1, 2):
                bus = interpreter.hardware.read_pci(*place, 0x19, 1)
        address = _integer_of(interpreter, device, "_ADR", 0)
        place = bus, address >> 16 & 0x1f, address & 7
    return place


def _is_root_bridge(interpreter, node):
    bridges = {0x030ad041, 0x080ad041}  # PNP0A03, PNP0A08
    for name in "_HID", "_CID":
        if name in node.children:
            value = interpreter.value_of(node.children[name].target)
            if isinstance(value, String):
                value = {"PNP0A03": 0x030ad041, "PNP0A08": 0x080ad041}.get(str(value))
            if value.__class__ is int and value in bridges:
                return True
    return False


class Field:
    """Bits from `first` on of something that is read and written in units of `width` bytes."""
    type = 5

    def __init__(self, flags, first, count):
        access = flags & 0xf
        if access not in _WIDTHS:
            raise Unsupported(f"fields of access type {access} (buses with protocols of their own)")
        self.width = _WIDTHS[access]
        self.update = flags >> 5 & 3
        self.first, self.count = first, count

    def _units(self):
        unit = 8 * self.width
        return range(self.first // unit, (self.first + self.count - 1) // unit + 1)

    def read(self, interpreter):
        self.prepare(interpreter)
        unit, units, value = 8 * self.width, self._units(), 0
        interpreter.charge(8 * len(units))
        parts = bytearray()
        for number in units:
            parts += self.read_unit(interpreter, number * self.width).to_bytes(self.width, "little")
        value = int.from_bytes(parts, "little") >> (self.first - units[0] * unit)
        value &= (1 << self.count) - 1
        if self.count <= 8 * interpreter.width:
            return value
        return Buffer(value.to_bytes((self.count + 7) // 8, "little"))

    def write(self, interpreter, value):
        self.prepare(interpreter)
        unit, units = 8 * self.width, self._units()
        interpreter.charge(8 * len(units))
        shift = self.first - units[0] * unit
        total = len(units) * self.width
        number = (number_of(interpreter, value) & ((1 << self.count) - 1)) << shift
        covered = ((1 << self.count) - 1) << shift
        data, masks = number.to_bytes(total, "little"), covered.to_bytes(total, "little")
        ones = (1 << unit) - 1
        for i, at in enumerate(range(0, total, self.width)):
            new = int.from_bytes(data[at:at + self.width], "little")
            mask = int.from_bytes(masks[at:at + self.width], "little")
            place = (units[0] + i) * self.width
            if mask != ones:
                if self.update == _PRESERVE:
                    new |= self.read_unit(interpreter, place) & ~mask
                elif self.update == _WRITE_AS_ONES:
                    new |= ones & ~mask
            self.write_unit(interpreter, place, new)

    def prepare(self, interpreter):
        if not self.count:
            raise AmlError("a field of no bits")


def number_of(interpreter, value):
    """The bits that a value has for a field."""
    if isinstance(value, int):
        return value
    if isinstance(value, (String, Buffer)):
        return int.from_bytes(value.data, "little")
    raise AmlError("only an Integer, String or Buffer goes into a field")


class RegionField(Field):
    def __init__(self, region, flags, first, count):
        super().__init__(flags, first, count)
        self.region = region

    def read_unit(self, interpreter, at):
        return self.region.read(interpreter, at, self.width)

    def write_unit(self, interpreter, at, value):
        self.region.write(interpreter, at, self.width, value)


class BankField(RegionField):
    """It is there when the bank field has the bank's number."""

    def __init__(self, region, bank, number, flags, first, count):
        super().__init__(region, flags, first, count)
        self.bank, self.number = bank, number

    def prepare(self, interpreter):
        super().prepare(interpreter)
        self.bank.write(interpreter, self.number())


class IndexField(Field):
    """The index field takes the byte's number, then the data field is that byte."""

    def __init__(self, index, data, flags, first, count):
        super().__init__(flags, first, count)
        self.index, self.data = index, data

    def read_unit(self, interpreter, at):
        self.index.write(interpreter, at)
        return number_of(interpreter, self.data.read(interpreter)) & ((1 << 8 * self.width) - 1)

    def write_unit(self, interpreter, at, value):
        self.index.write(interpreter, at)
        self.data.write(interpreter, value)


class BufferField:
    """`always_buffer`: CreateField has made it, whose value is no Integer however short it is."""
    type = 14

    def __init__(self, buffer, first, count, always_buffer=False):
        if not count:
            raise AmlError("a field of no bits")
        if first + count > 8 * len(buffer.data):
            raise AmlError(f"a field of {count} bits at bit {first} of a buffer of {len(buffer.data)} bytes")
        self.buffer, self.first, self.count, self.always_buffer = buffer, first, count, always_buffer

    def _span(self):
        return slice(self.first // 8, (self.first + self.count + 7) // 8)

    def read(self, interpreter):
        interpreter.charge(self.count // 8)
        value = int.from_bytes(self.buffer.data[self._span()], "little") >> (self.first % 8)
        value &= (1 << self.count) - 1
        if self.count <= 8 * interpreter.width and not self.always_buffer:
            return value
        return Buffer(value.to_bytes((self.count + 7) // 8, "little"))

    def write(self, interpreter, value):
        interpreter.charge(self.count // 8)
        span, mask = self._span(), ((1 << self.count) - 1) << (self.first % 8)
        size = span.stop - span.start
        old = int.from_bytes(self.buffer.data[span], "little")
        if size != len(self.buffer.data[span]):
            raise AmlError("a field of a buffer that has become shorter")
        new = number_of(interpreter, value) << (self.first % 8) & mask
        self.buffer.data[span] = (old & ~mask | new).to_bytes(size, "little")
