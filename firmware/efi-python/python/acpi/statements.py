# SPDX-License-Identifier: LGPL-2.1-or-later
"""Terms that are no values: what makes names, and control flow. Each is a function of the interpreter and the frame,
and says with BREAK, CONTINUE or RETURN that the terms behind it are not executed.

Reference: ACPI Specification 6.5, sections 20.2.5.1 to 20.2.5.3 (their encoding), 19.6 (their meaning)."""
from . import conversions, fields
from .errors import AmlError, NotFound, Unsupported
from .namespace import parse_path, text_of
from .objects import (Device, Event, Method, Mutex, PowerResource, Processor, Reference, Scope, String,
                      ThermalZone)

BREAK, CONTINUE, RETURN = "Break", "Continue", "Return"
_LITERALS = (0x11, 0x12, 0x13)  # Buffer, Package, VarPackage
_ELSE = 0xa1


def _name(machine, frame):
    path = frame.code.name()
    is_literal = frame.code.peek() in _LITERALS
    value = machine.present(machine.term(frame))
    if isinstance(value, Reference):
        raise AmlError(f"{text_of(path)} is given no data")
    machine.create(frame, path, value if is_literal else machine.copy(value))


def _alias(machine, frame):
    source, path = frame.code.name(), frame.code.name()
    node = machine.namespace.get(frame.scope, source)
    machine.create(frame, path, None).alias_of = node


def _in_scope(machine, frame, node, end):
    outer, frame.scope = frame.scope, node
    control = machine.execute(frame, end)
    frame.scope = outer
    return control


def _scope(machine, frame):
    end = frame.code.package()
    path = frame.code.name()
    node = machine.namespace.get(frame.scope, path)
    if not isinstance(node.value, (Scope, Device, Processor, ThermalZone, PowerResource)):
        raise AmlError(f"Scope of {node.path}, a {node.type}")
    return _in_scope(machine, frame, node, end)


def _container(make):
    def statement(machine, frame):
        end = frame.code.package()
        path = frame.code.name()
        outer, frame.code.end = frame.code.end, end
        node = machine.create(frame, path, make(frame.code))
        frame.code.end = outer
        return _in_scope(machine, frame, node, end)
    return statement


def _method(machine, frame):
    code = frame.code
    end = code.package()
    path = code.name()
    flags = code.byte()
    if code.at > end:
        raise AmlError(f"the method {text_of(path)} ends within its head")
    machine.create(frame, path, Method(code.data, code.at, end, flags))
    code.at = end


def _external(machine, frame):
    path, kind, count = frame.code.name(), frame.code.byte(), frame.code.byte()
    if kind == 8:
        machine.externals[path.segments[-1:]] = count & 7


def _mutex(machine, frame):
    path, flags = frame.code.name(), frame.code.byte()
    machine.create(frame, path, Mutex(flags & 0xf))


def _event(machine, frame):
    machine.create(frame, frame.code.name(), Event())


def _region(machine, frame):
    path, space = frame.code.name(), frame.code.byte()
    place = machine.late(frame, 2)
    node = machine.create(frame, path, None)
    node.value = fields.Region(node, space, place)


def _data_region(machine, frame):
    path = frame.code.name()
    texts = [machine.data(frame) for _ in range(3)]
    if not all(isinstance(text, String) for text in texts):
        raise AmlError("DataTableRegion wants three Strings")

    def place():
        found = machine.place_of_table and machine.place_of_table(*[str(text) for text in texts])
        if not found:
            raise NotFound(f"there is no table {texts[0]}")
        return found
    node = machine.create(frame, path, None)
    node.value = fields.Region(node, fields.SYSTEM_MEMORY, place)


def _units(machine, frame, end, make):
    """A FieldList: `make(flags, first bit, bits)` gives each field."""
    code = frame.code
    flags = code.byte()
    outer, code.end = code.end, end
    at = 0
    while code.at < end:
        machine.step()
        kind = code.peek()
        if kind == 0:
            code.at += 1
            at += code.length()
        elif kind == 1:  # AccessField: type and attribute
            code.at += 1
            flags = flags & 0xf0 | code.number(2) & 0xf
        elif kind in (2, 3):
            raise Unsupported(f"fields of connections (GPIO, serial buses), in {frame.scope.path}")
        else:
            name, count = code.segment(), code.length()
            machine.create(frame, parse_path(name), make(flags, at, count))
            at += count
    code.end = outer


