# SPDX-License-Identifier: LGPL-2.1-or-later
"""TCP by EFI_TCP4_PROTOCOL and EFI_TCP6_PROTOCOL. Nothing here waits: service() moves on what the firmware has done.

Reference: UEFI Specification 2.10, sections 28.1 and 28.2; RFC 9293 for what a socket then says."""
import collections
import ctypes
import errno
import time

import efi
from . import interface, protocols
from .addresses import is_any, octets, text, version
from .common import SHUT_READ, SHUT_WRITE, lock, os_error
from .connection import StreamEnd
from .interface import Child, Token, error_number, is_status

_ACCESS_DENIED, _ABORTED, _FIN, _RESET, _REFUSED = 15, 21, 104, 105, 106
_PUSH = 1
BACKLOG = 10  # the most that EDK2 takes: connections that nobody has accepted
RECEIVE_BYTES, QUEUE_LIMIT = 64 << 10, 256 << 10
PIECE, SEND_LIMIT, SEND_TOKENS = 64 << 10, 256 << 10, 64
# EFI has no half-close: after its FIN it answers data with a reset. The FIN waits until the peer has
# been quiet for so long.
QUIET = 0.25
# How long a closed connection is given to send what it has, and for the peer's FIN.
DRAIN, FAREWELL = 30, 5

_lingering = []


def _configure(child, ip_version, bound, remote, options):
    """bound, remote: (address, port), None for any; without the other end it listens."""
    address, port = bound or (None, 0)
    if ip_version == 4:
        config = protocols.Tcp4ConfigData(TypeOfService=options.get("tos", 0), TimeToLive=options.get("ttl", 64))
        config.AccessPoint.UseDefaultAddress = 1
    else:
        config = protocols.Tcp6ConfigData(TrafficClass=options.get("traffic_class", 0),
                                          HopLimit=options.get("hops", 64))
        if address is not None and not is_any(address):
            config.AccessPoint.StationAddress[:] = octets(address)
    point = config.AccessPoint
    point.StationPort, point.ActiveFlag = port, remote is not None
    if remote is not None:
        point.RemoteAddress[:], point.RemotePort = octets(remote[0]), remote[1]
    # Each piece goes out as it is given. A while in TIME-WAIT, however short: without, EDK2 does not
    # tell whether the peer's last word was FIN.
    option = protocols.TcpOption(MaxSynBackLog=BACKLOG, TimeWaitTimeout=1, EnableTimeStamp=1, EnableWindowScaling=1,
                                  KeepAliveProbes=9 if options.get("keepalive") else 0)
    config.ControlOption = ctypes.pointer(option)
    status = child.protocol.Configure(child.protocol, config)
    if status:
        raise os_error(error_number(status))


