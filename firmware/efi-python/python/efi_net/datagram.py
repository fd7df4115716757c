# SPDX-License-Identifier: LGPL-2.1-or-later
"""A datagram socket of AF_INET. Nothing here waits: None says that it would."""
import collections
import errno

from . import common
from .common import ANY, Connectionless, Ports, is_loopback, os_error
from .stream import check_own_address, own_address

_ports = Ports()
_here = {}  # by port: those that datagrams from within the machine reach
_QUEUE_LIMIT = 64
_BROADCAST = "255.255.255.255"


class Datagram(Connectionless):
    def __init__(self):
        self.options = {}
        self._bound = None
        self._shared = False
        self._remote = None
        self._firmware = None  # efi_net.udp.Datagrams, once something leaves or may come
        self._received = collections.deque()
        self._failed = 0
        self.shut_read = self.shut_write = False

    def bind(self, address, port):
        if self._bound is not None:
            raise os_error(errno.EINVAL)
        check_own_address(address)
        self._take_port(address, port)
        if not is_loopback(address):
            try:
                self._open()
            except OSError as problem:
                if address != ANY or problem.errno != errno.ENETUNREACH:
                    self._give_port_back()
                    raise

    def _take_port(self, address, port):
        self._shared = bool(self.options.get("share") or self.options.get("share_port"))
        self._bound = (address, _ports.take(port, self._shared))
        _here[self._bound[1]] = self

    def _give_port_back(self):
        if self._bound is not None:
            _ports.give_back(self._bound[1], self._shared)
            if _here.get(self._bound[1]) is self:
                del _here[self._bound[1]]
            self._bound = None

    def _open(self):
        if self._firmware is None:
            from . import interface, udp
            interface.interface()
            remote = self._remote if self._remote and not own_address(self._remote[0]) else None
            self._firmware = udp.Datagrams(self._bound[1], remote, self.options.get("ttl", 64))

    def connect(self, address, port):
        if self._firmware is not None:
            self._firmware.close()
            self._firmware = None
        if address == ANY:
            address = "127.0.0.1"
        if not own_address(address):
            from . import interface
            interface.interface()
        if self._bound is None:
            self._take_port(address if own_address(address) else ANY, 0)
        self._remote = (address, port)
        if not own_address(address):
            self._open()

    def service(self):
        if self._firmware is not None:
            self._firmware.service()
            with common.lock:
                self._received.extend(self._firmware.received)
                self._firmware.received.clear()
            if self._firmware.error:
                self._failed, self._firmware.error = self._firmware.error, 0

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
        if len(data) > 65507:
            raise os_error(errno.EMSGSIZE)
        if to[0] == ANY:
            to = ("127.0.0.1", to[1])
        if not own_address(to[0]):
            from . import interface
            interface.interface()
        if self._bound is None:
            self._take_port(ANY, 0)
        if own_address(to[0]):
            self._send_here(data, to)
            return len(data)
        self._open()
        if address is not None and self._remote is not None and address != self._remote:
            raise os_error(errno.EISCONN)  # EFI's connected ones send nowhere else
        self._firmware.service()
        return self._firmware.send(bytes(data), to)

    def _send_here(self, data, to):
        target = _here.get(to[1])
        if target is None or target._bound[0] not in (ANY, to[0]):
            if self._remote is not None:
                self._failed = errno.ECONNREFUSED
            return
        own = self._bound[0] if self._bound[0] != ANY else to[0]
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
        return self._firmware is None or self._firmware.writable

    @property
    def error_condition(self):
        return bool(self._failed)

    def local(self):
        if self._bound is None:
            return (ANY, 0)
        if self._bound[0] == ANY and self._remote is not None and self._firmware is not None:
            from . import interface
            return (interface.interface().address, self._bound[1])
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
        if self._firmware is not None:
            self._firmware.close()
            self._firmware = None
        self._give_port_back()
