# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stream socket of AF_INET: from bind and connect or listen to close. Nothing here waits: None says
that it would."""
import collections
import errno

from . import common, loopback
from .common import ANY, Ports, is_loopback, os_error

_ports = Ports()
_listening = {}  # by port: those that connections within the machine reach


def _interface():
    from . import interface
    return interface


def own_address(address):
    """Whether it is one of this machine's, as far as that is known yet."""
    return is_loopback(address) or address == ANY or address in common.own_addresses


def check_own_address(address):
    if not own_address(address):
        _interface().interface()
        if not own_address(address):
            raise os_error(errno.EADDRNOTAVAIL)


class Stream:
    def __init__(self):
        self.options = {}
        self._bound = None  # (address, port)
        self._port_taken = self._shared = False
        self.connection = None
        self._connecting = False
        self._room = 0  # of the queue of a listening one
        self._queue = collections.deque()  # connections from within the machine
        self._listener = None
        self._failed = 0

    @property
    def listening(self):
        return self._room != 0

    def bind(self, address, port):
        if self._bound is not None or self.connection is not None:
            raise os_error(errno.EINVAL)
        check_own_address(address)
        self._shared = bool(self.options.get("share"))
        self._bound = (address, _ports.take(port, self._shared))
        self._port_taken = True

    def _release_port(self):
        if self._port_taken:
            _ports.give_back(self._bound[1], self._shared)
            self._port_taken = False

    # ---- As a client

    def connect(self, address, port):
        """Begins to connect."""
        if self._connecting:
            raise os_error(errno.EALREADY)
        if self.listening or (self.connection is not None and self.connection.connected):
            raise os_error(errno.EISCONN)
        if self.connection is not None:
            self.connection.close()
            self.connection = None
        if port == 0:
            self._failed = errno.ECONNREFUSED
            return
        if not own_address(address):
            _interface().interface()
            if not own_address(address):
                from . import tcp
                tcp.reap()
                self.connection = tcp.Connection.open(self._bound[1] if self._bound else 0,
                                                      (address, port), self.options)
                self._connecting = True
                return
        target = "127.0.0.1" if address == ANY else address
        listener = _listening.get(port)
        if listener is None or not listener.reached_at(target):
            self._failed = errno.ECONNREFUSED
            return
        if self._bound is None:
            self._bound = (target, _ports.take(0))
            self._port_taken = True
        own = (target if self._bound[0] == ANY else self._bound[0], self._bound[1])
        self.connection, other = loopback.Connection.pair(own, (target, port))
        listener._queue.append(other)

    def reached_at(self, address):
        return self._bound[0] in (ANY, address) and len(self._queue) < self._room + 1

    def connected(self):
        """Whether connect() has come to its end; OSError when that is a bad one. None: not yet."""
        if self._connecting:
            self.service()
            if self._connecting:
                return None
        error = self.take_error()
        if error:
            raise os_error(error)
        return True

    # ---- As a server

    def listen(self, backlog):
        if self.connection is not None:
            raise os_error(errno.EINVAL)
        room = max(1, backlog)
        if self._bound is None:
            self.bind(ANY, 0)
        if not self.listening:
            if self._bound[1] in _listening:
                raise os_error(errno.EADDRINUSE)
            if not is_loopback(self._bound[0]):
                from . import interface, tcp
                tcp.reap()
                try:
                    interface.interface()
                except OSError as problem:
                    if self._bound[0] != ANY:
                        raise
                    interface.say(f"{problem.strerror}; only this machine itself can connect to "
                                  f"port {self._bound[1]}")
                else:
                    self._listener = tcp.Listener(self._bound[1], self.options)
            _listening[self._bound[1]] = self
        self._room = room
        self.service()

    @property
    def accept_queue(self):
        """Connections that nobody has accepted yet."""
        return list(self._queue) + list(self._listener.accept_queue if self._listener else [])

    def accept(self):
        """(Stream, peer's address), or None."""
        if not self.listening:
            raise os_error(errno.EINVAL)
        self.service()
        with common.lock:
            if self._queue:
                connection = self._queue.popleft()
            elif self._listener is not None and self._listener.accept_queue:
                connection = self._listener.accept_queue.popleft()
            else:
                return None
        accepted = self._accepted()
        accepted.options = dict(self.options)
        accepted.connection = connection
        connection.service()
        return accepted, connection.names()[1]

    def _accepted(self):
        return Stream()

    # ---- Both

    def service(self):
        if self._listener is not None:
            self._listener.service(self._room)
        connection = self.connection
        if connection is not None:
            connection.service()
            if self._connecting and (connection.connected or connection.broken):
                self._connecting = False
                if connection.broken:
                    self._failed = connection.take_error()
                    connection.close()
                    self.connection = None

    def _established(self, reading):
        if self.connection is None or self._connecting:
            if self._failed:
                raise os_error(self.take_error())
            if self._connecting:
                return None
            raise os_error(errno.ENOTCONN if reading else errno.EPIPE)
        return self.connection

    def receive(self, count, flags):
        connection = self._established(True)
        if connection is None:
            return None
        if count > len(connection.recv_queue):
            connection.service()
        data = connection.take(count, bool(flags & common.MSG_PEEK))
        return None if data is None else (data, None)

    def send(self, data, flags, address):
        connection = self._established(False)
        if connection is None:
            return None
        connection.service()
        return connection.give(data)

    def take_error(self):
        self.service()
        error, self._failed = self._failed, 0
        if not error and self.connection is not None:
            error = self.connection.take_error()
        return error

    @property
    def readable(self):
        if self.listening:
            return bool(self._queue or (self._listener and self._listener.accept_queue))
        if self.connection is None:
            return True  # reading fails at once
        return not self._connecting and self.connection.readable

    @property
    def writable(self):
        if self.listening:
            return False
        if self.connection is None:
            return True
        return not self._connecting and self.connection.writable

    @property
    def error_condition(self):
        return bool(self._failed or (self.connection is not None and self.connection.error))

    @property
    def hung_up(self):
        if self.listening:
            return False
        return self.connection is None or self.connection.hung_up

    def local(self):
        if self.connection is not None and not self._connecting:
            return self.connection.names()[0]
        return self._bound or (ANY, 0)

    def remote(self):
        if self.connection is None or self._connecting:
            raise os_error(errno.ENOTCONN)
        return self.connection.names()[1]

    def shutdown(self, how):
        if self.listening:  # it listens no more
            self._stop_listening()
            return
        if self.connection is None or self._connecting:
            raise os_error(errno.ENOTCONN)
        self.connection.shutdown(how)

    def _stop_listening(self):
        if _listening.get(self._bound[1]) is self:
            del _listening[self._bound[1]]
        for connection in self._queue:
            connection.close(abort=True)
        self._queue.clear()
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self._room = 0

    def close(self):
        if self.listening:
            self._stop_listening()
        if self.connection is not None:
            linger = self.options.get("linger")
            self.connection.close(abort=linger == 0)
            self.connection = None
        self._connecting = False
        self._release_port()
