# SPDX-License-Identifier: LGPL-2.1-or-later
"""The network interface: found and configured at the first use; the services of its protocols;
what all sockets share.

Reference: UEFI Specification 2.10, sections 11.6 (service binding), 7.3.12 (ConnectController),
28.5 (EFI_IP4_CONFIG2_PROTOCOL)."""
import ctypes
import errno
import sys
import time

import efi
from . import protocols
from .common import lock, os_error, own_addresses

ERROR_NUMBERS = {
    2: errno.EINVAL, 3: errno.EOPNOTSUPP, 9: errno.ENOBUFS, 12: errno.ENETDOWN,
    14: errno.ENETUNREACH, 15: errno.EADDRINUSE, 16: errno.EHOSTUNREACH, 17: errno.ENETUNREACH,
    18: errno.ETIMEDOUT, 21: errno.ECONNABORTED, 22: errno.EHOSTUNREACH, 100: errno.ENETUNREACH,
    101: errno.EHOSTUNREACH, 102: errno.ENOPROTOOPT, 103: errno.ECONNREFUSED, 104: errno.EPIPE,
    105: errno.ECONNRESET, 106: errno.ECONNREFUSED,
}
# The firmware goes on asking after we have given up; who tries again is told sooner.
DHCP_SECONDS, DHCP_SECONDS_AGAIN = 20, 2
_INTERFACE_INFO, _POLICY, _GATEWAY, _DNS_SERVERS = 0, 1, 3, 4
_POLICY_DHCP = 1

# For measurements: without, packets are only taken from the card by the firmware's own timer.
polling = True
_interface = None
_has_waited = False
_children = _events = 0


def error_number(status):
    """The errno of an EFI_STATUS."""
    return ERROR_NUMBERS.get(status & ~efi.types.ERROR_BIT, errno.EIO)


def is_status(status, code):
    return status == efi.types.ERROR_BIT | code


def counts():
    """(children, events) of the firmware that sockets hold: for tests that nothing is lost."""
    return _children, _events


def say(text):
    stream = sys.__stderr__
    if stream is not None:
        print(text, file=stream, flush=True)


class Token:
    """A call under way: its event, its status, the data that belong to it. The firmware writes
    into it until the event is signalled: it must live that long."""

    def __init__(self, data=None):
        global _events
        event = ctypes.c_uint64()
        status = efi.boot_services.CreateEvent(0, 0, None, None, ctypes.byref(event))
        if status:
            raise os_error(errno.ENOBUFS)
        _events += 1
        self.data = data
        self.block = protocols.CompletionToken(event.value)
        self.pending = False
        self._check = efi.boot_services.CheckEvent.bound(event.value)
        self._call = None

    def prepare(self, function, protocol):
        """The call that start() makes."""
        self._call = function.bound(protocol, self.block)

    def start(self, function=None, protocol=None):
        """Makes this call, or the prepared one; its EFI_STATUS."""
        if function is not None:
            self.prepare(function, protocol)
        block = self.block
        block.Status = 0
        block.Data = 0 if self.data is None else ctypes.addressof(self.data)
        status = self._call()
        self.pending = status == 0
        return status

    def done(self):
        """Whether the call is over; true once."""
        if not self.pending or self._check():
            return False
        self.pending = False
        return True

    @property
    def status(self):
        return self.block.Status

    def close(self):
        global _events
        if self.block.Event:
            efi.boot_services.CloseEvent(self.block.Event)
            self.block.Event = 0
            _events -= 1


class Child:
    """An instance of a protocol, made by its service binding, or one that the firmware has made."""

    def __init__(self, kind, handle=None):
        global _children
        self._binding = interface().binding(kind)
        if handle is None:
            made = ctypes.c_uint64()
            status = self._binding.CreateChild(self._binding, ctypes.byref(made))
            if status:
                raise os_error(error_number(status))
            handle = made.value
        self._handle = handle
        _children += 1
        self.protocol = efi.protocol(handle, kind, getattr(protocols, kind))

    def close(self):
        global _children
        if self._handle:
            self._binding.DestroyChild(self._binding, self._handle)
            self._handle = 0
            _children -= 1


