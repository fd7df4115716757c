# SPDX-License-Identifier: LGPL-2.1-or-later
"""The module `select` of this Python: sockets of the firmware's beside descriptors of the loader's.

Reference: poll(2), select(2), epoll(7); the Python library reference, `select`."""
import errno
import os
import time

from efi_net import descriptors
from efi_net.common import Pause, os_error

_plain = descriptors.plain_select
globals().update({name: value for name, value in vars(_plain).items()
                  if name.startswith(("POLL", "PIPE", "EPOLL"))})
error = OSError


def _descriptor(thing):
    if isinstance(thing, int):
        number = thing
    else:
        fileno = getattr(thing, "fileno", None)
        if fileno is None:
            raise TypeError("argument must be an int, or have a fileno() method.")
        number = fileno()
        if not isinstance(number, int):
            raise TypeError("fileno() returned a non-integer")
    if number < 0:
        raise ValueError(f"file descriptor cannot be a negative integer ({number})")
    return number


def _events(endpoint):
    """poll's bits of a socket."""
    endpoint.service()
    found = 0
    if endpoint.readable:
        found |= POLLIN | POLLRDNORM
    if endpoint.writable:
        found |= POLLOUT | POLLWRNORM
    if endpoint.error_condition:
        found |= POLLERR
    if endpoint.hung_up:
        found |= POLLHUP
    return found


def _poll(wanted, timeout):
    """wanted: events by descriptor. [(descriptor, events)]; timeout in seconds, None for ever."""
    ours = {number: endpoint for number in wanted
            if (endpoint := descriptors.find(number)) is not None}
    others = _plain.poll()
    for number, events in wanted.items():
        if number not in ours:
            others.register(number, events)
    if not ours:
        return others.poll(None if timeout is None else max(0, timeout * 1000))
    only_ours = len(ours) == len(wanted)
    end = None if timeout is None else time.monotonic() + timeout
    pause = Pause()
    while True:
        found = [] if only_ours else others.poll(0)
        for number, endpoint in ours.items():
            if descriptors.find(number) is not endpoint:
                found.append((number, POLLNVAL))
                continue
            events = _events(endpoint) & (wanted[number] | POLLERR | POLLHUP)
            if events:
                found.append((number, events))
        if found or (end is not None and time.monotonic() >= end):
            return found
        pause.wait(end)


class poll:
    """poll(): a polling object."""

    def __init__(self):
        self._wanted = {}
        self._polling = False

    def register(self, fd, eventmask=_plain.POLLIN | _plain.POLLPRI | _plain.POLLOUT):
        self._wanted[_descriptor(fd)] = _checked(eventmask)

    def modify(self, fd, eventmask):
        number = _descriptor(fd)
        if number not in self._wanted:
            raise os_error(errno.ENOENT)
        self._wanted[number] = _checked(eventmask)

    def unregister(self, fd):
        del self._wanted[_descriptor(fd)]

    def poll(self, timeout=None):
        if timeout is not None and timeout >= 1 << 63:
            raise OverflowError("timeout is too large")
        if self._polling:
            raise RuntimeError("concurrent poll() invocation")
        self._polling = True
        try:
            return _poll(dict(self._wanted),
                         None if timeout is None or timeout < 0 else timeout / 1000)
        finally:
            self._polling = False


def _checked(mask):
    if mask < 0:
        raise ValueError("value must be positive")
    if mask > 0xffff:
        raise OverflowError("Python int too large to convert to C unsigned short")
    return mask


@staticmethod  # as attribute of a class it takes no instance, like a function of C's: `selectors` does that
def select(rlist, wlist, xlist, timeout=None):
    """select(rlist, wlist, xlist, timeout=None) -> (readable, writable, exceptional)"""
    if timeout is not None and timeout < 0:
        raise ValueError("timeout must be non-negative")
    lists = [[(_descriptor(thing), thing) for thing in things] for things in (rlist, wlist, xlist)]
    wanted = {}
    for things, events in zip(lists, (POLLIN, POLLOUT, POLLPRI)):
        for number, _ in things:
            wanted[number] = wanted.get(number, 0) | events
    found = dict(_poll(wanted, timeout))
    if POLLNVAL in found.values():
        raise os_error(errno.EBADF)
    hits = (POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI)
    return tuple([thing for number, thing in things if found.get(number, 0) & mask]
                 for things, mask in zip(lists, hits))


