# SPDX-License-Identifier: LGPL-2.1-or-later
"""ctypes for UEFI: GUIDs, status codes, tables that print themselves, functions of the firmware.

Reference: UEFI Specification 2.10, sections 2.3 and 4, appendices A and D."""
import ctypes
import functools
import uuid

import _efi

ERROR_BIT = 1 << 63
STATUS_NAMES = {
    0: "SUCCESS", 1: "LOAD_ERROR", 2: "INVALID_PARAMETER", 3: "UNSUPPORTED", 4: "BAD_BUFFER_SIZE",
    5: "BUFFER_TOO_SMALL", 6: "NOT_READY", 7: "DEVICE_ERROR", 8: "WRITE_PROTECTED",
    9: "OUT_OF_RESOURCES", 10: "VOLUME_CORRUPTED", 11: "VOLUME_FULL", 12: "NO_MEDIA",
    13: "MEDIA_CHANGED", 14: "NOT_FOUND", 15: "ACCESS_DENIED", 16: "NO_RESPONSE", 17: "NO_MAPPING",
    18: "TIMEOUT", 19: "NOT_STARTED", 20: "ALREADY_STARTED", 21: "ABORTED", 22: "ICMP_ERROR",
    23: "TFTP_ERROR", 24: "PROTOCOL_ERROR", 25: "INCOMPATIBLE_VERSION", 26: "SECURITY_VIOLATION",
    27: "CRC_ERROR", 28: "END_OF_MEDIA", 31: "END_OF_FILE", 32: "INVALID_LANGUAGE",
    33: "COMPROMISED_DATA", 35: "HTTP_ERROR", 100: "NETWORK_UNREACHABLE", 101: "HOST_UNREACHABLE",
    102: "PROTOCOL_UNREACHABLE", 103: "PORT_UNREACHABLE", 104: "CONNECTION_FIN",
    105: "CONNECTION_RESET", 106: "CONNECTION_REFUSED",
}


class EfiError(OSError):
    """A call of the firmware has failed; `status` is its EFI_STATUS."""

    def __init__(self, status, what=""):
        self.status = status
        self.code = status & ~ERROR_BIT
        name = STATUS_NAMES.get(self.code, f"status {self.code}")
        super().__init__(f"{what}: {name}" if what else name)


def check(status, what=""):
    """The status, when it is no error; warnings are none."""
    if status & ERROR_BIT:
        raise EfiError(status, what)
    return status


class Guid(ctypes.Structure):
    _fields_ = [("Data1", ctypes.c_uint32), ("Data2", ctypes.c_uint16), ("Data3", ctypes.c_uint16),
                ("Data4", ctypes.c_uint8 * 8)]

    def __init__(self, text=None):
        super().__init__()
        if text is not None:
            ctypes.memmove(ctypes.addressof(self), uuid.UUID(str(text)).bytes_le, 16)

    def __str__(self):
        return str(uuid.UUID(bytes_le=bytes(self)))

    def __repr__(self):
        return f"Guid('{self}')"

    def __eq__(self, other):
        return isinstance(other, Guid) and bytes(self) == bytes(other)

    def __hash__(self):
        return hash(bytes(self))


def text(string):
    """A string as the firmware wants it: UCS-2 with a zero at its end."""
    return (string + "\0").encode("utf-16-le")


def text_at(address):
    """The other way; '' for a null pointer."""
    if not address:
        return ""
    end = address
    while ctypes.c_uint16.from_address(end).value:
        end += 2
    return ctypes.string_at(address, end - address).decode("utf-16-le", "replace")


_BYREF = type(ctypes.byref(ctypes.c_int()))
_SIMPLE = ctypes._SimpleCData
_POINTER = ctypes._Pointer


def _argument(value):
    """What _efi.call takes. Numbers go by value, also those of ctypes; strings, structures and
    arrays as their address, pointers as what they point at."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, _POINTER):
        return ctypes.cast(value, ctypes.c_void_p).value or 0
    if isinstance(value, _SIMPLE):
        plain = value.value
        return 0 if plain is None else plain
    if isinstance(value, _BYREF):
        return ctypes.addressof(value._obj)
    return value


class Function(ctypes.c_void_p):
    """The address of a function of the firmware, which can be called."""

    def __call__(self, *arguments):
        # The conversions live until the call is over.
        converted = [_argument(argument) for argument in arguments]
        return _efi.call(self.value or 0, *converted)

    def bound(self, *arguments):
        """The call with these arguments, converted once, for what is called often."""
        return functools.partial(_efi.call, self.value or 0, *[_argument(argument) for argument in arguments])

    def __repr__(self):
        return f"<function at {self.value or 0:#x}>"


class Table(ctypes.Structure):
    """A structure whose repr lists offsets, names and values."""

    def __repr__(self):
        lines = [f"{type(self).__name__} at {ctypes.addressof(self):#x}"]
        for name, kind, *_ in self._fields_:
            offset = getattr(type(self), name).offset
            lines.append(f"  {offset:#05x} {name} = {_show(getattr(self, name))}")
        return "\n".join(lines)


def _show(value):
    if isinstance(value, Table):
        return repr(value).replace("\n", "\n  ")
    if isinstance(value, _POINTER):
        address = ctypes.cast(value, ctypes.c_void_p).value or 0
        return f"<{value._type_.__name__} at {address:#x}>"
    if isinstance(value, int):
        return f"{value:#x}"
    if isinstance(value, ctypes.Array):
        return repr(list(value))
    return repr(value)


def table(name, fields, doc=None):
    """A class made of lines "Name" (a function), "Name: u32" or "Name: OtherTable"; a type in
    angle brackets is a pointer to it."""
    kinds = {"u8": ctypes.c_uint8, "u16": ctypes.c_uint16, "u32": ctypes.c_uint32,
             "u64": ctypes.c_uint64, "s16": ctypes.c_int16, "s32": ctypes.c_int32,
             "address": ctypes.c_void_p, "guid": Guid}
    members = []
    for field in fields.split(","):
        member, _, kind = (part.strip() for part in field.partition(":"))
        if not kind:
            members.append((member, Function))
            continue
        pointer = kind.startswith("<")
        kind = kind.strip("<>")
        base, _, count = kind.partition("*")
        target = kinds.get(base) or TABLES[base]
        if count:
            target = target * int(count)
        members.append((member, ctypes.POINTER(target) if pointer else target))
    made = type(name, (Table,), {"_fields_": members, "__doc__": doc})
    TABLES[name] = made
    return made


TABLES = {}
