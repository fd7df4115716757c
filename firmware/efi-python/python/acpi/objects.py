# SPDX-License-Identifier: LGPL-2.1-or-later
"""The objects of AML. An integer is an int; an object without a value is None.

Reference: ACPI Specification 6.5, section 19.3.5 (data types)."""

TYPE_NAMES = ["Uninitialized", "Integer", "String", "Buffer", "Package", "FieldUnit", "Device", "Event", "Method",
              "Mutex", "OperationRegion", "PowerResource", "Processor", "ThermalZone", "BufferField", "DDBHandle",
              "DebugObject"]


class String:
    """Characters of one byte each, without a zero behind."""
    __slots__ = ("data",)
    type = 2

    def __init__(self, data=b""):
        self.data = bytearray(data)

    def __str__(self):
        return self.data.decode("latin-1")


class Buffer:
    __slots__ = ("data",)
    type = 3

    def __init__(self, data=b""):
        self.data = bytearray(data)


class Package:
    __slots__ = ("elements",)
    type = 4

    def __init__(self, elements):
        self.elements = elements


class UnresolvedName:
    """A name in a package that was not there when the package was made."""
    __slots__ = ("path", "scope")
    type = 0

    def __init__(self, path, scope):
        self.path, self.scope = path, scope


class Device:
    type = 6


class ThermalZone:
    type = 13


class Scope:
    """One that the specification has, such as \\_SB."""
    type = 0


class Processor:
    type = 12

    def __init__(self, number, block, length):
        self.number, self.block, self.length = number, block, length


class PowerResource:
    type = 11

    def __init__(self, level, order):
        self.level, self.order = level, order


class Event:
    type = 7

    def __init__(self):
        self.signals = 0


class Mutex:
    type = 9

    def __init__(self, level):
        self.level = level
        self.acquired = 0


class Method:
    type = 8

    def __init__(self, data, start, end, flags):
        self.data, self.start, self.end = data, start, end
        self.arguments = flags & 7
        self.serialized = flags >> 3 & 1
        self.level = flags >> 4


class NativeMethod:
    """One that the interpreter has, not the tables: `function(interpreter, *arguments)`."""
    type = 8

    def __init__(self, arguments, function):
        self.arguments, self.function = arguments, function


class Slot:
    """A local variable, or an argument."""
    __slots__ = ("value", "is_argument")

    def __init__(self, value=None, is_argument=False):
        self.value, self.is_argument = value, is_argument


# ---- References

class Reference:
    """Where an object is. `explicit`: RefOf has made it."""
    __slots__ = ("explicit",)


class NodeReference(Reference):
    """A name of the namespace."""
    __slots__ = ("node",)

    def __init__(self, node, explicit=False):
        self.node, self.explicit = node, explicit


class SlotReference(Reference):
    __slots__ = ("slot",)

    def __init__(self, slot, explicit=False):
        self.slot, self.explicit = slot, explicit


class ElementReference(Reference):
    """An element of a package."""
    __slots__ = ("package", "index")

    def __init__(self, package, index):
        self.package, self.index, self.explicit = package, index, False


class ByteReference(Reference):
    """A byte of a buffer or a string."""
    __slots__ = ("holder", "index")

    def __init__(self, holder, index):
        self.holder, self.index, self.explicit = holder, index, False


class DebugReference(Reference):
    __slots__ = ()

    def __init__(self):
        self.explicit = False


def type_of(value):
    """The number that ObjectType has for it."""
    if value is None:
        return 0
    return 1 if isinstance(value, int) else value.type
