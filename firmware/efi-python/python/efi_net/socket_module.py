# SPDX-License-Identifier: LGPL-2.1-or-later
"""The module `_socket` of this Python: what `socket` is made of, on the firmware's TCP and UDP.
Constants and conversions are those of CPython's own module.

Reference: socket(7), tcp(7), udp(7), ipv6(7) for what Linux answers; the Python library reference, `socket`."""
import errno
import operator
import os
import struct
import time
import warnings

from efi_net import addresses, descriptors, names
from efi_net.common import os_error, wait
from efi_net.datagram import Datagram
from efi_net.local import LocalDatagram, LocalStream
from efi_net.stream import Stream

_plain = descriptors.plain_socket
globals().update({name: value for name, value in vars(_plain).items()
                  if not name.startswith("__")})
from efi_net.names import (  # noqa: E402,F401  instead of CPython's
    getaddrinfo, gethostbyaddr, gethostbyname, gethostbyname_ex, getnameinfo, if_indextoname, if_nameindex,
    if_nametoindex)

has_ipv6 = True
# What there is no protocol for should not look as if there were. Of IPv6, EFI tells no more than data and sender.
_IPV6_OPTIONS = ("IPV6_V6ONLY", "IPV6_UNICAST_HOPS", "IPV6_TCLASS")
for _name in [name for name in globals() if "UDPLITE" in name or
              name.startswith("IPV6_") and name not in _IPV6_OPTIONS]:
    del globals()[_name]
_TYPE_MASK = 0xf
_VERSIONS = {AF_INET: 4, AF_INET6: 6}
_LOCAL = {SOCK_STREAM: LocalStream, SOCK_DGRAM: LocalDatagram}
_BUFFER_BYTES = 256 << 10
_default_timeout = None
_INT = struct.Struct("i")
_TIMEVAL = struct.Struct("<qq")
# What EFI has no word for is remembered, and read back.
_REMEMBERED = {
    (SOL_SOCKET, SO_REUSEADDR): "share", (SOL_SOCKET, SO_REUSEPORT): "share_port",
    (SOL_SOCKET, SO_KEEPALIVE): "keepalive", (SOL_SOCKET, SO_BROADCAST): "broadcast",
    (SOL_SOCKET, SO_SNDBUF): "send_buffer", (SOL_SOCKET, SO_RCVBUF): "receive_buffer",
    (SOL_SOCKET, SO_OOBINLINE): "oob_inline", (IPPROTO_TCP, TCP_NODELAY): "no_delay",
    (IPPROTO_TCP, TCP_KEEPIDLE): "keep_idle", (IPPROTO_TCP, TCP_KEEPINTVL): "keep_interval",
    (IPPROTO_TCP, TCP_KEEPCNT): "keep_count", (IPPROTO_IP, IP_TTL): "ttl",
    (IPPROTO_IP, IP_TOS): "tos", (IPPROTO_IPV6, IPV6_V6ONLY): "v6only",
    (IPPROTO_IPV6, IPV6_UNICAST_HOPS): "hops", (IPPROTO_IPV6, IPV6_TCLASS): "traffic_class",
}
_DEFAULTS = {"send_buffer": _BUFFER_BYTES, "receive_buffer": _BUFFER_BYTES, "no_delay": 1,
             "keep_idle": 7200, "keep_interval": 75, "keep_count": 9, "ttl": 64, "hops": 64}
_LOWEST = {"ttl": 1, "hops": 0, "traffic_class": 0}  # of those that are a byte, and -1 the default


def getdefaulttimeout():
    return _default_timeout


def setdefaulttimeout(timeout):
    global _default_timeout
    _default_timeout = _checked_timeout(timeout)


def _checked_timeout(timeout):
    if timeout is None:
        return None
    if isinstance(timeout, str):
        raise TypeError("'str' object cannot be interpreted as an integer")
    timeout = float(timeout)
    if timeout < 0:
        raise ValueError("Timeout value out of range")
    return timeout


def _checked_size(size, name):
    size = operator.index(size)
    if size < 0:
        raise ValueError(f"negative buffersize in {name}")
    return size


def _c_int(number):
    number = operator.index(number)
    if not -1 << 31 <= number < 1 << 31:
        raise OverflowError("Python int too large to convert to C int")
    return number


def _bytes_of(data):
    """A view of an object's bytes; to be closed."""
    try:
        with memoryview(data) as view:
            return view.cast("B")
    except TypeError:
        raise TypeError(f"a bytes-like object is required, not '{type(data).__name__}'") from None