def _of_kind(machine, frame, path, kind, what):
    node = machine.namespace.get(frame.scope, path)
    if not isinstance(node.value, kind):
        raise AmlError(f"{node.path} is no {what}")
    return node.value


def _field(machine, frame):
    end = frame.code.package()
    region = _of_kind(machine, frame, frame.code.name(), fields.Region, "OperationRegion")
    _units(machine, frame, end, lambda *place: fields.RegionField(region, *place))


def _index_field(machine, frame):
    end = frame.code.package()
    index, data = [_of_kind(machine, frame, frame.code.name(), fields.Field, "Field") for _ in range(2)]
    _units(machine, frame, end, lambda *place: fields.IndexField(index, data, *place))


def _bank_field(machine, frame):
    end = frame.code.package()
    region = _of_kind(machine, frame, frame.code.name(), fields.Region, "OperationRegion")
    bank = _of_kind(machine, frame, frame.code.name(), fields.Field, "Field")
    number = machine.late(frame, 1)
    _units(machine, frame, end, lambda *place: fields.BankField(region, bank, lambda: number()[0], *place))


def _create_field(bits):
    """Of so many bits, at a number of bytes; 1: at a number of bits; None: an operand says how many."""
    def statement(machine, frame):
        buffer = conversions.to_buffer(machine.data(frame), machine.width)
        index = machine.integer(frame)
        count = machine.integer(frame) if bits is None else bits
        path = frame.code.name()
        first = index if bits in (1, None) else 8 * index
        machine.create(frame, path, fields.BufferField(buffer, first, count, bits is None))
    return statement


def _if(machine, frame):
    code = frame.code
    end = code.package()
    outer, code.end = code.end, end
    chosen = machine.integer(frame)
    code.end = outer
    control = machine.execute(frame, end) if chosen else None
    if control is not None:
        return control
    code.at = end
    if code.peek() == _ELSE:
        code.at += 1
        end = code.package()
        if not chosen:
            return machine.execute(frame, end)
        code.at = end
    return None


def _else(machine, frame):
    raise AmlError("Else without If")


def _while(machine, frame):
    code = frame.code
    end = code.package()
    start, outer = code.at, code.end
    while True:
        machine.step()
        code.at, code.end = start, end
        again = machine.integer(frame)
        control = machine.execute(frame, end) if again else BREAK
        code.end = outer
        if control == RETURN:
            return control
        if control == BREAK:
            code.at = end
            return None


def _return(machine, frame):
    frame.result = machine.term(frame)
    return RETURN


def _nothing(machine, frame):
    """Noop, BreakPoint."""


STATEMENTS = {
    0x06: _alias, 0x08: _name, 0x10: _scope, 0x14: _method, 0x15: _external, 0x5b01: _mutex, 0x5b02: _event,
    0x5b80: _region, 0x5b81: _field, 0x5b82: _container(lambda code: Device()),
    0x5b83: _container(lambda code: Processor(code.byte(), code.number(4), code.byte())),
    0x5b84: _container(lambda code: PowerResource(code.byte(), code.number(2))),
    0x5b85: _container(lambda code: ThermalZone()), 0x5b86: _index_field, 0x5b87: _bank_field,
    0x5b88: _data_region, 0x8a: _create_field(32), 0x8b: _create_field(16), 0x8c: _create_field(8),
    0x8d: _create_field(1), 0x8f: _create_field(64), 0x5b13: _create_field(None), 0xa0: _if, _ELSE: _else,
    0xa2: _while, 0xa3: _nothing, 0xcc: _nothing, 0xa4: _return, 0xa5: lambda machine, frame: BREAK,
    0x9f: lambda machine, frame: CONTINUE,
}
