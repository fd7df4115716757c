# SPDX-License-Identifier: LGPL-2.1-or-later
"""The module `_ssl` of this Python: CPython's own, but that it reads and writes the descriptor of a
socket itself, which ours have not. Here OpenSSL works on two buffers, and the socket carries them.

Reference: the Python library reference, `ssl`, section "Memory BIO support"."""
import importlib.machinery
import importlib.util
import sys
import threading

import _socket


def _load_plain():
    """The extension module behind the name that is ours."""
    spec = importlib.machinery.PathFinder.find_spec("_ssl", [
        folder for folder in sys.path if folder.endswith("lib-dynload")])
    module = importlib.util.module_from_spec(spec)
    ours = sys.modules.get("_ssl")
    spec.loader.exec_module(module)
    if ours is not None:
        sys.modules["_ssl"] = ours
    return module


_plain = _load_plain()
globals().update({name: value for name, value in vars(_plain).items()
                  if not name.startswith("__")})
_PIECE = 64 << 10


class _Connection:
    """What SSLContext._wrap_socket returns: the methods of CPython's own."""

    def __init__(self, inner, sock, incoming, outgoing):
        self._inner, self._sock = inner, sock
        self._incoming, self._outgoing = incoming, outgoing
        self._unsent = b""
        self._lock = threading.RLock()  # around OpenSSL, whose objects are for one thread at a time
        self._sender = threading.Lock()

    def __getattr__(self, name):
        return getattr(self._inner, name)

    @property
    def session(self):
        return self._inner.session

    @session.setter
    def session(self, session):
        self._inner.session = session

    @property
    def context(self):
        return self._inner.context

    @context.setter
    def context(self, context):
        self._inner.context = context

    def _send(self):
        """What OpenSSL wants to be sent. One thread does it, also for the others, who may want to receive: they
        do not wait for it."""
        while (self._unsent or self._outgoing.pending) and self._sender.acquire(blocking=False):
            try:
                self._unsent = self._unsent or self._outgoing.read()
                self._unsent = self._unsent[_socket.socket.send(self._sock, self._unsent):]
            except BlockingIOError:
                raise SSLWantWriteError(SSL_ERROR_WANT_WRITE,
                                        "The operation did not complete (write)") from None
            finally:
                self._sender.release()

    def _receive(self):
        try:
            data = _socket.socket.recv(self._sock, _PIECE)
        except BlockingIOError:
            raise SSLWantReadError(SSL_ERROR_WANT_READ,
                                   "The operation did not complete (read)") from None
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def _run(self, function, *arguments):
        while True:
            try:
                with self._lock:
                    result = function(*arguments)
            except SSLWantReadError:
                self._send()
                self._receive()
                continue
            except SSLError:
                try:
                    self._send()  # the alert that tells the peer why
                except OSError:
                    pass
                raise
            self._send()
            return result

    def do_handshake(self):
        return self._run(self._inner.do_handshake)

    def read(self, *arguments):
        return self._run(self._inner.read, *arguments)

    def write(self, data):
        self._send()
        while True:
            try:
                with self._lock:
                    count = self._inner.write(data)
                break
            except SSLWantReadError:
                self._send()
                self._receive()
        try:
            self._send()
        except SSLWantWriteError:
            pass  # OpenSSL has taken it; the next call sends the rest
        return count

    def shutdown(self):
        self._run(self._inner.shutdown)
        return self._sock


class _SSLContext(_plain._SSLContext):
    def _wrap_socket(self, sock, server_side, server_hostname=None, *, owner=None, session=None):
        incoming, outgoing = MemoryBIO(), MemoryBIO()
        inner = self._wrap_bio(incoming, outgoing, server_side=server_side,
                               server_hostname=server_hostname, owner=owner or sock,
                               session=session)
        return _Connection(inner, sock, incoming, outgoing)
