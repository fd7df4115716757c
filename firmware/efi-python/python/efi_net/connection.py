# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a connection is to its socket, whatever carries its bytes."""
import errno

from .common import lock, os_error


class StreamEnd:
    """Those who derive from it fill recv_queue and set the flags; `readable` and `writable` say whether take() and
    give() will do something."""

    def __init__(self):
        self.recv_queue = bytearray()
        self.connected = True
        self.eof = False
        self.error = 0  # told once
        self.broken = False
        self.shut_read = self.shut_write = False

    @property
    def readable(self):
        return bool(self.recv_queue) or self.eof or self.broken or self.shut_read

    @property
    def hung_up(self):
        return self.broken or (self.eof and self.shut_write)

    def take_error(self):
        error, self.error = self.error, 0
        return error

    def take(self, count, peek=False):
        """Received bytes; b"" at the end of them, None when there are none yet."""
        with lock:  # who adds to it holds the lock, too: what came between two of these steps would look like the end
            if self.recv_queue:
                data = bytes(memoryview(self.recv_queue)[:count])
                if not peek:
                    del self.recv_queue[:len(data)]
                return data
            if self.error:
                raise os_error(self.take_error())
            return b"" if self.readable or count == 0 else None

    def check_can_give(self):
        if self.error:
            raise os_error(self.take_error())
        if self.shut_write or self.broken:
            raise os_error(errno.EPIPE)
