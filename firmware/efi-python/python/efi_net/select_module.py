# SPDX-License-Identifier: LGPL-2.1-or-later
"""The module `select` of this Python: sockets of the firmware's beside descriptors of the loader's.
epoll is not there: `selectors` and asyncio take poll.

Reference: poll(2), select(2); the Python library reference, `select`."""
import time

from efi_net import descriptors
from efi_net.common import Pause

_plain = descriptors.plain_select
globals().update({name: value for name, value in vars(_plain).items()
                  if name.startswith(("POLL", "PIPE"))})
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

    def register(self, fd, eventmask=_plain.POLLIN | _plain.POLLPRI | _plain.POLLOUT):
        self._wanted[_descriptor(fd)] = _checked(eventmask)

    def modify(self, fd, eventmask):
        number = _descriptor(fd)
        if number not in self._wanted:
            import errno
            import os
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        self._wanted[number] = _checked(eventmask)

    def unregister(self, fd):
        del self._wanted[_descriptor(fd)]

    def poll(self, timeout=None):
        return _poll(dict(self._wanted),
                     None if timeout is None or timeout < 0 else timeout / 1000)


def _checked(mask):
    if not 0 <= mask <= 0xffff:
        raise OverflowError("Python int too large to convert to C unsigned short"
                            if mask > 0 else "can't convert negative value to unsigned int")
    return mask


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
        import errno
        import os
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    hits = (POLLIN | POLLHUP | POLLERR, POLLOUT | POLLERR, POLLPRI)
    return tuple([thing for number, thing in things if found.get(number, 0) & mask]
                 for things, mask in zip(lists, hits))