class Connection(StreamEnd):
    """A connection, or the beginning of one: `Connection.open`, or out of a listener's queue."""

    def __init__(self, child, ip_version):
        super().__init__()
        self._child = child
        self._ip_version = ip_version
        self._tcp = child.protocol
        self._poll = self._tcp.Poll.bound(self._tcp)
        self._receive = self._connect = self._close = None
        self._fin_after = None
        self._first = False  # whether our FIN was
        self._sending, self._free = collections.deque(), []
        self._outstanding = 0
        self._deadline = None
        self._names = None

    @classmethod
    def open(cls, bound, remote, options):
        ip_version = version(remote[0])
        child = Child(f"Tcp{ip_version}")
        try:
            _configure(child, ip_version, bound, remote, options)
            connection = cls(child, ip_version)
            connection.connected = False
            connection._connect = Token()
            status = connection._connect.start(connection._tcp.Connect, connection._tcp)
        except BaseException:
            child.close()
            raise
        if status:
            connection.destroy()
            raise os_error(error_number(status))
        return connection

    def names(self):
        """(own address, peer's address)."""
        if self._names is None:
            config = (protocols.Tcp4ConfigData if self._ip_version == 4 else protocols.Tcp6ConfigData)()
            self._tcp.GetModeData(self._tcp, None, config, None, None, None)
            point = config.AccessPoint
            own, other = text(point.StationAddress), text(point.RemoteAddress)
            if is_any(own):
                own = interface.interface(self._ip_version).source(other)
            self._names = (own, point.StationPort), (other, point.RemotePort)
        return self._names

    # ---- What has happened

    def service(self):
        with lock:
            if self._child is None:
                return
            if interface.polling:
                self._poll()
            if self._connect is not None and self._connect.done():
                if is_status(self._connect.status, _RESET):
                    self._fail(efi.types.ERROR_BIT | _REFUSED)
                elif self._connect.status:
                    self._fail(self._connect.status)
                else:
                    self.connected = True
                self._connect.close()
                self._connect = None
            self._finish_sending()
            if self.connected:
                self._take_received()
            if self._fin_after is not None and not self._sending and (
                    self.eof or time.monotonic() >= self._fin_after):
                self._begin_close()
            if self._close is not None and self._close.done() and not self.eof:
                self._fail(efi.types.ERROR_BIT | _RESET)  # what the peer has sent since is lost

    def _fail(self, status):
        if not self.broken:
            self.broken = True
            if not self.eof or not is_status(status, _ABORTED):
                self.error = error_number(status)

    def _finish_sending(self):
        while self._sending and self._sending[0].done():
            token = self._sending.popleft()
            self._outstanding -= token.data.DataLength
            token.data.bytes = None
            if token.status and not self.shut_write:
                self._fail(token.status)
            self._free.append(token)

    def _take_received(self):
        took = False
        while not self.eof and not self.broken and len(self.recv_queue) < QUEUE_LIMIT:
            if self._receive is None:
                self._receive = Token(protocols.TcpData(FragmentCount=1))
                self._receive.buffer = (ctypes.c_uint8 * RECEIVE_BYTES)()
                self._receive.data.FragmentBuffer = ctypes.addressof(self._receive.buffer)
                self._receive.prepare(self._tcp.Receive, self._tcp)
            token = self._receive
            if not token.pending:
                if self._close is not None:  # it takes no more calls
                    return
                token.data.DataLength = token.data.FragmentLength = RECEIVE_BYTES
                status = token.start()
                if status:
                    self._end_of_data(status)
                    return
            if not token.done():
                if not took or not interface.polling:
                    return
                self._poll()  # where one segment was, there may be more
                if not token.done():
                    return
            if token.status:
                self._end_of_data(token.status)
            else:
                took = True
                if not self.shut_read:
                    self.recv_queue += memoryview(token.buffer)[:token.data.DataLength]
                if self._fin_after is not None:
                    self._fin_after = time.monotonic() + QUIET

    def _end_of_data(self, status):
        if is_status(status, _FIN):
            self.eof = True
        elif is_status(status, _ACCESS_DENIED) or self._close is not None:
            # It was reset when no call was waiting, or by ourselves.
            self._fail(efi.types.ERROR_BIT | _RESET)
        else:
            self._fail(status)

    # ---- What a socket asks

    @property
    def writable(self):
        return self.connected and (self.broken or self.shut_write or (
            self._outstanding < SEND_LIMIT and len(self._sending) < SEND_TOKENS))

    def give(self, data):
        """Begins to send; how many bytes of it, None when there is no room."""
        self.check_can_give()
        room = min(len(data), PIECE, SEND_LIMIT - self._outstanding)
        if not data:
            return 0
        if room <= 0 or len(self._sending) >= SEND_TOKENS:
            return None
        with lock:
            token = self._free.pop() if self._free else Token(protocols.TcpData())
            piece = token.data
            piece.bytes = (ctypes.c_uint8 * room).from_buffer_copy(data)
            piece.Flags[0] = _PUSH
            piece.DataLength = piece.FragmentLength = room
            piece.FragmentCount = 1
            piece.FragmentBuffer = ctypes.addressof(piece.bytes)
            status = token.start(self._tcp.Transmit, self._tcp)
            if status:
                self._free.append(token)
                self.service()  # it may know why
                error = self.take_error()
                raise os_error(error or errno.EPIPE)
            self._sending.append(token)
            self._outstanding += room
        return room

    def shutdown(self, how):
        if how != SHUT_WRITE:
            self.shut_read = True
        if how != SHUT_READ and not self.shut_write:
            self.shut_write = True
            self._fin_after = time.monotonic() + (0 if self.shut_read else QUIET)
        self.service()

    # ---- The end

    def _begin_close(self, abort=False):
        self._fin_after = None
        if self._close is None and self._child is not None:
            # EFI_TCP4_CLOSE_TOKEN: the flag is behind the completion token.
            self._close = Token()
            self._first = not self.eof
            if self._start_close(abort):
                self.eof = True

    def _start_close(self, abort):
        token = self._close
        token.block.Status, token.block.Data = 0, abort
        status = self._tcp.Close(self._tcp, token.block)
        token.pending = status == 0
        return status

    def close(self, abort=False):
        """Sends what is left and says farewell in the background. Unread bytes make it a reset."""
        self.service()
        if not self.connected or self.broken or abort or self.recv_queue:
            if self.connected and not self.broken:
                self._begin_close(True)
            self.destroy()
            return
        self.shut_write = self.shut_read = True
        self._fin_after = 0
        self._deadline = time.monotonic() + DRAIN
        _lingering.append(self)
        self.service()

    def is_over(self):
        """For closed ones: whether nothing is left to do."""
        self.service()
        now = time.monotonic()
        if self._close is not None and self._deadline > now + FAREWELL:
            self._deadline = now + FAREWELL
        return self.broken or now >= self._deadline or (
            self._close is not None and (not self._close.pending or (self._first and self.eof)))

    def destroy(self):
        with lock:
            if self._child is None:
                return
            self._tcp.Configure(self._tcp, None)  # ends all calls: buffers are ours again
            self._child.close()
            self._child = None
            for token in [self._receive, self._connect, self._close, *self._sending, *self._free]:
                if token is not None:
                    token.close()
            self._sending.clear()
            self._free.clear()


