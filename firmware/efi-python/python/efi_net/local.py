# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sockets of AF_UNIX that have names: all of them are this program's. Pairs without names are the loader's
(descriptors.Plain). Nothing here waits: None says that it would.

Reference: unix(7)."""
import collections
import errno
import os
import stat

from . import descriptors, loopback
from .common import MSG_PEEK, SHUT_READ, SHUT_WRITE, Connectionless, lock, os_error
from .stream import Stream

MOST_NAME_BYTES = 108
QUEUE_LIMIT, LARGEST = 64, 212992
_bound = {}  # by what the name stands for


def _encoded(name):
    """A path, or the bytes of an abstract name, which begins with a zero."""
    raw = name.encode(errors="surrogateescape") if isinstance(name, str) else bytes(name)
    # The zero at the end of a path takes a byte, too.
    if len(raw) + (raw[:1] not in (b"", b"\0")) > MOST_NAME_BYTES:
        raise OSError("AF_UNIX path too long")
    return raw


def _key(raw, kind):
    """Abstract names are each kind's own."""
    if raw[:1] == b"\0":
        return kind, raw
    found = os.stat(raw)
    if not stat.S_ISSOCK(found.st_mode):
        raise os_error(errno.ECONNREFUSED)
    return found.st_dev, found.st_ino


def _find(name, kind):
    endpoint = _bound.get(_key(_encoded(name), kind))
    if endpoint is None:
        raise os_error(errno.ECONNREFUSED)
    if not isinstance(endpoint, kind):
        raise os_error(errno.EPROTOTYPE)
    return endpoint


class _Named:
    """What has a name, or none yet: as `socket` tells it."""

    name, _key = "", None

    def bind(self, name):
        raw = _encoded(name)
        if self._key is not None:
            raise os_error(errno.EINVAL)
        with lock:
            if not raw:  # any: five hexadecimal digits
                raw = next(name for number in range(1 << 20)
                           if (type(self), name := b"\0%05x" % number) not in _bound)
            if raw[0] == 0:
                if (type(self), raw) in _bound:
                    raise os_error(errno.EADDRINUSE)
            else:
                try:
                    os.mknod(raw, stat.S_IFSOCK | 0o777)
                except FileExistsError:
                    raise os_error(errno.EADDRINUSE) from None
            self.name = raw if raw[0] == 0 else os.fsdecode(raw.partition(b"\0")[0])
            self._key = _key(raw, type(self))
            _bound[self._key] = self

    def _forget(self):
        if _bound.get(self._key) is self:
            del _bound[self._key]


class Connection(loopback.Connection):
    """Descriptors travel with the bytes that they were sent with."""

    def __init__(self, names):
        super().__init__(names)
        self._taken = 0
        self._rights = collections.deque()  # (number of the first byte, of the one behind the last, descriptors)

    def take_message(self, count, peek=False):
        """(bytes, the descriptors that came with them): those of one message at the most."""
        with lock:
            if self._rights:
                count = min(count, self._rights[0][1] - self._taken)
            data = super().take(count, peek)
            if data is None:
                return None
            found = []
            if not peek:
                self._taken += len(data)
                if self._rights and self._rights[0][0] < self._taken:
                    found = self._rights.popleft()[2]
            return data, found

    def take(self, count, peek=False):
        message = self.take_message(count, peek)
        if message is None:
            return None
        descriptors.close(message[1])  # nobody has asked for them
        return message[0]

    def give_message(self, data, rights):
        with lock:
            peer = self._peer
            copies = descriptors.duplicate(rights)
            begin = peer._taken + len(peer.recv_queue)
            try:
                count = self.give(data)
            except OSError:
                descriptors.close(copies)
                raise
            end = peer._taken + len(peer.recv_queue)
            if end > begin:
                peer._rights.append((begin, end, copies))
            else:
                descriptors.close(copies)
            return count

    def close(self, abort=False):
        super().close(abort)
        while self._rights:
            descriptors.close(self._rights.popleft()[2])


class LocalStream(_Named, Stream):
    def __init__(self):
        super().__init__()
        self._calls = None  # whose queue has no room yet

    def connect(self, name):
        if self.listening:
            raise os_error(errno.EINVAL)
        if self.connection is not None:
            raise os_error(errno.EISCONN)
        listener = _find(name, LocalStream)
        if not listener.listening:
            raise os_error(errno.ECONNREFUSED)
        self._calls = listener

    def connected(self):
        listener = self._calls
        if listener is None:
            return True
        if not listener.listening:
            self._calls = None
            raise os_error(errno.ECONNREFUSED)
        with lock:
            if len(listener.queue) > listener._room:
                return None
            self.connection, other = Connection.pair(self.name, listener.name)
            self._calls = None
            listener.queue.append(other)
        return True

    def listen(self, backlog):
        if self._key is None or self.connection is not None:
            raise os_error(errno.EINVAL)
        self._room = max(1, backlog)

    def _accepted(self):
        accepted = LocalStream()
        accepted.name = self.name
        return accepted

    def receive_message(self, count):
        connection = self._established(True)
        return None if connection is None else connection.take_message(count)

    def send_message(self, data, rights):
        connection = self._established(False)
        return None if connection is None else connection.give_message(data, rights)

    def local(self):
        return self.name

    def _stop_listening(self):
        with lock:
            while self.queue:
                self.queue.popleft().close(abort=True)
            self._room = 0

    def close(self):
        self._forget()
        super().close()


class LocalDatagram(_Named, Connectionless):
    def __init__(self):
        self.options = {}
        self._remote = None
        self._received = collections.deque()
        self.shut_read = self.shut_write = self._closed = False

    def connect(self, name):
        self._remote = _find(name, LocalDatagram)

    def receive(self, count, flags):
        """The whole datagram: the caller cuts it, and knows so."""
        with lock:
            if self._received:
                return self._received[0] if flags & MSG_PEEK else self._received.popleft()
        return (b"", None) if self.shut_read else None

    def send(self, data, flags, address):
        if self.shut_write:
            raise os_error(errno.EPIPE)
        target = _find(address[0], LocalDatagram) if address else self._remote
        if target is None:
            raise os_error(errno.ENOTCONN)
        if target._closed or target.shut_read:
            raise os_error(errno.ECONNREFUSED if target._closed else errno.EPIPE)
        if len(data) > LARGEST:
            raise os_error(errno.EMSGSIZE)
        with lock:
            if len(target._received) >= QUEUE_LIMIT:
                return None
            target._received.append((bytes(data), self.name or None))
        return len(data)

    def take_error(self):
        return 0

    @property
    def readable(self):
        return bool(self._received) or self.shut_read

    @property
    def writable(self):
        return self._remote is None or len(self._remote._received) < QUEUE_LIMIT

    error_condition = False

    def local(self):
        return self.name

    def remote(self):
        if self._remote is None:
            raise os_error(errno.ENOTCONN)
        return self._remote.name

    def shutdown(self, how):
        if self._remote is None:
            raise os_error(errno.ENOTCONN)
        self.shut_read = self.shut_read or how != SHUT_WRITE
        self.shut_write = self.shut_write or how != SHUT_READ

    def close(self):
        self._closed = True
        self._forget()
