# SPDX-License-Identifier: LGPL-2.1-or-later
"""A datagram socket of AF_INET or AF_INET6. Nothing here waits: None says that it would."""
import collections
import errno

from . import common
from .addresses import is_any, is_loopback, is_own, version
from .common import Connectionless, Ports, os_error
from .internet import Internet, interfaces

_ports = Ports()
_here = {}  # by version of IP and port: those that datagrams from within the machine reach
_QUEUE_LIMIT = 64
LARGEST = {4: 65535 - 20 - 8, 6: 65535 - 8}  # IP's length counts the headers that are not its own
_BROADCAST = "255.255.255.255"


class Datagram(Connectionless, Internet):
    def __init__(self, ip_version=4):
        super().__init__(ip_version)
        self._shared = False
        self._remote = None
        self._firmware = {}  # by version of IP: efi_net.udp.Datagrams, once something leaves or may come
        self._received = collections.deque()
        self._failed = 0
        self.shut_read = self.shut_write = False

    def bind(self, address, port):
        if self._bound is not None:
            raise os_error(errno.EINVAL)
        self.check_can_bind(address)
        self._take_port(address, port)
        if is_loopback(address):
            return
        for ip_version in self.versions_at(address):
            try:
                self._open(ip_version)
            except OSError as problem:
                if not is_any(address) or problem.errno != errno.ENETUNREACH:
                    self.close()
                    raise

    def _take_port(self, address, port):
        self._shared = bool(self.options.get("share") or self.options.get("share_port"))
        versions = self.versions_at(address)
        self._bound = (address, _ports.take(port, self._shared, versions))
        for ip_version in versions:
            _here[ip_version, self._bound[1]] = self

    def _give_port_back(self):
        if self._bound is not None:
            address, port = self._bound
            versions = self.versions_at(address)
            _ports.give_back(port, self._shared, versions)
            for ip_version in versions:
                if _here.get((ip_version, port)) is self:
                    del _here[ip_version, port]
            self._bound = None

    def _open(self, ip_version):
        """The firmware's end for this version of IP."""
        if ip_version not in self._firmware:
            from . import udp
            interfaces().interface(ip_version)
            remote = self._remote if self._remote and not is_own(self._remote[0]) else None
            self._firmware[ip_version] = udp.Datagrams(ip_version, self._bound, remote, self.options)
        return self._firmware[ip_version]

    def _close_firmware(self):
        while self._firmware:
            self._firmware.popitem()[1].close()

    def connect(self, address, port):
        self._close_firmware()
        address = self.destination(address)
        if not is_own(address):
            interfaces().reach(address)
        if self._bound is None:
            self._take_port(address if is_own(address) else self.any, 0)
        self._remote = (address, port)
        if not is_own(address):
            self._open(version(address))

    def service(self):
        for firmware in list(self._firmware.values()):
            firmware.service()
            with common.lock:
                self._received.extend(firmware.received)
                firmware.received.clear()
            if firmware.error:
                self._failed, firmware.error = firmware.error, 0

    def receive(self, count, flags):
        """The whole datagram: the caller cuts it, and knows so."""
        self.service()
        error = self.take_error()
        if error:
            raise os_error(error)
        with common.lock:
            if self._received:
                return self._received[0] if flags & common.MSG_PEEK else self._received.popleft()
        return (b"", None) if self.shut_read else None

    def send(self, data, flags, address):
        if self.shut_write:
            raise os_error(errno.EPIPE)
        error = self.take_error()
        if error:
            raise os_error(error)
        to = address or self._remote
        if to is None:
            raise os_error(errno.EDESTADDRREQ)
        if to[1] == 0:
            raise os_error(errno.EINVAL)
        if to[0] == _BROADCAST and not self.options.get("broadcast"):
            raise os_error(errno.EACCES)
        if len(data) > LARGEST[version(to[0])]:
            raise os_error(errno.EMSGSIZE)
        to = (self.destination(to[0]), to[1])
        if not is_own(to[0]):
            interfaces().reach(to[0])
        if self._bound is None:
            self._take_port(self.any, 0)
        if is_own(to[0]):
            self._send_here(data, to)
            return len(data)
        firmware = self._open(version(to[0]))
        if address is not None and self._remote is not None and address != self._remote:
            raise os_error(errno.EISCONN)  # EFI's connected ones send nowhere else
        firmware.service()
        return firmware.send(bytes(data), to)

    def _send_here(self, data, to):
        target = _here.get((version(to[0]), to[1]))
        if target is None or not (is_any(target._bound[0]) or target._bound[0] == to[0]):
            if self._remote is not None:
                self._failed = errno.ECONNREFUSED
            return
        own = to[0] if is_any(self._bound[0]) else self._bound[0]
        sender = (own, self._bound[1])
        if target._remote is not None and target._remote != sender:
            return
        if len(target._received) < _QUEUE_LIMIT and not target.shut_read:
            target._received.append((bytes(data), sender))

    def take_error(self):
        error, self._failed = self._failed, 0
        return error

    @property
    def readable(self):
        return bool(self._received or self._failed) or self.shut_read

    @property
    def writable(self):
        return all(firmware.writable for firmware in self._firmware.values())

    @property
    def error_condition(self):
        return bool(self._failed)

    def local(self):
        if self._bound is None:
            return (self.any, 0)
        if is_any(self._bound[0]) and self._remote is not None and self._firmware:
            remote = self._remote[0]
            return (interfaces().interface(version(remote)).source(remote), self._bound[1])
        return self._bound

    def remote(self):
        if self._remote is None:
            raise os_error(errno.ENOTCONN)
        return self._remote

    def shutdown(self, how):
        if self._remote is None:
            raise os_error(errno.ENOTCONN)
        self.shut_read = self.shut_read or how != common.SHUT_WRITE
        self.shut_write = self.shut_write or how != common.SHUT_READ

    def close(self):
        self._close_firmware()
        self._give_port_back()
