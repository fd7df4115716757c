# SPDX-License-Identifier: LGPL-2.1-or-later
"""UDP by EFI_UDP4_PROTOCOL and EFI_UDP6_PROTOCOL. Nothing here waits.

Reference: UEFI Specification 2.10, sections 30.1 and 30.2."""
import collections
import ctypes
import errno

import efi
from . import interface, protocols
from .addresses import is_any, octets, text
from .common import lock, os_error
from .interface import Child, Token, error_number

QUEUE_LIMIT, SEND_TOKENS = 64, 16


class Datagrams:
    """A configured port: bound and remote are (address, port), None for any. `received` holds (bytes, sender)."""

    def __init__(self, ip_version, bound=None, remote=None, options=None):
        self._child = Child(f"Udp{ip_version}")
        self._udp = self._child.protocol
        self._remote = remote
        self.received = collections.deque()
        self.error = 0
        address, port = bound or (None, 0)
        options = options or {}
        if ip_version == 4:
            self._received_data, self._sent_data = protocols.Udp4ReceiveData, protocols.Udp4TransmitData
            self._session = protocols.Udp4Session
            config = protocols.Udp4ConfigData(AcceptBroadcast=1, TypeOfService=options.get("tos", 0),
                                              TimeToLive=options.get("ttl", 64), UseDefaultAddress=1)
        else:
            self._received_data, self._sent_data = protocols.Udp6ReceiveData, protocols.Udp6TransmitData
            self._session = protocols.Udp6Session
            config = protocols.Udp6ConfigData(TrafficClass=options.get("traffic_class", 0),
                                              HopLimit=options.get("hops", 64))
            if address is not None and not is_any(address):
                config.StationAddress[:] = octets(address)
        config.StationPort = port
        if remote is not None:
            config.RemoteAddress[:], config.RemotePort = octets(remote[0]), remote[1]
        status = self._udp.Configure(self._udp, config)
        if status:
            self._child.close()
            raise os_error(error_number(status))
        self._token = Token()
        self._sending = []
        self._free = []

    def service(self):
        with lock:
            if self._child is None:
                return
            if interface.polling:
                self._udp.Poll(self._udp)
            for token in [token for token in self._sending if token.done()]:
                self._sending.remove(token)
                self._free.append(token)
                if token.status and self._remote is not None:
                    self.error = error_number(token.status)
            while True:
                if self._token.pending:
                    if not self._token.done():
                        return
                    if self._token.status == 0:
                        self._take(self._token.block.Data)
                    elif self._remote is not None:  # others are not told, as in BSD
                        self.error = error_number(self._token.status)
                if len(self.received) >= QUEUE_LIMIT or self._token.start(self._udp.Receive,
                                                                          self._udp):
                    return

    def _take(self, address):
        data = self._received_data.from_address(address)
        fragments = (protocols.UdpFragment * data.FragmentCount).from_address(
            address + self._received_data.FirstFragment.offset)
        content = b"".join(ctypes.string_at(part.FragmentBuffer, part.FragmentLength)
                           for part in fragments)
        session = data.UdpSession
        self.received.append((content, (text(session.SourceAddress), session.SourcePort)))
        efi.boot_services.SignalEvent(data.RecycleSignal)

    @property
    def writable(self):
        return len(self._sending) < SEND_TOKENS

    def send(self, content, to):
        """Begins to send; None when too much is under way."""
        if not self.writable:
            return None
        with lock:
            token = self._free.pop() if self._free else Token(self._sent_data())
            data = token.data
            if self._remote is None:
                data.session = self._session(DestinationPort=to[1])
                data.session.DestinationAddress[:] = octets(to[0])
                data.UdpSession = ctypes.pointer(data.session)
            # EFI wants a fragment also when there is nothing in it.
            data.bytes = (ctypes.c_uint8 * max(len(content), 1)).from_buffer_copy(content or b"\0")
            data.DataLength = data.FirstFragment.FragmentLength = len(content)
            data.FragmentCount = 1
            data.FirstFragment.FragmentBuffer = ctypes.addressof(data.bytes)
            status = token.start(self._udp.Transmit, self._udp)
            if status:
                self._free.append(token)
                raise os_error(error_number(status))
            self._sending.append(token)
        return len(content)

    def close(self):
        with lock:
            if self._child is None:
                return
            for _ in range(100):
                if not self._sending:
                    break
                self.service()
            self._udp.Configure(self._udp, None)
            if self._token.done() and self._token.status == 0 and self._token.block.Data:
                self._take(self._token.block.Data)  # its memory goes back
            self._child.close()
            self._child = None
            for token in [self._token, *self._sending, *self._free]:
                token.close()