def _rights_of(items):
    """The descriptors in ancillary data. There is nothing else that they could say here."""
    found, others = [], False
    for item in list(items):
        if not isinstance(item, tuple) or len(item) != 3:
            raise TypeError("sendmsg() argument 2 must be an iterable of 3-tuples")
        level, kind, data = item
        operator.index(level), operator.index(kind)
        with _bytes_of(data) as content:
            if (level, kind) == (SOL_SOCKET, SCM_RIGHTS) and len(content) % _INT.size == 0:
                found += [number for number, in _INT.iter_unpack(content)]
            else:
                others = True
    if others:
        raise os_error(errno.EINVAL)
    return found


class socket:
    """socket(family=AF_INET, type=SOCK_STREAM, proto=0, fileno=None)"""

    __slots__ = ("_descriptor", "_endpoint", "_timeout", "_family", "_type", "_proto")

    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
        self._descriptor = -1
        self._endpoint = None
        self._timeout = _default_timeout
        self._family = AF_INET if family == -1 else int(family)
        kind = int(SOCK_STREAM if type == -1 else type)
        if kind & ~(SOCK_NONBLOCK | SOCK_CLOEXEC | _TYPE_MASK):
            raise os_error(errno.EINVAL)
        if kind & SOCK_NONBLOCK:
            self._timeout = 0.0
        self._type = kind & _TYPE_MASK
        self._proto = max(proto, 0)
        if fileno is not None:
            self._adopt(fileno, family, type)
        elif self._family in _VERSIONS:
            expected = {SOCK_STREAM: IPPROTO_TCP, SOCK_DGRAM: IPPROTO_UDP}
            if self._type == SOCK_RAW:
                raise os_error(errno.EPERM)
            if self._type not in expected:
                raise os_error(errno.ESOCKTNOSUPPORT)
            if self._proto not in (0, expected[self._type]):
                raise os_error(errno.EPROTONOSUPPORT)
            self._endpoint = (Stream if self._type == SOCK_STREAM else Datagram)(_VERSIONS[self._family])
            self._descriptor = descriptors.add(self._endpoint)
            self._mark()
        elif self._family == AF_UNIX:
            if self._type not in _LOCAL:
                raise os_error(errno.ESOCKTNOSUPPORT)
            if self._proto not in (0, AF_UNIX):
                raise os_error(errno.EPROTONOSUPPORT)
            self._endpoint = _LOCAL[self._type]()
            self._descriptor = descriptors.add(self._endpoint)
            self._mark()
        else:
            raise os_error(errno.EAFNOSUPPORT)

    def _adopt(self, fileno, family, type):
        fileno = operator.index(fileno)
        if fileno < 0:
            raise ValueError("negative file descriptor")
        endpoint = descriptors.find(fileno)
        if endpoint is None:
            self._wrap(_plain.socket(family, type, -1, fileno))
            return
        self._descriptor, self._endpoint = fileno, endpoint
        if family == -1:
            local = isinstance(endpoint, tuple(_LOCAL.values()))
            self._family = AF_UNIX if local else AF_INET if endpoint.ip_version == 4 else AF_INET6
        if type == -1:
            self._type = SOCK_STREAM if isinstance(endpoint, Stream) else SOCK_DGRAM
        self._mark()

    def _wrap(self, inner):
        self._descriptor = inner.fileno()
        self._endpoint = descriptors.Plain(inner)
        self._family, self._type, self._proto = inner.family, inner.type, inner.proto

    @property
    def family(self):
        return self._family

    @property
    def type(self):
        return self._type

    @property
    def proto(self):
        return self._proto

    @property
    def timeout(self):
        return self._timeout

    @property
    def _recv_queue(self):
        """What has been received, and nobody has read yet."""
        connection = getattr(self._endpoint, "connection", None)
        return bytes(connection.recv_queue) if connection is not None else b""

    @property
    def _accept_queue(self):
        """Addresses of those that have connected, and nobody has accepted yet."""
        self._open().service()
        return [self._shown(connection.names()[1]) for connection in self._endpoint.accept_queue]

    def __repr__(self):
        return (f"<socket object, fd={self._descriptor}, family={self._family}, "
                f"type={self._type}, proto={self._proto}>")

    def __del__(self):
        if getattr(self, "_descriptor", -1) >= 0:
            warnings.warn(f"unclosed {self!r}", ResourceWarning, source=self)
            try:
                socket.close(self)
            except OSError:
                pass

    # ---- Descriptor, time

    def fileno(self):
        return self._descriptor

    def detach(self):
        descriptor = self._descriptor
        if isinstance(self._endpoint, descriptors.Plain):
            self._endpoint.inner.detach()
        self._descriptor, self._endpoint = -1, None
        return descriptor

    def close(self):
        descriptor, endpoint = self._descriptor, self._endpoint
        self._descriptor, self._endpoint = -1, None
        if isinstance(endpoint, descriptors.Plain):
            endpoint.close()
        elif descriptor >= 0:
            if descriptors.find(descriptor) is not endpoint:
                raise os_error(errno.EBADF)
            descriptors.remove(descriptor)

    def settimeout(self, timeout):
        self._timeout = _checked_timeout(timeout)
        self._mark()

    def gettimeout(self):
        return self._timeout

    def setblocking(self, flag):
        self.settimeout(None if flag else 0.0)

    def getblocking(self):
        return self._timeout is None or self._timeout > 0

    def _open(self):
        endpoint = self._endpoint
        if endpoint is None or not (descriptors.find(self._descriptor) is endpoint or
                                    isinstance(endpoint, descriptors.Plain)):
            raise os_error(errno.EBADF)
        return endpoint

    def _mark(self):
        """Lets the descriptor say whether it waits: fcntl and signal.set_wakeup_fd look there."""
        os.set_blocking(self._descriptor, self._timeout is None)

    def _wait(self, step, flags=0, option=SO_RCVTIMEO):
        """The result of step(), which is None as long as it would block. The option has the time that
        a socket without a time-out may take."""
        if self._timeout == 0 or flags & MSG_DONTWAIT:
            result = step()
            if result is None:
                raise os_error(errno.EAGAIN)
            return result
        limit = self._open().options.get(option) if self._timeout is None else None
        if not limit:
            return wait(step, self._timeout)
        try:
            return wait(step, limit)
        except TimeoutError:  # an option's time, not one of Python's, is over
            raise os_error(errno.EAGAIN) from None

    def _address(self, address, caller):
        if self._family == AF_UNIX:
            if not isinstance(address, (str, bytes, bytearray, memoryview)):
                raise TypeError(f"a bytes-like object is required, not '{type(address).__name__}'")
            return (address,)
        ip_version = _VERSIONS[self._family]
        if not isinstance(address, tuple):
            raise TypeError(f"{caller}(): {'AF_INET' if ip_version == 4 else 'AF_INET6'} address must be tuple, not "
                            f"{type(address).__name__}")
        if ip_version == 4 and len(address) != 2:
            raise TypeError("AF_INET address must be a pair (host, port)")
        if ip_version == 6 and not 2 <= len(address) <= 4:
            raise TypeError("AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])")
        port, flow, scope = map(operator.index, (*address[1:], 0, 0)[:3])
        if not 0 <= port <= 65535:
            raise OverflowError(f"{caller}(): port must be 0-65535.")
        if not 0 <= flow <= 0xfffff:
            raise OverflowError(f"{caller}(): flowinfo must be 0-1048575.")
        host, host_scope = names.host_address(address[0], ip_version)
        if ip_version == 6:
            host = addresses.held(host, scope or host_scope, errno.ENODEV if caller == "bind" else errno.ENETUNREACH)
        return host, port

    def _shown(self, address):
        """An endpoint's address, as this family has it."""
        return addresses.shown(address) if self._family == AF_INET6 and address is not None else address

    # ---- Connections

    def bind(self, address):
        endpoint = self._open()
        endpoint.bind(*self._address(address, "bind"))

    def listen(self, backlog=128):
        self._open().listen(_c_int(backlog))

    def _accept(self):
        endpoint, address = self._wait(self._open().accept)
        return descriptors.add(endpoint), self._shown(address)

    def connect(self, address):
        endpoint = self._open()
        endpoint.connect(*self._address(address, "connect"))
        if self._family == AF_UNIX:
            self._wait(endpoint.connected)
            return
        if self._timeout == 0 and self._type == SOCK_STREAM:
            raise os_error(errno.EINPROGRESS)
        wait(endpoint.connected, self._timeout)

    def connect_ex(self, address):
        try:
            socket.connect(self, address)
        except TimeoutError as error:
            return error.errno or errno.EAGAIN
        except OSError as error:
            if error.errno is None or isinstance(error, gaierror):
                raise
            return error.errno
        return 0

    def shutdown(self, how):
        endpoint = self._open()
        if _c_int(how) not in (SHUT_RD, SHUT_WR, SHUT_RDWR):
            raise os_error(errno.EINVAL)
        endpoint.shutdown(how)

    def getsockname(self):
        return self._shown(self._open().local())

    def getpeername(self):
        return self._shown(self._open().remote())

    # ---- Data

    def _receive(self, size, flags):
        endpoint = self._open()
        if operator.index(flags) & MSG_OOB:
            raise os_error(errno.EINVAL)
        data, sender = self._wait(lambda: endpoint.receive(size, flags), flags)
        if flags & MSG_WAITALL and self._type == SOCK_STREAM and not flags & MSG_PEEK:
            while data and len(data) < size:
                more = self._wait(lambda: endpoint.receive(size - len(data), flags), flags)[0]
                if not more:
                    break
                data += more
        return data, self._shown(sender)

    def recv(self, size, flags=0):
        return self._receive(_checked_size(size, "recv"), flags)[0][:size]

    def recvfrom(self, size, flags=0):
        data, sender = self._receive(_checked_size(size, "recvfrom"), flags)
        return data[:size], sender

    def recv_into(self, buffer, nbytes=0, flags=0):
        return self.recvfrom_into(buffer, nbytes, flags)[0]

    def recvfrom_into(self, buffer, nbytes=0, flags=0):
        with memoryview(buffer) as view, view.cast("B") as room:
            size = _checked_size(nbytes, "recv_into")
            if size > len(room):
                raise ValueError("buffer too small for requested bytes")
            size = size or len(room)
            data, sender = self._receive(size, flags)
            data = data[:size]
            room[:len(data)] = data
            return len(data), sender

    def recvmsg(self, bufsize, ancbufsize=0, flags=0):
        size = _checked_size(bufsize, "recvmsg")
        room = _checked_size(ancbufsize, "recvmsg")
        endpoint = self._open()
        if isinstance(endpoint, LocalStream) and not flags & MSG_PEEK:
            data, rights = self._wait(lambda: endpoint.receive_message(size), flags)
            fit = max(0, room - CMSG_LEN(0)) // _INT.size
            descriptors.close(rights[fit:])
            items = [(SOL_SOCKET, SCM_RIGHTS, b"".join(map(_INT.pack, rights[:fit])))] if rights[:fit] else []
            return data, items, MSG_CTRUNC if rights[fit:] else 0, None
        data, sender = self._receive(size, flags)
        return data[:bufsize], [], MSG_TRUNC if len(data) > bufsize else 0, sender

    def recvmsg_into(self, buffers, ancbufsize=0, flags=0):
        views = [_bytes_of(buffer) for buffer in buffers]
        if any(view.readonly for view in views):
            raise TypeError("recvmsg_into() argument 1 must be an iterable of read-write bytes-like objects")
        data, items, more, sender = self.recvmsg(sum(map(len, views)), ancbufsize, flags)
        at = 0
        for view in views:
            part = data[at:at + len(view)]
            view[:len(part)] = part
            at += len(part)
        return len(data), items, more, sender

    def send(self, data, flags=0):
        endpoint = self._open()
        with _bytes_of(data) as content:
            return self._wait(lambda: endpoint.send(content, flags, None), flags, SO_SNDTIMEO)

    def sendall(self, data, flags=0):
        endpoint = self._open()
        end = None if self._timeout is None else time.monotonic() + self._timeout
        with _bytes_of(data) as content:
            at = 0
            while True:
                with content[at:] as rest:
                    step = lambda: endpoint.send(rest, flags, None)  # noqa: E731
                    if end is None or self._timeout == 0:
                        at += self._wait(step, flags, SO_SNDTIMEO)
                    else:
                        at += wait(step, max(0.0, end - time.monotonic()))
                if at >= len(content):
                    return

    def sendto(self, data, *arguments):
        if len(arguments) not in (1, 2):
            raise TypeError(f"sendto() takes 2 or 3 arguments ({len(arguments) + 1} given)")
        flags, address = arguments if len(arguments) == 2 else (0, arguments[0])
        endpoint = self._open()
        operator.index(flags)
        with _bytes_of(data) as content:
            to = self._address(address, "sendto")
            return self._wait(lambda: endpoint.send(content, flags, to), flags, SO_SNDTIMEO)

    def sendmsg(self, buffers, ancdata=(), flags=0, address=None):
        data = b"".join(bytes(_bytes_of(buffer)) for buffer in buffers)
        rights = _rights_of(ancdata)
        if rights:
            endpoint = self._open()
            if not isinstance(endpoint, LocalStream):
                raise os_error(errno.EINVAL)
            return self._wait(lambda: endpoint.send_message(data, rights), flags, SO_SNDTIMEO)
        if address is not None:
            return self.sendto(data, flags, address)
        return self.send(data, flags)

    # ---- Options

    def setsockopt(self, level, option, value, optlen=None):
        options = self._open().options
        self._check_level(level)
        if (level, option) == (IPPROTO_IPV6, IPV6_V6ONLY) and self._endpoint.local()[1]:
            raise os_error(errno.EINVAL)
        name = _REMEMBERED.get((level, option))
        if name is not None:
            if not isinstance(value, int):
                value = int.from_bytes(bytes(value)[:4], "little", signed=True)
            value = int(value)
            if name in _LOWEST and value == -1:
                value = _DEFAULTS.get(name, 0)
            if name in _LOWEST and not _LOWEST[name] <= value <= 255:
                raise os_error(errno.EINVAL)
            options[name] = value
        elif (level, option) == (SOL_SOCKET, SO_LINGER):
            on, seconds = memoryview(bytes(value)).cast("i")
            options["linger"] = seconds if on else None
        elif level == SOL_SOCKET and option in (SO_RCVTIMEO, SO_SNDTIMEO):
            if isinstance(value, int) or len(bytes(value)) < _TIMEVAL.size:
                raise os_error(errno.EINVAL)
            seconds, microseconds = _TIMEVAL.unpack_from(bytes(value))
            if not 0 <= microseconds < 10**6:
                raise os_error(errno.EDOM)
            options[option] = max(0, seconds + microseconds / 1e6)
        elif level not in (SOL_SOCKET, IPPROTO_TCP, IPPROTO_IP, IPPROTO_IPV6):
            raise os_error(errno.EOPNOTSUPP)
        else:
            raise os_error(errno.ENOPROTOOPT)

    def _check_level(self, level):
        if level == IPPROTO_IPV6 and self._family != AF_INET6:
            raise os_error(errno.ENOPROTOOPT)

    def getsockopt(self, level, option, buflen=0):
        endpoint = self._open()
        if not 0 <= buflen <= 1024:
            raise OSError("getsockopt buflen out of range")
        self._check_level(level)
        fixed = {SO_TYPE: self._type, SO_ERROR: None, SO_DOMAIN: self._family,
                 SO_PROTOCOL: 0 if self._family == AF_UNIX else {SOCK_STREAM: 6, SOCK_DGRAM: 17}[self._type],
                 SO_ACCEPTCONN: int(endpoint.listening)}
        name = _REMEMBERED.get((level, option))
        if name is not None:
            value = endpoint.options.get(name, _DEFAULTS.get(name, 0))
        elif level == SOL_SOCKET and option in fixed:
            value = endpoint.take_error() if option == SO_ERROR else int(fixed[option])
        elif (level, option) == (SOL_SOCKET, SO_LINGER):
            linger = endpoint.options.get("linger")
            packed = (0 if linger is None else 1).to_bytes(4, "little") + (linger or 0).to_bytes(
                4, "little")
            return packed[:buflen] if buflen else int.from_bytes(packed[:4], "little")
        elif level == SOL_SOCKET and option in (SO_RCVTIMEO, SO_SNDTIMEO):
            microseconds = round(endpoint.options.get(option, 0) * 1e6)
            packed = _TIMEVAL.pack(*divmod(microseconds, 10**6))
            return packed[:buflen] if buflen else microseconds // 10**6
        else:
            raise os_error(errno.ENOPROTOOPT)
        return value.to_bytes(4, "little", signed=True)[:buflen] if buflen else value


