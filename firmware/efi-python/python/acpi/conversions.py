# SPDX-License-Identifier: LGPL-2.1-or-later
"""Integers, strings and buffers, made of one another.

Reference: ACPI Specification 6.5, sections 19.3.5.5 to 19.3.5.7 (rules and tables), 19.6 (the ToXxx operators)."""
from .errors import AmlError
from .objects import Buffer, String, Reference, TYPE_NAMES, type_of

_DECIMAL, _HEXADECIMAL = b"0123456789", b"0123456789abcdefABCDEF"
_BLANKS = b" \t\n\v\f\r"


def _digits(data, allowed):
    end = 0
    while end < len(data) and data[end] in allowed:
        end += 1
    return bytes(data[:end])


def unfit(value, wanted):
    name = "a reference" if isinstance(value, Reference) else TYPE_NAMES[type_of(value)]
    return AmlError(f"{name} where {wanted} is needed")


def buffer_to_integer(data, width):
    if not data:
        raise AmlError("an empty Buffer is no Integer")
    return int.from_bytes(data[:width], "little")


def to_integer(value, width):
    """An operand as an integer of `width` bytes; text is hexadecimal."""
    if isinstance(value, int):
        return value
    if isinstance(value, String):
        data = value.data.lstrip(_BLANKS)
        if data[:2].lower() == b"0x":
            data = data[2:]
        digits = _digits(data, _HEXADECIMAL).lstrip(b"0")
        return int(digits[:2 * width] or b"0", 16)
    if isinstance(value, Buffer):
        return buffer_to_integer(value.data, width)
    raise unfit(value, "an Integer")


def explicit_integer(value, width):
    """ToInteger: text is decimal, or hexadecimal behind 0x."""
    if not isinstance(value, String):
        return to_integer(value, width)
    data, base, allowed = value.data.lstrip(_BLANKS), 10, _DECIMAL
    if data[:2].lower() == b"0x":
        data, base, allowed = data[2:], 16, _HEXADECIMAL
    number = 0
    for digit in _digits(data, allowed):
        following = number * base + int(chr(digit), base)
        if following >> 8 * width:  # as ACPICA, as far as it fits
            break
        number = following
    return number


def _hexadecimal_bytes(data, between):
    return between.join(b"0x%02X" % byte for byte in data)


def to_string(value, width):
    """An operand as a string: an integer with all its digits, bytes in hexadecimal, with blanks."""
    if isinstance(value, String):
        return value
    if isinstance(value, int):
        return String(b"%0*X" % (2 * width, value))
    if isinstance(value, Buffer):
        return String(_hexadecimal_bytes(value.data, b" "))
    raise unfit(value, "a String")


def hexadecimal_string(value, width):
    if isinstance(value, Buffer):
        return String(_hexadecimal_bytes(value.data, b","))
    return to_string(value, width)


def decimal_string(value):
    if isinstance(value, String):
        return value
    if isinstance(value, int):
        return String(b"%d" % value)
    return String(b",".join(b"%d" % byte for byte in value.data))


def to_buffer(value, width):
    """An operand as a buffer; a string's has its zero."""
    if isinstance(value, Buffer):
        return value
    if isinstance(value, int):
        return Buffer(value.to_bytes(width, "little"))
    if isinstance(value, String):
        return Buffer(bytes(value.data) + b"\0")
    raise unfit(value, "a Buffer")


def like(value, other, width):
    """The value as the type that the other one has."""
    if isinstance(other, int):
        return to_integer(value, width)
    if isinstance(other, String):
        return to_string(value, width)
    if isinstance(other, Buffer):
        return to_buffer(value, width)
    raise unfit(other, "an Integer, String or Buffer")


def from_bcd(value):
    text = f"{value:x}"
    if not text.isdigit():
        raise AmlError(f"{value:#x} is no BCD")
    return int(text)


def to_bcd(value, width):
    result = int(str(value), 16)
    if result >> 8 * width:
        raise AmlError(f"{value} has no BCD of {8 * width} bits")
    return result
