# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stream socket of AF_INET or AF_INET6: from bind and connect or listen to close. Nothing here waits: None says
that it would."""
import collections
import errno

from . import common, loopback
from .addresses import is_any, is_loopback, is_own, version
from .common import Ports, os_error
from .internet import Internet, interfaces

_ports = Ports()
_listening = {}  # by version of IP and port: those that connections within the machine reach


class Stream(Internet):
    def __init__(self, ip_version=4):
        super().__init__(ip_version)
        self._port_taken = self._shared = False
        self.connection = None
        self._connecting = False
        self._room = 0  # of the queue of a listening one
        self.queue = collections.deque()  # connections from within the machine
        self._listeners = []  # the firmware's
        self._failed = 0

    @property
    def listening(self):
        return self._room != 0

    def bind(self, address, port):
        if self._bound is not None or self.connection is not None:
            raise os_error(errno.EINVAL)
        self.check_can_bind(address)
        self._take_port(address, port, bool(self.options.get("share")))

    def _take_port(self, address, port, shared=False):
        self._shared = shared
        self._bound = (address, _ports.take(port, shared, self.versions_at(address)))
        self._port_taken = True

    def _release_port(self):
        if self._port_taken:
            _ports.give_back(self._bound[1], self._shared, self.versions_at(self._bound[0]))
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
        target = self.destination(address)
        if port == 0:
            self._failed = errno.ECONNREFUSED
            return
        if not is_own(target):
            interfaces().reach(target)
            if not is_own(target):
                from . import tcp
                tcp.reap()
                self.connection = tcp.Connection.open(self._bound, (target, port), self.options)
                self._connecting = True
                return
        listener = _listening.get((version(target), port))
        if listener is None or not listener.reached_at(target):
            self._failed = errno.ECONNREFUSED
            return
        if self._bound is None:
            self._take_port(target, 0)
        own = (target if is_any(self._bound[0]) else self._bound[0], self._bound[1])
        self.connection, other = loopback.Connection.pair(own, (target, port))
        listener.queue.append(other)

    def reached_at(self, address):
        return (is_any(self._bound[0]) or self._bound[0] == address) and len(self.queue) < self._room + 1

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
            self.bind(self.any, 0)
        if not self.listening:
            places = [(ip_version, self._bound[1]) for ip_version in self.versions_at(self._bound[0])]
            if any(place in _listening for place in places):
                raise os_error(errno.EADDRINUSE)
            if not is_loopback(self._bound[0]):
                self._listen_outside()
            for place in places:
                _listening[place] = self
        self._room = room
        self.service()

    def _listen_outside(self):
        from . import tcp
        tcp.reap()
        problem = None
        for ip_version in self.versions_at(self._bound[0]):
            try:
                interfaces().interface(ip_version)
            except OSError as found:
                if not is_any(self._bound[0]):
                    raise
                problem = found
                continue
            try:
                self._listeners.append(tcp.Listener(ip_version, self._bound, self.options))
            except BaseException:
                self._close_listeners()
                raise
        if not self._listeners:
            interfaces().say(f"{problem.strerror}; only this machine itself can connect to port {self._bound[1]}")

    def _close_listeners(self):
        while self._listeners:
            self._listeners.pop().close()

    @property
    def accept_queue(self):
        """Connections that nobody has accepted yet."""
        return [connection for waiting in (self, *self._listeners) for connection in waiting.queue]

    def accept(self):
        """(Stream, peer's address), or None."""
        if not self.listening:
            raise os_error(errno.EINVAL)
        self.service()
        with common.lock:
            waiting = next((waiting for waiting in (self, *self._listeners) if waiting.queue), None)
            if waiting is None:
                return None
            connection = waiting.queue.popleft()
        accepted = self._accepted()
        accepted.options = dict(self.options)
        accepted.connection = connection
        connection.service()
        return accepted, connection.names()[1]

    def _accepted(self):
        return Stream(self.ip_version)

    # ---- Both

    def service(self):
        for listener in self._listeners:
            listener.service(self._room)
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
            return bool(self.accept_queue)
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
        return self._bound or (self.any, 0)

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
        for ip_version in self.versions_at(self._bound[0]):
            if _listening.get((ip_version, self._bound[1])) is self:
                del _listening[ip_version, self._bound[1]]
        for connection in self.queue:
            connection.close(abort=True)
        self.queue.clear()
        self._close_listeners()
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
