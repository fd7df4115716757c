# SPDX-License-Identifier: LGPL-2.1-or-later
"""Connections within the machine: the firmware's IP does not send to itself. With the interface of
efi_net.tcp and efi_net.udp."""
import errno

from .common import SHUT_READ, SHUT_WRITE, lock
from .connection import StreamEnd

QUEUE_LIMIT = 256 << 10


class Connection(StreamEnd):
    """One end; `pair` makes both."""

    def __init__(self, names):
        super().__init__()
        self._names = names
        self._peer = None

    @classmethod
    def pair(cls, one, other):
        """(the end at the address `one`, the end at `other`)."""
        ends = cls((one, other)), cls((other, one))
        ends[0]._peer, ends[1]._peer = ends[1], ends[0]
        return ends

    def names(self):
        return self._names

    def service(self):
        pass

    @property
    def writable(self):
        return self.broken or self.shut_write or len(self._peer.recv_queue) < QUEUE_LIMIT

    def give(self, data):
        self.check_can_give()
        with lock:
            room = min(len(data), QUEUE_LIMIT - len(self._peer.recv_queue))
            if data and room <= 0:
                return None
            if not self._peer.shut_read:
                self._peer.recv_queue += data[:room]
        return room

    def shutdown(self, how):
        if how != SHUT_WRITE:
            self.shut_read = True
        if how != SHUT_READ:
            self.shut_write = True
            self._peer.eof = True

    def close(self, abort=False):
        peer = self._peer
        with lock:
            lost = bool(self.recv_queue) or abort
            self.recv_queue.clear()
            self.shut_read = self.shut_write = True
            if lost:
                peer.broken, peer.error = True, errno.ECONNRESET
            peer.eof = True
            # What it sends from now on is answered with a reset.
            peer.give = self._refuse_of(peer)

    @staticmethod
    def _refuse_of(peer):
        plain = type(peer).give

        def give(data):
            if peer.broken or peer.shut_write or peer.error:
                return plain(peer, data)
            peer.broken, peer.error = True, errno.ECONNRESET
            return len(data)

        return give