class _Watch:
    """What an epoll object knows of one descriptor."""

    def __init__(self, endpoint, mask):
        self.endpoint = endpoint  # None: the loader's
        self.set(mask)

    def set(self, mask):
        self.mask, self.told, self.enabled = mask, 0, True

    def tell(self, events):
        """The part of `events` that holds now which is to be told."""
        events &= self.mask | EPOLLERR | EPOLLHUP
        new = events & ~self.told if self.mask & EPOLLET else events
        self.told = events
        if not self.enabled or not new:
            return 0
        self.enabled = not self.mask & EPOLLONESHOT
        return events


_watched_by = {}  # descriptors of epoll objects: what they watch


class epoll:
    """epoll(sizehint=-1, flags=0): a polling object. Its descriptor is the loader's, what it watches is
    known here. With EPOLLET an event is told when it was not there at the last look."""

    def __init__(self, sizehint=-1, flags=0):
        if sizehint != -1 and sizehint <= 0:
            raise ValueError("negative sizehint")
        if flags & ~EPOLL_CLOEXEC:
            raise os_error(errno.EINVAL)
        self._inner = _plain.epoll()
        self._watched = _watched_by[self.fileno()] = {}

    @classmethod
    def fromfd(cls, fd):
        """Another object of the same descriptor."""
        made = cls.__new__(cls)
        made._inner = _plain.epoll.fromfd(fd)
        made._watched = _watched_by.setdefault(fd, {})
        return made

    @property
    def closed(self):
        return self._inner.closed

    def _check_open(self):
        if self.closed:
            raise ValueError("I/O operation on closed epoll object")

    def fileno(self):
        return self._inner.fileno()

    def close(self):
        if not self.closed:
            _watched_by.pop(self.fileno(), None)
        self._inner.close()

    def __enter__(self):
        self._check_open()
        return self

    def __exit__(self, *problem):
        self.close()

    def _find(self, fd):
        """(descriptor, its watch or None). EBADF for one that is not open."""
        self._check_open()
        number = _descriptor(fd)
        os.fstat(number)
        watch = self._watched.get(number)
        # A closed descriptor is forgotten; the number may be another one's by now.
        if watch is not None and watch.endpoint is not descriptors.find(number):
            del self._watched[number]
            watch = None
        return number, watch

    def register(self, fd, eventmask=_plain.EPOLLIN | _plain.EPOLLPRI | _plain.EPOLLOUT):
        number, watch = self._find(fd)
        if watch is not None:
            raise os_error(errno.EEXIST)
        endpoint = descriptors.find(number)
        if endpoint is None:
            # The loader knows which of its own cannot be watched, and when they are closed.
            self._inner.register(number, eventmask)
        self._watched[number] = _Watch(endpoint, eventmask)

    def modify(self, fd, eventmask):
        number, watch = self._find(fd)
        if watch is None:
            raise os_error(errno.ENOENT)
        watch.set(eventmask)
        if watch.endpoint is None:
            self._inner.modify(number, eventmask)

    def unregister(self, fd):
        number, watch = self._find(fd)
        if watch is None:
            raise os_error(errno.ENOENT)
        del self._watched[number]
        if watch.endpoint is None:
            self._inner.unregister(number)

    def _look(self):
        found = self._inner.poll(0)
        for number, watch in list(self._watched.items()):
            if watch.endpoint is None:
                continue
            if descriptors.find(number) is not watch.endpoint:
                del self._watched[number]
            elif events := watch.tell(_events(watch.endpoint)):
                found.append((number, events))
        return found

    def poll(self, timeout=None, maxevents=-1):
        self._check_open()
        if maxevents != -1 and maxevents <= 0:
            raise ValueError(f"maxevents must be greater than 0, got {maxevents}")
        end = None if timeout is None or timeout < 0 else time.monotonic() + timeout
        pause = Pause()
        while True:
            found = self._look()
            if found or (end is not None and time.monotonic() >= end):
                return found if maxevents == -1 else found[:maxevents]
            pause.wait(end)
