# SPDX-License-Identifier: LGPL-2.1-or-later
"""Descriptors: each socket of the firmware's has one of the loader's, which nobody can read, so that
its number is its own. And sockets that are the loader's: pairs of AF_UNIX."""
import errno
import importlib.machinery
import importlib.util
import os
import sys


from . import register_end
from .common import os_error

_endpoints = {}  # by descriptor: what is behind it
_references = {}  # by endpoint's id: how many descriptors


def load_builtin(name):
    """CPython's own module behind a name that is ours."""
    ours = sys.modules.get(name)
    spec = importlib.machinery.BuiltinImporter.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if ours is None:
        sys.modules.pop(name, None)
    else:
        sys.modules[name] = ours
    return module


plain_socket = load_builtin("_socket")
plain_select = load_builtin("select")


def add(endpoint):
    """A descriptor for it."""
    descriptor = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    _endpoints[descriptor] = endpoint
    _references[id(endpoint)] = _references.get(id(endpoint), 0) + 1
    return descriptor


def find(descriptor):
    """What is behind it; None when it is the loader's."""
    return _endpoints.get(descriptor)


def remove(descriptor):
    """Closes it, and the endpoint behind it with its last one."""
    endpoint = _endpoints.pop(descriptor, None)
    if endpoint is None:
        raise os_error(errno.EBADF)
    os.close(descriptor)
    left = _references[id(endpoint)] - 1
    if left:
        _references[id(endpoint)] = left
    else:
        del _references[id(endpoint)]
        endpoint.close()


def close(numbers):
    """Descriptors of either kind."""
    for number in numbers:
        if number in _endpoints:
            remove(number)
        else:
            os.close(number)


def duplicate(numbers):
    """More descriptors of the same things."""
    made = []
    try:
        for number in numbers:
            endpoint = find(number)
            made.append(plain_socket.dup(number) if endpoint is None else add(endpoint))
    except BaseException:
        close(made)
        raise
    return made


def close_all():
    for descriptor in list(_endpoints):
        try:
            remove(descriptor)
        except OSError:
            pass


class Plain:
    """A socket of the loader's, as an endpoint."""

    options = {}
    listening = False
    accept_queue = ()

    def __init__(self, inner):
        self.inner = inner
        inner.setblocking(False)

    def _try(self, function, *arguments):
        try:
            return function(*arguments)
        except BlockingIOError:
            return None

    def _ready(self, events):
        poll = plain_select.poll()
        poll.register(self.inner.fileno(), events)
        found = poll.poll(0)
        return found[0][1] if found else 0

    def service(self):
        pass

    def receive(self, count, flags):
        data = self._try(self.inner.recv, count, flags)
        return None if data is None else (data, None)

    def send(self, data, flags, address):
        return self._try(self.inner.send, data, flags)

    @property
    def readable(self):
        return bool(self._ready(plain_select.POLLIN))

    @property
    def writable(self):
        return bool(self._ready(plain_select.POLLOUT))

    @property
    def hung_up(self):
        return bool(self._ready(0) & plain_select.POLLHUP)

    error_condition = False

    def bind(self, *address):
        raise os_error(errno.EOPNOTSUPP)

    connect = bind

    def listen(self, backlog):
        raise os_error(errno.EOPNOTSUPP)

    def accept(self):
        raise os_error(errno.EOPNOTSUPP)

    def connected(self):
        return True

    def take_error(self):
        return self.inner.getsockopt(plain_socket.SOL_SOCKET, plain_socket.SO_ERROR)

    def local(self):
        return self.inner.getsockname()

    def remote(self):
        return self.inner.getpeername()

    def shutdown(self, how):
        self.inner.shutdown(how)

    def close(self):
        self.inner.close()


register_end()
