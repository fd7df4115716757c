# SPDX-License-Identifier: LGPL-2.1-or-later
"""Terms that take operands. A table: opcode, name, the kinds of its operands, and a function of the interpreter
and their values.

Kinds: `int` (converted), `data` (Integer, String, Buffer or Package), `any` (data or a reference), `super` (a place
that there is), `maybe` (one that there may be), `target` (a place or nothing), `byte`, `word`, `dword` (part of the
code).

Reference: ACPI Specification 6.5, sections 19.6 (each operator), 20.2.5.4 (their encoding)."""
import collections
import time

from . import conversions, fields
from .errors import AmlError, Fatal
from .namespace import parse_path
from .objects import (Buffer, ByteReference, DebugReference, ElementReference, Event, Mutex, NodeReference, Package,
                      Reference, SlotReference, String, TYPE_NAMES, UnresolvedName, type_of)

Operator = collections.namedtuple("Operator", "name operands function")
OPERATORS = {}
_END_TAG = b"\x79\0"


def operator(opcode, name, operands=""):
    def register(function):
        OPERATORS[opcode] = Operator(name, tuple(operands.split()), function)
        return function
    return register


# ---- Integers

def _arithmetic(opcode, name, function):
    def execute(m, left, right, target):
        result = function(m, left, right) & m.mask
        m.store(result, target)
        return result
    operator(opcode, name, "int int target")(execute)


def _modulo(m, left, right):
    if not right:
        raise AmlError("a division by zero")
    return left % right


def _shift_left(m, left, right):
    return left << right if right < 8 * m.width else 0


_arithmetic(0x72, "Add", lambda m, a, b: a + b)
_arithmetic(0x74, "Subtract", lambda m, a, b: a - b)
_arithmetic(0x77, "Multiply", lambda m, a, b: a * b)
_arithmetic(0x79, "ShiftLeft", _shift_left)
_arithmetic(0x7a, "ShiftRight", lambda m, a, b: a >> b if b < 8 * m.width else 0)
_arithmetic(0x7b, "And", lambda m, a, b: a & b)
_arithmetic(0x7c, "NAnd", lambda m, a, b: ~(a & b))
_arithmetic(0x7d, "Or", lambda m, a, b: a | b)
_arithmetic(0x7e, "NOr", lambda m, a, b: ~(a | b))
_arithmetic(0x7f, "XOr", lambda m, a, b: a ^ b)
_arithmetic(0x85, "Mod", _modulo)