SocketType = socket


def socketpair(family=None, type=SOCK_STREAM, proto=0):
    return tuple(socket(fileno=half.detach()) for half in _plain.socketpair(
        AF_UNIX if family is None else family, type, proto))


def dup(descriptor):
    endpoint = descriptors.find(descriptor)
    return _plain.dup(descriptor) if endpoint is None else descriptors.add(endpoint)


def close(descriptor):
    if descriptors.find(descriptor) is None:
        os.close(descriptor)
    else:
        descriptors.remove(descriptor)


_plain_sendfile = os.sendfile
_PIECE = 256 << 10


def _sendfile(out_fd, in_fd, offset, count):
    """os.sendfile, which the loader cannot do to a socket that it does not know."""
    endpoint = descriptors.find(out_fd)
    if endpoint is None:
        return _plain_sendfile(out_fd, in_fd, offset, count)
    count = min(operator.index(count), _PIECE)
    begin = os.lseek(in_fd, 0, os.SEEK_CUR) if offset is None else offset
    data = os.pread(in_fd, count, begin)
    if not data:
        return 0
    if os.get_blocking(out_fd):
        sent = wait(lambda: endpoint.send(data, 0, None), None)
    else:
        sent = endpoint.send(data, 0, None)
        if sent is None:
            raise os_error(errno.EAGAIN)
    if offset is None:
        os.lseek(in_fd, begin + sent, os.SEEK_SET)
    return sent


os.sendfile = _sendfile
