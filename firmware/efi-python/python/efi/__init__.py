# SPDX-License-Identifier: LGPL-2.1-or-later
"""UEFI from Python.

  >>> import efi
  >>> out = efi.system_table.ConOut
  >>> out.contents.OutputString(out, "Hello world\\r\\n")
  Hello world
  0

Functions of the firmware return their EFI_STATUS; `check` makes an exception of an error. Strings become
UCS-2, structures and arrays go as their address, `ctypes.byref` works."""
import ctypes as _ctypes
import sys as _sys

import _efi

from . import names, tables
from .events import Event, callback
from .graphics import Graphics
from .types import EfiError, Function, Guid, Table, check, table, text, text_at

image_handle = _efi.image_handle
system_table = tables.SystemTable.from_address(_efi.system_table)
boot_services = system_table.BootServices.contents
runtime_services = system_table.RuntimeServices.contents


def _guid(protocol):
    if isinstance(protocol, Guid):
        return protocol
    if protocol in names.PROTOCOLS:
        return names.PROTOCOLS[protocol]
    return Guid(protocol)


def _interface(address, protocol, kind):
    kind = kind or tables.__dict__.get(protocol if isinstance(protocol, str) else "")
    if kind is None and isinstance(protocol, str) and protocol.endswith("ServiceBinding"):
        kind = tables.ServiceBinding
    return address if kind is None else kind.from_address(address)


def handles(protocol=None):
    """The handles that have a protocol: a name of efi.names, a GUID or its text. None: all."""
    count, buffer = _ctypes.c_uint64(), _ctypes.c_uint64()
    by_protocol, every = 2, 0
    guid = None if protocol is None else _guid(protocol)
    status = boot_services.LocateHandleBuffer(every if guid is None else by_protocol, guid, None,
                                              _ctypes.byref(count), _ctypes.byref(buffer))
    if status:
        return []
    found = list((_ctypes.c_uint64 * count.value).from_address(buffer.value))
    boot_services.FreePool(buffer.value)
    return found


def protocol(handle, name, kind=None):
    """The interface of a protocol on a handle: of the class `kind`, of the one that efi.tables has
    by this name, or its address."""
    address = _ctypes.c_uint64()
    check(boot_services.HandleProtocol(handle, _guid(name), _ctypes.byref(address)), str(name))
    return _interface(address.value, name, kind)


def locate(name, kind=None):
    """The first interface of a protocol, wherever it is."""
    address = _ctypes.c_uint64()
    check(boot_services.LocateProtocol(_guid(name), None, _ctypes.byref(address)), str(name))
    return _interface(address.value, name, kind)


def protocols_of(handle):
    """The GUIDs of the protocols on a handle."""
    count, buffer = _ctypes.c_uint64(), _ctypes.c_uint64()
    if boot_services.ProtocolsPerHandle(handle, _ctypes.byref(buffer), _ctypes.byref(count)):
        return []
    pointers = (_ctypes.POINTER(Guid) * count.value).from_address(buffer.value)
    found = [Guid(pointer.contents) for pointer in pointers]
    boot_services.FreePool(buffer.value)
    return found


def show_available_protocols():
    """Prints the protocols that there are, and how many handles have each."""
    counts = {}
    for handle in handles():
        for guid in protocols_of(handle):
            counts[guid] = counts.get(guid, 0) + 1
    for guid, count in sorted(counts.items(), key=lambda item: names.name_of(item[0]).lower()):
        print(f"{guid}  {count:3}  {names.name_of(guid)}")


def configuration_tables():
    """(GUID, address) of each configuration table, in the firmware's order."""
    first = system_table.ConfigurationTable
    return [(Guid(first[i].VendorGuid), first[i].VendorTable)
            for i in range(system_table.NumberOfTableEntries)]


def memory_map():
    """The firmware's memory map: a list of efi.tables.MemoryDescriptor."""
    size, key, step = (_ctypes.c_uint64() for _ in range(3))
    version = _ctypes.c_uint32()
    references = [_ctypes.byref(value) for value in (size, key, step, version)]
    boot_services.GetMemoryMap(references[0], None, *references[1:])
    size.value += 8 * step.value  # making the buffer may split a range
    buffer = _ctypes.create_string_buffer(size.value)
    check(boot_services.GetMemoryMap(references[0], buffer, *references[1:]), "GetMemoryMap")
    return [tables.MemoryDescriptor.from_buffer_copy(buffer, at)
            for at in range(0, size.value, step.value)]


def variables():
    """(name, vendor's GUID) of each variable."""
    name = _ctypes.create_string_buffer(2048)
    vendor = Guid()
    while True:
        size = _ctypes.c_uint64(len(name))
        status = runtime_services.GetNextVariableName(_ctypes.byref(size), name, vendor)
        if status:
            return
        yield text_at(_ctypes.addressof(name)), Guid(vendor)


def get_variable(name, vendor=names.GLOBAL_VARIABLE):
    """(attributes, bytes) of a variable; EfiError NOT_FOUND when there is none."""
    size, attributes = _ctypes.c_uint64(), _ctypes.c_uint32()
    data = None
    while True:
        status = runtime_services.GetVariable(name, vendor, _ctypes.byref(attributes),
                                              _ctypes.byref(size), data)
        if status & 0xff != 5 or not status >> 63:  # BUFFER_TOO_SMALL says how much
            break
        data = _ctypes.create_string_buffer(size.value)
    check(status, name)
    return attributes.value, b"" if data is None else data.raw[:size.value]


def set_variable(name, data, vendor=names.GLOBAL_VARIABLE, attributes=7):
    """Sets a variable, by default non-volatile and for boot and runtime; b"" deletes it. Names of
    the global vendor are the specification's: others need a GUID of their own."""
    check(runtime_services.SetVariable(name, vendor, attributes, len(data), bytes(data)), name)


def get_time():
    """The firmware's clock as an efi.tables.Time."""
    time = tables.Time()
    check(runtime_services.GetTime(time, None), "GetTime")
    return time


def read_key():
    """A key that has been pressed, as an efi.tables.KeyData, or None. The prompt reads keys too."""
    keys = protocol(system_table.ConsoleInHandle, "SimpleTextInputEx")
    data = tables.KeyData()
    return None if keys.ReadKeyStrokeEx(keys, data) else data


def reset(kind="cold"):
    """Resets the machine: "cold", "warm", or "shutdown"."""
    for stream in (_sys.stdout, _sys.stderr):
        stream.flush()
    runtime_services.ResetSystem(["cold", "warm", "shutdown"].index(kind), 0, 0, None)


def exit(status=0):
    """Ends Python, running what `atexit` has, and returns to the firmware."""
    raise SystemExit(status)
