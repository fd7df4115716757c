# SPDX-License-Identifier: LGPL-2.1-or-later
"""The network interface: found and configured at the first use; the services of its protocols;
what all sockets share.

Reference: UEFI Specification 2.10, sections 11.6 (service binding), 7.3.12 (ConnectController),
28.5 (EFI_IP4_CONFIG2_PROTOCOL), 28.8 (EFI_IP6_CONFIG_PROTOCOL)."""
import ctypes
import errno
import sys
import time

import efi
from . import protocols
from .addresses import is_link_local, text, version
from .common import lock, os_error, own_addresses

ERROR_NUMBERS = {
    2: errno.EINVAL, 3: errno.EOPNOTSUPP, 4: errno.EMSGSIZE, 9: errno.ENOBUFS, 12: errno.ENETDOWN,
    14: errno.ENETUNREACH, 15: errno.EADDRINUSE, 16: errno.EHOSTUNREACH, 17: errno.ENETUNREACH,
    18: errno.ETIMEDOUT, 21: errno.ECONNABORTED, 22: errno.EHOSTUNREACH, 100: errno.ENETUNREACH,
    101: errno.EHOSTUNREACH, 102: errno.ENOPROTOOPT, 103: errno.ECONNREFUSED, 104: errno.EPIPE,
    105: errno.ECONNRESET, 106: errno.ECONNREFUSED,
}
# The firmware goes on asking after we have given up; who tries again is told sooner.
SECONDS, SECONDS_AGAIN = 20, 2

# For measurements: without, packets are only taken from the card by the firmware's own timer.
polling = True
_interfaces = {}  # by version of IP
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
        self._binding = interface(int(kind[-1])).binding(kind)
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
    """The first network card that the firmware drives, with one version of IP. Who derives from it says which."""

    _has_waited = False  # in vain
    _INTERFACE_INFO, _AUTOMATIC = 0, 1

    def __init__(self):
        handles = efi.handles(self._CONFIG)
        if not handles:
            _connect_drivers()
            handles = efi.handles(self._CONFIG)
        if not handles:
            raise os_error(errno.ENETUNREACH, f"Network is unreachable: the firmware has no driver for {self._CARD}, "
                                              "or there is none")
        self._handle = handles[0]
        self._config = efi.protocol(self._handle, self._CONFIG, getattr(protocols, self._CONFIG))
        self.addresses = []

    def binding(self, kind):
        return efi.protocol(self._handle, kind + "ServiceBinding")

    def _read(self, what):
        """The buffer with it, None if it is not known."""
        size = ctypes.c_uint64()
        self._config.GetData(self._config, what, ctypes.byref(size), None)
        data = ctypes.create_string_buffer(max(size.value, 1))
        return None if self._config.GetData(self._config, what, ctypes.byref(size), data) or not size.value else data

    def _list(self, what):
        data = self._read(what)
        content = b"" if data is None else data.raw
        return [text(content[at:at + self._SIZE]) for at in range(0, len(content), self._SIZE)]

    @property
    def gateways(self):
        return self._list(self._GATEWAY)

    @property
    def name_servers(self):
        return self._list(self._DNS_SERVERS)

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

    def _ask(self):
        """Lets the firmware ask the network for addresses."""
        policy = ctypes.c_uint32(self._AUTOMATIC)
        self._config.SetData(self._config, self._POLICY, 4, ctypes.byref(policy))

    def _wait_for(self, ready):
        end = time.monotonic() + (SECONDS_AGAIN if self._has_waited else SECONDS)
        while not ready():
            without_link = self.has_link is False
            if without_link or time.monotonic() > end:
                type(self)._has_waited = not without_link
                reason = "the card has no link" if without_link else self._NO_ANSWER
                say(f"{self._NAME} configuration failed: {reason}")
                raise os_error(errno.ENETUNREACH, f"Network is unreachable: {reason}")
            time.sleep(0.02)


class Interface4(Interface):
    _CONFIG, _NAME, _SIZE = "Ip4Config2", "IP", 4
    _CARD = "a network card"
    _POLICY, _GATEWAY, _DNS_SERVERS = 1, 3, 4
    _NO_ANSWER = "no answer of a DHCP server"

    def __init__(self):
        """Takes an address that is there already, otherwise waits for one."""
        super().__init__()
        say("IP configuration started")
        if not self.look():
            self._ask()
            self._wait_for(self.look)
        own_addresses.add(self.address)
        say(f"IP configuration complete: {self.address}/{self.mask}")

    def look(self):
        data = self._read(self._INTERFACE_INFO)
        if data is None:
            return False
        info = protocols.Ip4InterfaceInfo.from_buffer(data)
        if not any(info.StationAddress):
            return False
        self.address, self.mask = text(info.StationAddress), text(info.SubnetMask)
        self.addresses = [self.address]
        return True

    def reach(self, address):
        pass

    def source(self, address):
        return self.address


class Interface6(Interface):
    """The card makes a link-local address by itself, and others when a router announces a prefix."""

    _CONFIG, _NAME, _SIZE = "Ip6Config", "IPv6", 16
    _CARD = "IPv6 on a network card"
    _POLICY, _GATEWAY, _DNS_SERVERS = 2, 5, 6
    _NO_ANSWER = "no router has announced a prefix"

    def __init__(self):
        super().__init__()
        self._complete = False
        if not self.look():
            self._ask()
            self._wait_for(lambda: self.look() or self.addresses)

    def look(self):
        """Whether there is an address that is good for more than the link."""
        data = self._read(self._INTERFACE_INFO)
        if data is None:
            return False
        info = protocols.Ip6InterfaceInfo.from_buffer(data)
        listed = (protocols.Ip6AddressInfo * info.AddressInfoCount).from_address(info.AddressInfo or 0)
        self._prefixes = {text(entry.Address): entry.PrefixLength for entry in listed}
        self.addresses = list(self._prefixes)
        own_addresses.update(self.addresses)
        return not all(map(is_link_local, self.addresses))

    def reach(self, address):
        """Waits for an address that talks to this one."""
        if self._complete or is_link_local(address):
            return
        say("IPv6 configuration started")
        self._wait_for(self.look)
        self._complete = True
        own = self.source(address)
        say(f"IPv6 configuration complete: {own}/{self._prefixes[own]}")

    def source(self, address):
        from .selection import source
        self.look()
        return source(address, self.addresses)


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


def interface(ip_version=4):
    """The interface, configured; OSError when there is none."""
    with lock:
        if ip_version not in _interfaces:
            _interfaces[ip_version] = (Interface6 if ip_version == 6 else Interface4)()
        return _interfaces[ip_version]


def reach(address):
    """Waits for what is needed to talk to it. OSError when that is not to be had."""
    interface(version(address)).reach(address)


def known_addresses():
    """The card's, as far as somebody has asked for them."""
    for one in _interfaces.values():
        one.look()
    return [address for one in _interfaces.values() for address in one.addresses]
