# SPDX-License-Identifier: LGPL-2.1-or-later
"""What all parts of the sockets share, and nothing that touches the firmware: `import socket` alone
must cost little."""
import _thread
import collections
import errno
import os
import time

# The firmware's stack is entered by one thread at a time; a signal handler may come in between.
lock = _thread.RLock()

SHUT_READ, SHUT_WRITE, SHUT_BOTH = range(3)
MSG_PEEK = 2

own_addresses = set()  # the interface's, once it is configured


def os_error(number, text=None):
    return OSError(number, text or os.strerror(number))


class Ports:
    """Which ports of a protocol are bound, in each version of IP by itself. EFI takes those only that nobody
    has, and sockets that it does not know yet must be told apart too."""

    EPHEMERAL = range(49152, 65536)  # RFC 6335, section 6

    def __init__(self):
        self._next = 0
        self._holders = collections.defaultdict(list)

    def take(self, port, shared=False, versions=(4,)):
        """Binds a port, 0 for any, and returns it. EADDRINUSE unless all its holders share it."""
        if port == 0:
            for _ in self.EPHEMERAL:
                port = self.EPHEMERAL[self._next]
                self._next = (self._next + 1) % len(self.EPHEMERAL)
                if not any((version, port) in self._holders for version in versions):
                    break
        for version in versions:
            holders = self._holders.get((version, port), [])
            if holders and not (shared and all(holders)):
                raise os_error(errno.EADDRINUSE)
        for version in versions:
            self._holders[version, port].append(shared)
        return port

    def give_back(self, port, shared=False, versions=(4,)):
        for version in versions:
            holders = self._holders.get((version, port), [])
            if shared in holders:
                holders.remove(shared)
            if not holders:
                self._holders.pop((version, port), None)


class Connectionless:
    """What all datagram sockets have in common: no connection to make, to take or to wait for."""

    accept_queue = ()
    listening = hung_up = False

    def connected(self):
        return True

    def listen(self, backlog):
        raise os_error(errno.EOPNOTSUPP)

    def accept(self):
        raise os_error(errno.EOPNOTSUPP)

    def service(self):
        pass


class Pause:
    """Between two looks at something that the firmware does: short ones first, for an answer
    mostly comes at once; later until the next interrupt. Other threads run meanwhile."""

    SHORT, LONG, LOOKS = 50e-6, 5e-3, 400

    def __init__(self):
        self.looks = 0

    def wait(self, end=None):
        self.looks += 1
        seconds = self.SHORT if self.looks < self.LOOKS else self.LONG
        if end is not None:
            seconds = max(0, min(seconds, end - time.monotonic()))
        time.sleep(seconds)


def wait(step, timeout):
    """Until step() returns something else than None, which is the result, or the time is over:
    TimeoutError."""
    result = step()
    if result is not None:
        return result
    end = None if timeout is None else time.monotonic() + timeout
    pause = Pause()
    while True:
        pause.wait(end)
        result = step()
        if result is not None:
            return result
        if end is not None and time.monotonic() >= end:
            raise TimeoutError("timed out")
