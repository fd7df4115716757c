# SPDX-License-Identifier: LGPL-2.1-or-later
"""Resource templates, as _CRS and _PRS have them, and device names.

Reference: ACPI Specification 6.5, sections 6.4 (descriptors), 6.1.5 (_HID)."""
import struct

from .errors import AmlError


class Resource:
    """One descriptor: `kind` and the fields that it has, as attributes."""

    def __init__(self, kind, **fields):
        self.kind = kind
        self.__dict__.update(fields)

    def __repr__(self):
        shown = ", ".join(f"{name}={f'{value:#x}' if value.__class__ is int else repr(value)}"
                          for name, value in self.__dict__.items() if name != "kind")
        return f"{self.kind}({shown})"

    def __eq__(self, other):
        return isinstance(other, Resource) and self.__dict__ == other.__dict__

    __hash__ = None


def eisa_id(number):
    """"PNP0A03" of the integer that EisaId makes of it."""
    swapped = int.from_bytes((number & 0xffffffff).to_bytes(4, "little"), "big")
    return "".join(chr(0x40 + (swapped >> shift & 0x1f)) for shift in (26, 21, 16)) + f"{swapped & 0xffff:04X}"


def _numbers_of(mask):
    return [i for i in range(mask.bit_length()) if mask >> i & 1]


def _pick(flags, bit, names):
    return names[flags >> bit & 1]


def _irq(data):
    mask, flags = struct.unpack_from("<HB", data.ljust(3, b"\1"))  # without flags: edge, active high, exclusive
    return Resource("IRQ", interrupts=_numbers_of(mask), trigger=_pick(flags, 0, ("level", "edge")),
                    polarity=_pick(flags, 3, ("high", "low")), shared=bool(flags >> 4 & 1))


def _dma(data):
    mask, flags = struct.unpack_from("<BB", data)
    return Resource("DMA", channels=_numbers_of(mask), type=("compatibility", "A", "B", "F")[flags >> 5 & 3],
                    bus_master=bool(flags >> 2 & 1), transfer=("8", "8 and 16", "16", "reserved")[flags & 3])


def _io(data):
    info, low, high, alignment, length = struct.unpack_from("<BHHBB", data)
    return Resource("IO", minimum=low, maximum=high, alignment=alignment, length=length,
                    decode=_pick(info, 0, ("10 bits", "16 bits")))


def _fixed_io(data):
    base, length = struct.unpack_from("<HB", data)
    return Resource("FixedIO", base=base & 0x3ff, length=length)


def _fixed_dma(data):
    line, channel, width = struct.unpack_from("<HHB", data)
    return Resource("FixedDMA", request_line=line, channel=channel, width=width)


def _start_dependent(data):
    priority = data[0] if data else 5
    return Resource("StartDependentFunctions", compatibility=priority & 3, performance=priority >> 2 & 3)


def _memory24(data):
    info, low, high, alignment, length = struct.unpack_from("<BHHHH", data)
    return Resource("Memory24", minimum=low << 8, maximum=high << 8, alignment=alignment or 1 << 16,
                    length=length << 8, writable=bool(info & 1))


def _memory32(data):
    info, low, high, alignment, length = struct.unpack_from("<BIIII", data)
    return Resource("Memory32", minimum=low, maximum=high, alignment=alignment, length=length, writable=bool(info & 1))


def _memory32_fixed(data):
    info, base, length = struct.unpack_from("<BII", data)
    return Resource("Memory32Fixed", base=base, length=length, writable=bool(info & 1))


def _register(data):
    space, width, offset, access, address = struct.unpack_from("<BBBBQ", data)
    return Resource("Register", space=space, bit_width=width, bit_offset=offset, access_size=access, address=address)


def _source(data, at):
    """(index, name) of the device that a resource comes from, or None."""
    if at >= len(data):
        return None
    return data[at], data[at + 1:].split(b"\0")[0].decode("latin-1")


_CACHING = ("no", "cacheable", "write-combining", "prefetchable")


def _address_space(name, form):
    def decode(data):
        kind, general, specific = struct.unpack_from("<BBB", data)
        numbers = struct.unpack_from(form, data, 3)
        granularity, low, high, translation, length = numbers[:5]
        found = Resource(name, range={0: "memory", 1: "io", 2: "bus"}.get(kind, kind), minimum=low, maximum=high,
                         granularity=granularity, translation=translation, length=length,
                         consumer=bool(general & 1), subtractive=bool(general >> 1 & 1),
                         minimum_fixed=bool(general >> 2 & 1), maximum_fixed=bool(general >> 3 & 1))
        if kind == 0:
            found.writable, found.caching = bool(specific & 1), _CACHING[specific >> 1 & 3]
        if len(numbers) == 5 and (source := _source(data, 3 + struct.calcsize(form))):
            found.source = source
        return found
    return decode


def _extended_interrupt(data):
    flags, count = struct.unpack_from("<BB", data)
    interrupts = list(struct.unpack_from(f"<{count}I", data, 2))
    found = Resource("Interrupt", interrupts=interrupts, consumer=bool(flags & 1),
                     trigger=_pick(flags, 1, ("level", "edge")), polarity=_pick(flags, 2, ("high", "low")),
                     shared=bool(flags >> 3 & 1))
    if (source := _source(data, 2 + 4 * count)):
        found.source = source
    return found


_SMALL = {4: _irq, 5: _dma, 6: _start_dependent, 7: lambda data: Resource("EndDependentFunctions"), 8: _io,
          9: _fixed_io, 10: _fixed_dma, 14: lambda data: Resource("Vendor", data=data)}
_LARGE = {1: _memory24, 2: _register, 4: lambda data: Resource("Vendor", data=data), 5: _memory32,
          6: _memory32_fixed, 7: _address_space("DWordSpace", "<IIIII"), 8: _address_space("WordSpace", "<HHHHH"),
          9: _extended_interrupt, 10: _address_space("QWordSpace", "<QQQQQ"),
          11: _address_space("ExtendedSpace", "<xxQQQQQQ")}
_NAMES = {12: "GpioConnection", 13: "PinFunction", 14: "SerialBusConnection", 15: "PinConfiguration",
          16: "PinGroup", 17: "PinGroupFunction", 18: "PinGroupConfiguration", 19: "ClockInput"}
_END = 15


def decode(data):
    """The descriptors of a template, without its end tag. Those for buses that are not known have their bytes."""
    found, at = [], 0
    data = bytes(data)
    while at < len(data):
        tag = data[at]
        large = tag & 0x80
        kind = tag & 0x7f if large else tag >> 3 & 0xf
        start = at + (3 if large else 1)
        size = int.from_bytes(data[at + 1:at + 3], "little") if large else tag & 7
        if start + size > len(data):
            raise AmlError(f"the descriptor at {at:#x} is longer than the template")
        if not large and kind == _END:
            return found
        body = data[start:start + size]
        decoder = (_LARGE if large else _SMALL).get(kind)
        try:
            found.append(decoder(body) if decoder else
                         Resource(_NAMES.get(kind, f"{'Large' if large else 'Small'}{kind:#x}"), data=body))
        except struct.error:
            raise AmlError(f"the descriptor at {at:#x} has {size} bytes") from None
        at = start + size
    raise AmlError("a resource template without an end tag")