class Listener:
    """Waits for connections; they come out of the queue as Connection."""

    def __init__(self, ip_version, bound, options):
        self._ip_version = ip_version
        self._child = Child(f"Tcp{ip_version}")
        self._tcp = self._child.protocol
        try:
            _configure(self._child, ip_version, bound, None, options)
            self._token = Token()
        except BaseException:
            self._child.close()
            raise
        self.queue = collections.deque()

    def service(self, room):
        with lock:
            if self._child is None:
                return
            if interface.polling:
                self._tcp.Poll(self._tcp)
            while True:
                if self._token.pending:
                    if not self._token.done():
                        return
                    if self._token.status == 0:
                        self.queue.append(self._connection())
                if len(self.queue) >= room:
                    return
                if self._token.start(self._tcp.Accept, self._tcp):
                    return

    def _connection(self):
        """The one that has come in."""
        return Connection(Child(f"Tcp{self._ip_version}", self._token.block.Data), self._ip_version)

    def close(self):
        with lock:
            if self._child is None:
                return
            for connection in self.queue:
                connection.close(abort=True)
            self.queue.clear()
            self._tcp.Configure(self._tcp, None)
            # A connection that came in the last moment is in the token.
            if self._token.done() and self._token.status == 0 and self._token.block.Data:
                self._connection().close(abort=True)
            self._child.close()
            self._child = None
            self._token.close()


def reap():
    """Gives back closed connections that are over."""
    for connection in _lingering[:]:
        if connection.is_over():
            _lingering.remove(connection)
            connection.destroy()


def finish(seconds):
    """At the end of the program: waits for them, but not for ever."""
    end = time.monotonic() + seconds
    while _lingering and time.monotonic() < end:
        reap()
        if _lingering:
            time.sleep(0.001)
    for connection in _lingering:
        connection.destroy()
    _lingering.clear()