@operator(0x78, "Divide", "int int target target")
def _divide(m, dividend, divisor, remainder, quotient):
    m.store(_modulo(m, dividend, divisor), remainder)
    m.store(dividend // divisor, quotient)
    return dividend // divisor


def _unary(opcode, name, function, fixed=False):
    def execute(m, value, target):
        result = function(m, value) & m.mask
        m.store(result, target, fixed=fixed)
        return result
    operator(opcode, name, "int target")(execute)


_unary(0x80, "Not", lambda m, a: ~a)
_unary(0x81, "FindSetLeftBit", lambda m, a: a.bit_length())
_unary(0x82, "FindSetRightBit", lambda m, a: (a & -a).bit_length())
_unary(0x5b28, "FromBCD", lambda m, a: conversions.from_bcd(a), True)
_unary(0x5b29, "ToBCD", lambda m, a: conversions.to_bcd(a, m.width), True)


def _count(step):
    def execute(m, place):
        value = conversions.to_integer(_data_at(m, place), m.width)
        result = value + step & m.mask
        m.store(result, place)
        return result
    return execute


operator(0x75, "Increment", "super")(_count(1))
operator(0x76, "Decrement", "super")(_count(-1))


# ---- Logic

def _truth(m, value):
    return m.mask if value else 0


operator(0x90, "LAnd", "int int")(lambda m, a, b: _truth(m, a and b))
operator(0x91, "LOr", "int int")(lambda m, a, b: _truth(m, a or b))
operator(0x92, "LNot", "int")(lambda m, a: _truth(m, not a))


def _compare(m, left, right):
    """-1, 0 or 1; the right one is taken as what the left one is."""
    right = conversions.like(right, left, m.width)
    if not isinstance(left, int):
        left, right = left.data, right.data
    return (left > right) - (left < right)


operator(0x93, "LEqual", "data data")(lambda m, a, b: _truth(m, _compare(m, a, b) == 0))
operator(0x94, "LGreater", "data data")(lambda m, a, b: _truth(m, _compare(m, a, b) > 0))
operator(0x95, "LLess", "data data")(lambda m, a, b: _truth(m, _compare(m, a, b) < 0))

# MTR, MEQ, MLE, MLT, MGE, MGT: what an element is to the operand, by how the operand compares with it.
_MATCHES = (lambda c: True, lambda c: c == 0, lambda c: c >= 0, lambda c: c > 0, lambda c: c <= 0, lambda c: c < 0)


@operator(0x89, "Match", "data byte data byte data int")
def _match(m, package, first, first_operand, second, second_operand, start):
    """An element is taken as what the operand is; one that cannot be does not match."""
    if not isinstance(package, Package):
        raise conversions.unfit(package, "a Package")
    if first >= len(_MATCHES) or second >= len(_MATCHES):
        raise AmlError("a match operator that there is not")
    if start >= len(package.elements):
        raise AmlError(f"a start at {start} in a package of {len(package.elements)}")
    for operand in first_operand, second_operand:
        if not isinstance(operand, (int, String, Buffer)):
            raise conversions.unfit(operand, "an Integer, String or Buffer")
    for i in range(start, len(package.elements)):
        m.step()
        element = package.elements[i]
        if isinstance(element, (int, String, Buffer)) and _fits(m, first, first_operand, element) and _fits(
                m, second, second_operand, element):
            return i
    return m.mask


def _fits(m, kind, operand, element):
    if kind == 0:
        return True
    if isinstance(element, (String, Buffer)):
        m.charge(5 * len(element.data))
    try:
        return _MATCHES[kind](_compare(m, operand, element))
    except AmlError:
        return False


# ---- Strings and buffers

def _stored(m, value, target, fixed=False):
    if isinstance(value, (String, Buffer)):
        m.charge(len(value.data))
    m.store(value, target, fixed=fixed)
    return value


@operator(0x73, "Concatenate", "any any target")
def _concatenate(m, left, right, target):
    left, right = _concatenable(m, left), _concatenable(m, right)
    if isinstance(left, int):
        data = left.to_bytes(m.width, "little") + conversions.to_integer(right, m.width).to_bytes(m.width, "little")
        return _stored(m, Buffer(data), target)
    right = conversions.like(right, left, m.width)
    m.charge(len(left.data) + len(right.data))
    return _stored(m, type(left)(left.data + right.data), target)


def _concatenable(m, value):
    """What is no data is the name of its type."""
    if isinstance(value, ElementReference):
        value = m.dereference(value)
    if isinstance(value, (int, String, Buffer)):
        return value
    if isinstance(value, NodeReference) and not value.explicit:
        value = value.node.value
    kind = "Reference" if isinstance(value, Reference) else TYPE_NAMES[type_of(value)]
    return String(f"[{kind} Object]".encode())


@operator(0x84, "ConcatenateResTemplate", "data data target")
def _concatenate_templates(m, left, right, target):
    parts = []
    for part in left, right:
        if not isinstance(part, Buffer):
            raise conversions.unfit(part, "a Buffer")
        parts.append(bytes(part.data[:_end_of_template(part.data)]))
    m.charge(len(parts[0]) + len(parts[1]))
    return _stored(m, Buffer(parts[0] + parts[1] + _END_TAG), target)


def _end_of_template(data):
    """Where the end tag is."""
    at = 0
    while at < len(data):
        tag = data[at]
        if tag >> 3 == 0x0f:
            return at
        if tag & 0x80:
            at += 3 + int.from_bytes(data[at + 1:at + 3], "little")
        else:
            at += 1 + (tag & 7)
    if not data:
        return 0
    raise AmlError("a resource template without an end tag")


@operator(0x9c, "ToString", "data int target")
def _to_string(m, value, length, target):
    data = conversions.to_buffer(value, m.width).data
    end = data.find(0)
    text = bytes(data[:end] if end >= 0 else data)[:length]
    return _stored(m, String(text), target, True)


@operator(0x9e, "Mid", "data int int target")
def _mid(m, value, index, length, target):
    if isinstance(value, int):
        value = conversions.to_buffer(value, m.width)
    if not isinstance(value, (String, Buffer)):
        raise conversions.unfit(value, "a String or Buffer")
    return _stored(m, type(value)(value.data[index:index + length]), target)


def _explicit(opcode, name, function):
    def execute(m, value, target):
        if not isinstance(value, (int, String, Buffer)):
            raise conversions.unfit(value, "an Integer, String or Buffer")
        if isinstance(value, Buffer):
            m.charge(6 * len(value.data))
        return _stored(m, function(m, value), target, True)
    operator(opcode, name, "data target")(execute)


_explicit(0x96, "ToBuffer", lambda m, value: conversions.to_buffer(value, m.width))
_explicit(0x97, "ToDecimalString", lambda m, value: conversions.decimal_string(value))
_explicit(0x98, "ToHexString", lambda m, value: conversions.hexadecimal_string(value, m.width))
_explicit(0x99, "ToInteger", lambda m, value: conversions.explicit_integer(value, m.width))


# ---- References

@operator(0x71, "RefOf", "super")
def _ref_of(m, place):
    if isinstance(place, NodeReference):
        return NodeReference(place.node, True)
    if isinstance(place, SlotReference):
        return SlotReference(place.slot, True)
    return place


@operator(0x5b12, "CondRefOf", "maybe target")
def _cond_ref_of(m, place, target):
    if place is None:
        return 0
    m.store(_ref_of(m, place), target)
    return m.mask


@operator(0x83, "DerefOf", "any")
def _deref_of(m, value):
    if isinstance(value, String):
        node = m.namespace.get(m.namespace.root, parse_path(str(value)))
        value = NodeReference(node)
    if not isinstance(value, Reference):
        raise conversions.unfit(value, "a reference")
    found = m.dereference(value)
    if found is None:
        raise AmlError("a reference to an object without a value")
    return found


@operator(0x88, "Index", "data int target")
def _index(m, value, index, target):
    if not isinstance(value, (String, Buffer, Package)):
        raise conversions.unfit(value, "a String, Buffer or Package")
    size = len(value.elements if isinstance(value, Package) else value.data)
    if index >= size:
        raise AmlError(f"{index} of {size} elements")
    result = ElementReference(value, index) if isinstance(value, Package) else ByteReference(value, index)
    m.store(result, target)
    return result


def _data_at(m, place):
    """The data at a SuperName, through references that are there."""
    value = place
    if isinstance(place, (NodeReference, SlotReference, ElementReference, ByteReference)):
        value = m.dereference(place)
    for _ in range(16):
        if not isinstance(value, Reference) or isinstance(value, DebugReference):
            break
        following = m.dereference(value)
        if isinstance(following, NodeReference) and isinstance(value, NodeReference):
            return following.node.value
        value = following
    if value is None:
        raise AmlError("an object without a value")
    return value


@operator(0x87, "SizeOf", "super")
def _size_of(m, place):
    value = _data_at(m, place)
    if isinstance(value, Package):
        return len(value.elements)
    if isinstance(value, (String, Buffer)):
        return len(value.data)
    if isinstance(value, int):  # the specification does not have it, ACPICA does
        return m.width
    raise conversions.unfit(value, "an Integer, String, Buffer or Package")


@operator(0x8e, "ObjectType", "super")
def _object_type(m, place):
    for _ in range(16):
        if isinstance(place, DebugReference):
            return 16
        if isinstance(place, NodeReference):
            return type_of(place.node.value)
        if isinstance(place, SlotReference):
            value = place.slot.value
        elif isinstance(place, ElementReference):
            value = place.package.elements[place.index]
            if isinstance(value, UnresolvedName):
                return type_of(m.namespace.get(value.scope, value.path).value)
        else:
            return _type_of_byte(place)
        if not isinstance(value, Reference):
            return type_of(value)
        place = value
    raise AmlError("references that lead nowhere")


def _type_of_byte(place):
    return 14 if isinstance(place, ByteReference) else 0


@operator(0x70, "Store", "any super")
def _store(m, value, target):
    m.store(value, target)
    return value


@operator(0x9d, "CopyObject", "any super")
def _copy_object(m, value, target):
    m.copy_object(value, target)
    return value


# ---- Waiting, tables, notices

def _at(m, place, kind, what):
    value = place
    while isinstance(value, Reference):
        following = value.node.value if isinstance(value, NodeReference) else m.dereference(value)
        if following is value:
            break
        value = following
    if not isinstance(value, kind):
        raise AmlError(f"no {what}")
    return value


@operator(0x5b23, "Acquire", "super word")
def _acquire(m, place, timeout):
    """There is one thread, which gets it."""
    _at(m, place, Mutex, "Mutex").acquired += 1
    return 0


@operator(0x5b27, "Release", "super")
def _release(m, place):
    mutex = _at(m, place, Mutex, "Mutex")
    if not mutex.acquired:
        raise AmlError("a Mutex that is not held")
    mutex.acquired -= 1


@operator(0x5b24, "Signal", "super")
def _signal(m, place):
    _at(m, place, Event, "Event").signals += 1


@operator(0x5b26, "Reset", "super")
def _reset(m, place):
    _at(m, place, Event, "Event").signals = 0


@operator(0x5b25, "Wait", "super int")
def _wait(m, place, timeout):
    """Nothing else runs that could signal it: without a signal the time is up at once."""
    event = _at(m, place, Event, "Event")
    if not event.signals:
        return m.mask
    event.signals -= 1
    return 0


@operator(0x86, "Notify", "super int")
def _notify(m, place, value):
    while isinstance(place, Reference) and not isinstance(place, NodeReference):
        place = m.dereference(place)
    if not isinstance(place, NodeReference):
        raise AmlError("no object to notify")
    m.charge(100)
    m.notifications.append((place.node.path, value))


@operator(0x5b22, "Sleep", "int")
def _sleep(m, milliseconds):
    m.wait(milliseconds * 1000)


@operator(0x5b21, "Stall", "int")
def _stall(m, microseconds):
    m.wait(microseconds)


operator(0x5b33, "Timer")(lambda m: time.monotonic_ns() // 100 & m.mask)
operator(0x5b30, "Revision")(lambda m: 1)


@operator(0x5b32, "Fatal", "byte dword int")
def _fatal(m, kind, code, argument):
    raise Fatal(f"type {kind:#x}, code {code:#x}, argument {argument:#x}")


@operator(0x5b20, "Load", "super target")
def _load(m, source, target):
    value = source.node.value if isinstance(source, NodeReference) else m.dereference(source)
    if isinstance(value, fields.Region):
        head = bytes(value.read(m, at, 1) for at in range(8))
        length = int.from_bytes(head[4:], "little")
        m.charge(length)
        table = bytes(value.read(m, at, 1) for at in range(length))
    else:
        data = m.dereference(source)
        if not isinstance(data, Buffer):
            raise conversions.unfit(data, "an OperationRegion or a Buffer")
        table = bytes(data.data)
    _load_table(m, table)
    m.store(m.mask, target)
    return m.mask


def _load_table(m, table):
    if table[:4] not in (b"SSDT", b"PSDT"):
        raise AmlError(f"a table {table[:4]!r}, where an SSDT is needed")
    if sum(table) & 0xff:
        raise AmlError("a table with a wrong checksum")
    m.load_now(table)


@operator(0x5b1f, "LoadTable", "data data data data data data")
def _load_table_of(m, signature, oem, oem_table, root, place, value):
    names = [str(text) if isinstance(text, String) else "" for text in (signature, oem, oem_table)]
    table = m.find_table and m.find_table(*names)
    if not table:
        return 0
    m.load_now(bytes(table))
    if isinstance(place, String) and place.data:
        m.store(value, NodeReference(m.namespace.get(m.namespace.root, parse_path(str(place)))))
    return m.mask
