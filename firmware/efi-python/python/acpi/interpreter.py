# SPDX-License-Identifier: LGPL-2.1-or-later
"""Loads definition blocks into a namespace, and evaluates what is there.

Terms are executed as they are read: operators.py has what takes operands and gives a value, statements.py control
flow and what makes names.

Reference: ACPI Specification 6.5, chapter 20 (the byte code), sections 5.5 (methods), 19.3.5 (stores)."""
import sys

from . import conversions, fields
from .code import NAME_STARTS, Code
from .errors import AmlError, LimitReached, NotFound, Unsupported
from .namespace import Namespace, parse_path, text_of
from .objects import (Buffer, ByteReference, DebugReference, Device, ElementReference, Method, Mutex, NativeMethod,
                      NodeReference, Package, Reference, Scope, Slot, SlotReference, String, TYPE_NAMES,
                      UnresolvedName, type_of)
from .operators import OPERATORS
from .statements import BREAK, CONTINUE, STATEMENTS

# What _OSI answers with Ones.
OSI_STRINGS = frozenset((
    "Windows 2000", "Windows 2001", "Windows 2001 SP1", "Windows 2001.1", "Windows 2001 SP2", "Windows 2001.1 SP1",
    "Windows 2006", "Windows 2006.1", "Windows 2006 SP1", "Windows 2006 SP2", "Windows 2009", "Windows 2012",
    "Windows 2013", "Windows 2015", "Windows 2016", "Windows 2017", "Windows 2017.2", "Windows 2018",
    "Windows 2018.2", "Windows 2019", "Extended Address Space Descriptor"))
TABLE_HEADER = 36
_LOCAL0, _ARG0 = 0x60, 0x68
_BUFFER, _PACKAGE, _VARIABLE_PACKAGE, _DEBUG, _STRING = 0x11, 0x12, 0x13, 0x5b31, 0x0d
_NUMBERS = {0x0a: 1, 0x0b: 2, 0x0c: 4, 0x0e: 8}
_REFERENCE_OPERATORS = frozenset((0x71, 0x83, 0x88))  # RefOf, DerefOf, Index: what they give can be stored to
_MOST_ELEMENTS = 1 << 16
_MOST_BYTES = 1 << 24
_ELEMENT = 128  # bytes that one of a package counts


class Frame:
    """One execution of a method, or of a definition block."""
    __slots__ = ("code", "scope", "locals", "arguments", "created", "loading", "result")

    def __init__(self, code, scope, arguments=(), loading=False):
        self.code, self.scope, self.loading = code, scope, loading
        self.locals = [Slot() for _ in range(8)]
        self.arguments = [Slot(value, True) for value in arguments]
        self.arguments += [Slot(None, True) for _ in range(7 - len(arguments))]
        self.created = []
        self.result = None