class Interface:
    """The first network card that the firmware drives."""

    def __init__(self):
        handles = efi.handles("Ip4Config2")
        if not handles:
            _connect_drivers()
            handles = efi.handles("Ip4Config2")
        if not handles:
            raise os_error(errno.ENETUNREACH, "Network is unreachable: the firmware has no driver "
                                              "for a network card, or there is none")
        self._handle = handles[0]
        self._config = efi.protocol(self._handle, "Ip4Config2", protocols.Ip4Config2)
        self.address = self.mask = None
        self._configure()

    def binding(self, kind):
        return efi.protocol(self._handle, kind + "ServiceBinding")

    def _get(self, what):
        size = ctypes.c_uint64()
        self._config.GetData(self._config, what, ctypes.byref(size), None)
        data = ctypes.create_string_buffer(max(size.value, 1))
        if self._config.GetData(self._config, what, ctypes.byref(size), data):
            return b""
        return data.raw[:size.value]

    def _addresses(self, what):
        data = self._get(what)
        return [".".join(map(str, data[at:at + 4])) for at in range(0, len(data), 4)]

    @property
    def gateways(self):
        return self._addresses(_GATEWAY)

    @property
    def name_servers(self):
        return self._addresses(_DNS_SERVERS)

    @property
    def has_link(self):
        """None when the firmware does not know."""
        try:
            network = efi.protocol(self._handle, "SimpleNetwork", protocols.SimpleNetwork)
        except efi.EfiError:
            return None
        interrupts = ctypes.c_uint32()
        network.GetStatus(network, ctypes.byref(interrupts), None)
        mode = network.Mode.contents
        return bool(mode.MediaPresent) if mode.MediaPresentSupported else None

    def _read_address(self):
        data = self._get(_INTERFACE_INFO)
        if len(data) < ctypes.sizeof(protocols.Ip4InterfaceInfo):
            return False
        info = protocols.Ip4InterfaceInfo.from_buffer_copy(data)
        if not any(info.StationAddress):
            return False
        self.address = ".".join(map(str, info.StationAddress))
        self.mask = ".".join(map(str, info.SubnetMask))
        return True

    def _configure(self):
        """Takes an address that is there already, otherwise asks for one."""
        global _has_waited
        say("IP configuration started")
        end = time.monotonic() + (DHCP_SECONDS_AGAIN if _has_waited else DHCP_SECONDS)
        if not self._read_address():
            policy = ctypes.c_uint32(_POLICY_DHCP)
            self._config.SetData(self._config, _POLICY, 4, ctypes.byref(policy))
            while not self._read_address():
                without_link = self.has_link is False
                if without_link or time.monotonic() > end:
                    _has_waited = not without_link
                    reason = "the card has no link" if without_link else "no answer of a DHCP server"
                    say(f"IP configuration failed: {reason}")
                    raise os_error(errno.ENETUNREACH, f"Network is unreachable: {reason}")
                time.sleep(0.02)
        own_addresses.add(self.address)
        say(f"IP configuration complete: {self.address}/{self.mask}")


def _connect_drivers():
    """The firmware connects drivers to what it boots from, not to network cards."""
    network_class, class_offset, width_byte = 2, 0x0b, 0
    handles = efi.handles("PciIo")
    for handle in handles:
        card = efi.protocol(handle, "PciIo", protocols.PciIo)
        found = ctypes.c_uint8()
        card.PciRead(card, width_byte, class_offset, 1, ctypes.byref(found))
        if found.value == network_class:
            efi.boot_services.ConnectController(handle, None, None, True)


def interface():
    """The interface, configured; OSError when there is none."""
    global _interface
    with lock:
        if _interface is None:
            _interface = Interface()
        return _interface