class Interpreter:
    """`hardware` reads and writes what operation regions are of (hardware.py has a simulated one);
    `find_table(signature, oem_id, oem_table_id)` gives the bytes of a table, or None, for LoadTable, and
    `place_of_table` the address and length, for DataTableRegion."""

    most_steps = 5_000_000       # terms that one call may execute
    most_allocated = 1 << 26     # bytes that one call may make
    most_waiting = 10_000_000    # microseconds of Sleep and Stall
    most_depth = 300             # terms within terms, of all methods that are being executed

    def __init__(self, hardware, find_table=None, place_of_table=None):
        self.hardware = hardware
        self.find_table, self.place_of_table = find_table, place_of_table
        self.width = 8  # of integers in bytes; the DSDT's revision says
        self.namespace = Namespace()
        self.notifications = []  # (path, value) of each Notify
        self.debug_output = []   # what has been stored to Debug
        self.externals = {}
        self._unresolved = []
        self._steps = self._allocated = self._waited = self._depth = 0
        self._running = False
        self._predefine()

    def _predefine(self):
        root = self.namespace.root
        for name, value in (("_GPE", Scope()), ("_PR_", Scope()), ("_SB_", Device()), ("_SI_", Scope()),
                            ("_TZ_", Device()), ("_REV", 2), ("_OS_", String(b"Microsoft Windows NT")),
                            ("_GL_", Mutex(0)), ("_OSI", NativeMethod(1, _osi))):
            self.namespace.create(root, parse_path(name), value)

    # ---- What others call

    def load(self, table):
        """A DSDT or SSDT with its header."""
        self._guarded(self.load_now, bytes(table))

    def evaluate(self, path, *arguments):
        """The value of an object, or what a method returns, as int, str, bytes, list or None; what has no
        value in Python is a Reference. Arguments are given as these."""
        return self._guarded(self._evaluate, path, arguments)

    def node(self, path):
        return self.namespace.get(self.namespace.root, parse_path(path))

    def value_of(self, node):
        """The value of an object, without arguments, as AML has it; for what runs within an evaluation."""
        return self._value(node, None)

    def _guarded(self, function, *arguments):
        if self._running:
            raise AmlError("the interpreter is in use")
        self._running = True
        self._steps = self._allocated = self._waited = self._depth = 0
        limit, depth = sys.getrecursionlimit(), _stack_depth()
        sys.setrecursionlimit(max(limit, depth + 8 * self.most_depth + 200))
        try:
            return function(*arguments)
        except RecursionError:
            raise LimitReached("objects within objects, too deep") from None
        finally:
            sys.setrecursionlimit(limit)
            self._running = False

    def _evaluate(self, path, arguments):
        node = self.node(path)
        value = node.value
        given = [self._from_python(argument) for argument in arguments]
        if isinstance(value, (Method, NativeMethod)):
            value = self.invoke(node, given)
        elif given:
            raise AmlError(f"{node.path} is no method and takes no arguments")
        else:
            value = self._value(node, None)
        if isinstance(value, Reference):
            value = self._resolved(value)
        return self.to_python(value)

    def _from_python(self, value):
        if isinstance(value, int):
            return value & self.mask
        if isinstance(value, str):
            return String(value.encode("latin-1"))
        if isinstance(value, (bytes, bytearray)):
            return Buffer(value)
        if isinstance(value, (list, tuple)):
            return Package([self._from_python(element) for element in value])
        raise TypeError(f"{type(value).__name__} is no argument for AML")

    def to_python(self, value):
        if isinstance(value, String):
            return str(value)
        if isinstance(value, Buffer):
            return bytes(value.data)
        if isinstance(value, Package):
            self.charge(_ELEMENT * len(value.elements))
            return [self.to_python(element) for element in value.elements]
        if isinstance(value, NodeReference):
            return value.node
        if isinstance(value, UnresolvedName):
            node = self.namespace.find(value.scope, value.path)
            return text_of(value.path) if node is None else node
        if value is None or isinstance(value, int):
            return value
        return f"<{TYPE_NAMES[type_of(value)] if not isinstance(value, Reference) else 'Reference'}>"

    # ---- Limits

    def step(self):
        self._steps += 1
        if self._steps > self.most_steps:
            raise LimitReached(f"more than {self.most_steps} terms")

    def charge(self, size):
        """Memory is about to be used."""
        self._allocated += size
        if size > _MOST_BYTES or self._allocated > self.most_allocated:
            raise LimitReached(f"an object of {size} bytes, after {self._allocated - size}")

    def wait(self, microseconds):
        self._waited += microseconds
        if self._waited > self.most_waiting:
            raise LimitReached(f"more than {self.most_waiting / 1e6:.0f} seconds of waiting")
        self.hardware.sleep(microseconds)

    @property
    def mask(self):
        return (1 << 8 * self.width) - 1

    # ---- Tables

    def load_now(self, table):
        if len(table) < TABLE_HEADER:
            raise AmlError(f"a table of {len(table)} bytes")
        signature, length = table[:4], int.from_bytes(table[4:8], "little")
        if not TABLE_HEADER <= length <= len(table):
            raise AmlError(f"a table of {len(table)} bytes that says it has {length}")
        if signature == b"DSDT":
            self.width = 4 if table[8] < 2 else 8
        frame = Frame(Code(table, TABLE_HEADER, length), self.namespace.root, loading=True)
        loading, self._unresolved = self._unresolved, []
        try:
            self.execute(frame, length)
        finally:
            self._unresolved, unresolved = loading, self._unresolved
        for package in unresolved:
            self._resolve_elements(package)

    def _resolve_elements(self, package):
        for i, element in enumerate(package.elements):
            if isinstance(element, UnresolvedName):
                node = self.namespace.find(element.scope, element.path)
                if node is not None:
                    package.elements[i] = self._element_of(node)

    @staticmethod
    def _element_of(node):
        """Names of data are their values, others references."""
        if isinstance(node.value, (int, String, Buffer, Package)):
            return node.value
        return NodeReference(node)

    # ---- Terms

    def execute(self, frame, end):
        """Terms up to `end`. None, or what leaves them."""
        code = frame.code
        outer, code.end = code.end, end
        while code.at < end:
            self.step()
            first = code.data[code.at]
            if first in NAME_STARTS:
                self._named_term(frame)
                continue
            opcode = code.opcode()
            statement = STATEMENTS.get(opcode)
            if statement is None:
                self._expression(frame, opcode)
                continue
            self._depth += 1
            if self._depth > self.most_depth:
                raise LimitReached(f"more than {self.most_depth} terms within terms")
            control = statement(self, frame)
            self._depth -= 1
            if control is not None:
                code.end = outer
                return control
        code.end = outer
        return None

    def term(self, frame):
        """The value of a TermArg: data, a Reference, or None."""
        code = frame.code
        self.step()
        first = code.peek()
        if first in NAME_STARTS:
            return self._named_term(frame)
        return self._expression(frame, code.opcode())

    def _expression(self, frame, opcode):
        code = frame.code
        if opcode <= 1:
            return opcode
        if opcode == 0xff:
            return self.mask
        if opcode in _NUMBERS:
            return code.number(_NUMBERS[opcode]) & self.mask
        if _LOCAL0 <= opcode < _ARG0:
            return self._slot_value(frame.locals[opcode - _LOCAL0], f"Local{opcode - _LOCAL0}")
        if _ARG0 <= opcode < _ARG0 + 7:
            return self._slot_value(frame.arguments[opcode - _ARG0], f"Arg{opcode - _ARG0}")
        if opcode == _STRING:
            text = code.string()
            self.charge(len(text))
            return String(text)
        self._depth += 1
        if self._depth > self.most_depth:
            raise LimitReached(f"more than {self.most_depth} terms within terms")
        if opcode == _BUFFER:
            value = self._buffer(frame)
        elif opcode in (_PACKAGE, _VARIABLE_PACKAGE):
            value = self._package(frame, opcode)
        elif opcode == _DEBUG:
            value = DebugReference()
        else:
            operator = OPERATORS.get(opcode)
            if operator is None:
                raise Unsupported(f"the opcode {opcode:02X}h at {code.at:#x} in {frame.scope.path}")
            value = self._operate(frame, operator)
        self._depth -= 1
        return value

    @staticmethod
    def _slot_value(slot, name):
        if slot.value is None:
            raise AmlError(f"{name} has no value")
        return slot.value

    def _named_term(self, frame):
        node = self.namespace.get(frame.scope, frame.code.name())
        return self._value(node, frame)

    def _value(self, node, frame):
        """What a name in a term stands for; a method takes its arguments from the frame's code."""
        value = node.value
        if isinstance(value, (Method, NativeMethod)):
            arguments = []
            if frame is not None:
                self._depth += 1
                if self._depth > self.most_depth:
                    raise LimitReached(f"more than {self.most_depth} terms within terms")
                arguments = [self.present(self.term(frame)) for _ in range(value.arguments)]
                self._depth -= 1
            return self.invoke(node, arguments)
        if isinstance(value, (int, String, Buffer, Package)):
            return value
        if isinstance(value, (fields.Field, fields.BufferField)):
            return value.read(self)
        if value is None:
            raise AmlError(f"{node.path} has no value")
        return NodeReference(node)

    def invoke(self, node, arguments):
        method = node.value
        if len(arguments) != method.arguments:
            raise AmlError(f"{node.path} takes {method.arguments} arguments, not {len(arguments)}")
        if isinstance(method, NativeMethod):
            return method.function(self, *arguments)
        self._depth += 1
        if self._depth > self.most_depth:
            raise LimitReached(f"more than {self.most_depth} terms within terms, in {node.path}")
        frame = Frame(Code(method.data, method.start, method.end), node, arguments)
        try:
            control = self.execute(frame, method.end)
        finally:
            for made in reversed(frame.created):
                made.parent.children.pop(made.name, None)
        self._depth -= 1
        if control in (BREAK, CONTINUE):
            raise AmlError(f"{control} in {node.path} outside of While")
        return frame.result

    def present(self, value):
        if value is None:
            raise AmlError("a method that returns nothing, where a value is needed")
        return value

    # ---- Operands

    def _operate(self, frame, operator):
        values = []
        for kind in operator.operands:
            values.append(_OPERANDS[kind](self, frame))
        try:
            return operator.function(self, *values)
        except AmlError as problem:
            if not getattr(problem, "told", False):
                problem.told = True
                problem.args = (f"{operator.name}: {problem}",) + problem.args[1:]
            raise

    def data(self, frame):
        """An operand that is data; Index of a package gives its element."""
        value = self.present(self.term(frame))
        if isinstance(value, ElementReference):
            value = self._resolved(value)
        if isinstance(value, Reference):
            raise AmlError("a reference, where data is needed")
        return value

    def integer(self, frame):
        value = self.term(frame)
        if value.__class__ is int:
            return value
        value = self.present(value)
        if isinstance(value, ElementReference):
            value = self._resolved(value)
        return conversions.to_integer(value, self.width)

    def _any(self, frame):
        return self.present(self.term(frame))

    def location(self, frame, missing_is_none=False):
        """A SuperName: where something is. None: a null target."""
        code = frame.code
        self.step()
        first = code.peek()
        if first == 0:
            code.at += 1
            return None
        if first in NAME_STARTS:
            path = code.name()
            node = self.namespace.find(frame.scope, path)
            if node is None and not missing_is_none:
                raise NotFound(f"there is no {text_of(path)} in {frame.scope.path}")
            return None if node is None else NodeReference(node)
        opcode = code.opcode()
        if _LOCAL0 <= opcode < _ARG0:
            return SlotReference(frame.locals[opcode - _LOCAL0])
        if _ARG0 <= opcode < _ARG0 + 7:
            return SlotReference(frame.arguments[opcode - _ARG0])
        if opcode == _DEBUG:
            return DebugReference()
        if opcode in _REFERENCE_OPERATORS:
            if opcode == 0x83:  # DerefOf: where its operand leads
                value = self.term(frame)
            else:
                value = self._expression(frame, opcode)
            if isinstance(value, Reference):
                return value
            raise AmlError("a target that is no reference")
        raise AmlError(f"the opcode {opcode:02X}h is nothing to store to")

    def _existing(self, frame):
        found = self.location(frame)
        if found is None:
            raise AmlError("a null name")
        return found

    def _maybe(self, frame):
        return self.location(frame, missing_is_none=True)

    # ---- References and stores

    def dereference(self, reference):
        """What is at a place: data, a Reference, or None."""
        if isinstance(reference, NodeReference):
            value = reference.node.value
            if isinstance(value, (Method, NativeMethod)):
                return reference
            return self._value(reference.node, None)
        if isinstance(reference, SlotReference):
            return reference.slot.value
        if isinstance(reference, ElementReference):
            value = reference.package.elements[reference.index]
            if isinstance(value, UnresolvedName):
                return self._element_of(self.namespace.get(value.scope, value.path))
            return value
        if isinstance(reference, ByteReference):
            return reference.holder.data[reference.index]
        raise AmlError("Debug has no value")

    def _resolved(self, reference):
        """The data behind references, if there is any, otherwise the last one."""
        for _ in range(16):
            value = self.dereference(reference)
            if value is None:
                raise AmlError("a reference to an object without a value")
            if not isinstance(value, Reference) or value is reference:
                return value
            if isinstance(value, NodeReference) and isinstance(reference, NodeReference) and \
                    value.node is reference.node:
                return value
            reference = value
        raise AmlError("references that lead nowhere")

    def copy(self, value, depth=0):
        if isinstance(value, (String, Buffer)):
            self.charge(len(value.data))
            return type(value)(value.data)
        if isinstance(value, Package):
            if depth > 64:
                raise LimitReached("packages in packages, too deep")
            self.charge(_ELEMENT * len(value.elements))
            return Package([self.copy(element, depth + 1) for element in value.elements])
        return value

    def store(self, value, target, convert=True, fixed=False):
        """Store: into a location, or nowhere. `convert`: data takes the type that a name has; `fixed`: and where
        that is another one, it is an error."""
        if target is None:
            return
        if isinstance(target, SlotReference):
            held = target.slot.value
            if (convert and target.slot.is_argument and isinstance(held, (NodeReference, SlotReference)) and
                    held.explicit):
                self.store(value, held, convert=False)
            else:
                target.slot.value = self.copy(value)
        elif isinstance(target, NodeReference):
            self._store_to_node(value, target.node, convert, fixed)
        elif isinstance(target, ElementReference):
            target.package.elements[target.index] = self.copy(value)
        elif isinstance(target, ByteReference):
            self._store_byte(value, target)
        else:
            self.debug(value)

    def copy_object(self, value, target):
        """CopyObject: a name becomes what the value is."""
        if not isinstance(target, NodeReference):
            self.store(value, target)
            return
        if isinstance(value, NodeReference) and not value.explicit:
            value = value.node.value
        self._store_to_node(value, target.node, False, False)

    @staticmethod
    def _store_byte(value, target):
        if isinstance(value, int):
            byte = value & 0xff
        elif isinstance(value, (String, Buffer)):
            byte = value.data[0] if value.data else 0
        else:
            raise conversions.unfit(value, "an Integer, String or Buffer")
        target.holder.data[target.index] = byte

    def _store_to_node(self, value, node, convert, fixed):
        if isinstance(value, ElementReference):
            value = self._resolved(value)
        held = node.value
        if isinstance(held, (fields.Field, fields.BufferField)):
            held.write(self, value)
            return
        if not convert:
            node.value = self.copy(value)
            return
        if isinstance(value, (Reference, UnresolvedName)):
            raise AmlError(f"a reference for {node.path}")
        if fixed and type_of(held) != type_of(value) and held is not None:
            raise AmlError(f"{TYPE_NAMES[type_of(value)]} for {node.path}, a {node.type}")
        if isinstance(held, int):
            node.value = conversions.to_integer(value, self.width)
        elif isinstance(held, String):
            node.value = self.copy(conversions.to_string(value, self.width))
        elif isinstance(held, Buffer):
            data = conversions.to_buffer(value, self.width).data
            size = len(held.data) or len(data)
            self.charge(size)
            held.data[:] = data[:size].ljust(size, b"\0")
        elif held is None or isinstance(held, Package) and isinstance(value, Package):
            node.value = self.copy(value)
        else:
            raise AmlError(f"{TYPE_NAMES[type_of(value)]} for {node.path}, a {node.type}")

    def debug(self, value):
        shown = self.to_python(value)
        self.charge(64 + (len(shown) if isinstance(shown, (str, bytes)) else 0))
        self.debug_output.append(shown)

    # ---- Objects

    def _buffer(self, frame):
        code = frame.code
        end = code.package()
        outer, code.end = code.end, end
        size = self.integer(frame)
        data = code.bytes(end - code.at)
        code.end = outer
        size = max(size, len(data))
        self.charge(size)
        return Buffer(bytes(data).ljust(size, b"\0"))

    def _package(self, frame, opcode):
        code = frame.code
        end = code.package()
        outer, code.end = code.end, end
        count = code.byte() if opcode == _PACKAGE else self.integer(frame)
        if count > _MOST_ELEMENTS:
            raise LimitReached(f"a package of {count} elements")
        self.charge(_ELEMENT * count)
        elements, late = [], False
        while code.at < end and len(elements) < count:
            if code.peek() in NAME_STARTS:
                path = code.name()
                node = self.namespace.find(frame.scope, path)
                if node is None or frame.loading and node.value is None:
                    if not frame.loading:
                        raise NotFound(f"there is no {text_of(path)} in {frame.scope.path}")
                    elements.append(UnresolvedName(path, frame.scope))
                    late = True
                else:
                    elements.append(self._element_of(node))
            else:
                elements.append(self._any(frame))
        code.at, code.end = end, outer
        package = Package(elements + [None] * (count - len(elements)))
        if late:
            self._unresolved.append(package)
        return package

    def create(self, frame, path, value):
        self.charge(200)
        node = self.namespace.create(frame.scope, path, value)
        if not frame.loading:
            frame.created.append(node)
        return node

    def late(self, frame, count):
        """A function for `count` integers that come next. In a definition block what they are made of may
        come later, so that they are evaluated when they are asked for."""
        code = frame.code
        if not frame.loading:
            numbers = [self.integer(frame) for _ in range(count)]
            return lambda: numbers
        start = code.at
        for _ in range(count):
            self._skip_term(frame)
        end = code.at

        def evaluate():
            later = Frame(Code(code.data, start, end), frame.scope)
            return [self.integer(later) for _ in range(count)]
        return evaluate

    # ---- Terms that are passed over

    def _skip_term(self, frame):
        code = frame.code
        self.step()
        if code.peek() in NAME_STARTS:
            path = code.name()
            node = self.namespace.find(frame.scope, path)
            count = 0
            if node is not None and isinstance(node.value, (Method, NativeMethod)):
                count = node.value.arguments
            elif node is None:
                count = self.externals.get(path.segments[-1:], 0)
            for _ in range(count):
                self._skip_nested(frame)
            return
        opcode = code.opcode()
        if opcode <= 1 or opcode == 0xff or _LOCAL0 <= opcode < _ARG0 + 7 or opcode == _DEBUG:
            return
        if opcode in _NUMBERS:
            code.number(_NUMBERS[opcode])
        elif opcode == _STRING:
            code.string()
        elif opcode in (_BUFFER, _PACKAGE, _VARIABLE_PACKAGE):
            code.at = code.package()
        elif opcode in OPERATORS:
            for kind in OPERATORS[opcode].operands:
                if kind in _CONSTANTS:
                    code.bytes(_CONSTANTS[kind])
                else:
                    self._skip_nested(frame)
        else:
            raise Unsupported(f"the opcode {opcode:02X}h at {code.at:#x} in {frame.scope.path}")

    def _skip_nested(self, frame):
        self._depth += 1
        if self._depth > self.most_depth:
            raise LimitReached(f"more than {self.most_depth} terms within terms")
        self._skip_term(frame)
        self._depth -= 1


def _stack_depth():
    depth, frame = 0, sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    return depth


def _osi(interpreter, name):
    return interpreter.mask if isinstance(name, String) and str(name) in OSI_STRINGS else 0


_OPERANDS = {
    "int": Interpreter.integer, "data": Interpreter.data, "any": Interpreter._any,
    "target": Interpreter.location, "super": Interpreter._existing, "maybe": Interpreter._maybe,
    "byte": lambda machine, frame: frame.code.byte(), "word": lambda machine, frame: frame.code.number(2),
    "dword": lambda machine, frame: frame.code.number(4),
}
_CONSTANTS = {"byte": 1, "word": 2, "dword": 4}
