# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes down what a Python program does with sockets, as docs/socket-peer.md describes it.

    python3 socket_log.py --log out.jsonl --name peer=127.0.0.2 --name self=127.0.0.1 program.py ...

runs program.py with the socket module's calls recorded. The same file runs in a guest's Python and
on a host's, and `ice86 diff` compares what it wrote there and here. `--log -` writes to standard
output, each line behind "socket-log: ", for a machine whose only way out is a serial line.

How often readiness is asked for (select, poll) is a matter of speed, and not recorded.
"""

import errno
import hashlib
import json
import platform
import runpy
import socket
import sys
import threading
import time

SCHEMA = "ice86-socket-log"
VERSION = 1
PREFIX = "socket-log: "
PLAIN_BYTES = 32

_Socket = socket.socket


class Recorder:
    def __init__(self, write, program="", names=None):
        self._write = write
        self._names = dict(names or {})
        self._ports = set()     # that the program has named; others are the system's choice
        self._lock = threading.Lock()
        self._sockets = 0
        self._calls = 0
        self._began = time.monotonic_ns()
        source = f"{platform.python_implementation()} {platform.python_version()}, {platform.system()}"
        self._line({"schema": SCHEMA, "version": VERSION, "source": source, "program": program})

    def _line(self, value):
        self._write(json.dumps(value, separators=(",", ":")))

    def new_socket(self):
        with self._lock:
            self._sockets += 1
            return self._sockets

    def named(self, address):
        """What the program calls by an address: its port may appear in the log."""
        if isinstance(address, tuple) and len(address) >= 2 and isinstance(address[1], int):
            self._ports.add(address[1])

    def plain(self, value):
        """A value as both machines have it: addresses by name, chosen ports as "any"."""
        if isinstance(value, tuple) and len(value) >= 2 and isinstance(value[0], str) and isinstance(value[1], int):
            host, port = value[:2]
            return [self._names.get(host, host), port if port in self._ports else "any"]
        if isinstance(value, str):
            return self._names.get(value, value)
        if isinstance(value, (list, tuple)):
            return [self.plain(one) for one in value]
        if isinstance(value, LoggedSocket):
            return {"socket": value._log_number}
        if isinstance(value, (bytes, bytearray, memoryview)):
            return {"bytes": len(value)}
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            name = getattr(value, "name", None)     # AF_INET, SOCK_STREAM: enumerations
            return name if isinstance(name, str) else value
        if value is None or isinstance(value, bool):
            return value
        return type(value).__name__

    def call(self, number, name, arguments, work, moved=None):
        """Does `work` and writes it down. `moved` tells the data from its result."""
        entry = {"n": 0, "t": 0, "socket": number, "call": name, "args": [self.plain(a) for a in arguments]}
        try:
            result = work()
        except BaseException as error:
            number_of = getattr(error, "errno", None)
            entry["error"] = type(error).__name__
            if isinstance(number_of, int):
                entry["errno"] = errno.errorcode.get(number_of, str(number_of))
            self._add(entry)
            raise
        if moved is None:
            entry["result"] = self.plain(result)
        else:
            entry.update(moved(result))
        self._add(entry)
        return result

    def _add(self, entry):
        with self._lock:
            entry["n"] = self._calls
            entry["t"] = time.monotonic_ns() - self._began
            self._calls += 1
            self._line(entry)

    def finish(self):
        with self._lock:
            self._line({"end": self._calls})


def _data(direction, payload, digest):
    """Of a stream, all that has gone this way so far; of a datagram, itself."""
    payload = bytes(payload)
    entry = {direction: len(payload)}
    if digest is not None:
        digest.update(payload)
        entry["stream"] = digest.hexdigest()
    elif len(payload) <= PLAIN_BYTES:
        entry["data"] = payload.hex()
    else:
        entry["data"] = "sha256:" + hashlib.sha256(payload).hexdigest()
    return entry


class LoggedSocket(_Socket):
    _recorder = None    # of the run: set by record()

    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
        recorder = self._recorder
        self._log_number = recorder.new_socket()
        arguments = [] if fileno is not None else [one for one in (family, type, proto) if one != -1]
        name = "accepted" if fileno is not None else "socket"
        recorder.call(self._log_number, name, arguments,
                      lambda: _Socket.__init__(self, family, type, proto, fileno), lambda _: {})
        stream = self.type == socket.SOCK_STREAM
        self._log_in = hashlib.sha256() if stream else None
        self._log_out = hashlib.sha256() if stream else None

    def _log(self, name, arguments, work, moved=None):
        return self._recorder.call(self._log_number, name, arguments, work, moved)

    def _received(self, payload):
        return _data("in", payload, self._log_in)

    def _sent(self, payload, count):
        return _data("out", memoryview(payload).cast("B")[:count], self._log_out)

    def bind(self, address):
        self._recorder.named(address)
        return self._log("bind", [address], lambda: _Socket.bind(self, address))

    def connect(self, address):
        self._recorder.named(address)
        return self._log("connect", [address], lambda: _Socket.connect(self, address))

    def connect_ex(self, address):
        self._recorder.named(address)
        return self._log("connect_ex", [address], lambda: _Socket.connect_ex(self, address),
                         lambda code: {"result": errno.errorcode.get(code, code)})

    def listen(self, *arguments):
        return self._log("listen", arguments, lambda: _Socket.listen(self, *arguments))

    def accept(self):
        # The new socket writes itself down; the call is over when it is there.
        return self._log("accept", [], lambda: super(LoggedSocket, self).accept())

    def recv(self, size, *flags):
        return self._log("recv", [size, *flags], lambda: _Socket.recv(self, size, *flags), self._received)

    def recv_into(self, buffer, *arguments):
        return self._log("recv_into", [buffer, *arguments], lambda: _Socket.recv_into(self, buffer, *arguments),
                         lambda count: self._received(memoryview(buffer).cast("B")[:count]))

    def recvfrom(self, size, *flags):
        return self._log("recvfrom", [size, *flags], lambda: _Socket.recvfrom(self, size, *flags),
                         lambda got: {**self._received(got[0]), "result": self._recorder.plain(got[1])})

    def send(self, payload, *flags):
        return self._log("send", [payload, *flags], lambda: _Socket.send(self, payload, *flags),
                         lambda count: self._sent(payload, count))

    def sendall(self, payload, *flags):
        return self._log("sendall", [payload, *flags], lambda: _Socket.sendall(self, payload, *flags),
                         lambda _: self._sent(payload, len(memoryview(payload).cast("B"))))

    def sendto(self, payload, *arguments):
        self._recorder.named(arguments[-1])
        return self._log("sendto", [payload, *arguments], lambda: _Socket.sendto(self, payload, *arguments),
                         lambda count: self._sent(payload, count))

    def shutdown(self, how):
        names = {socket.SHUT_RD: "SHUT_RD", socket.SHUT_WR: "SHUT_WR", socket.SHUT_RDWR: "SHUT_RDWR"}
        return self._log("shutdown", [names.get(how, how)], lambda: _Socket.shutdown(self, how))

    def close(self):
        if getattr(self, "_log_closed", False):
            return None
        self._log_closed = True
        return self._log("close", [], lambda: _Socket.close(self))

    def settimeout(self, seconds):
        return self._log("settimeout", [seconds], lambda: _Socket.settimeout(self, seconds))

    def setblocking(self, blocking):
        return self._log("setblocking", [blocking], lambda: _Socket.setblocking(self, blocking))

    def setsockopt(self, *arguments):
        return self._log("setsockopt", arguments, lambda: _Socket.setsockopt(self, *arguments))

    def getsockopt(self, *arguments):
        return self._log("getsockopt", arguments, lambda: _Socket.getsockopt(self, *arguments))

    def getsockname(self):
        return self._log("getsockname", [], lambda: _Socket.getsockname(self))

    def getpeername(self):
        return self._log("getpeername", [], lambda: _Socket.getpeername(self))


class record:
    """with record(write, program="x.py", names={"127.0.0.2": "peer"}): ...; `write` takes a line."""

    _functions = ("getaddrinfo", "gethostbyname", "getnameinfo", "inet_aton", "inet_pton")

    def __init__(self, write, program="", names=None):
        self._arguments = (write, program, names)

    def __enter__(self):
        self._recorder = LoggedSocket._recorder = Recorder(*self._arguments)
        self._before = {name: getattr(socket, name) for name in self._functions}
        for name, function in self._before.items():
            setattr(socket, name, self._wrapped(name, function))
        socket.socket = socket.SocketType = LoggedSocket
        return self._recorder

    def _wrapped(self, name, function):
        recorder = self._recorder

        def call(*arguments, **named):
            # What a resolver answers depends on the machine: that it does, or how it fails, is compared.
            return recorder.call(0, name, list(arguments), lambda: function(*arguments, **named), lambda _: {})
        return call

    def __exit__(self, *_):
        socket.socket = _Socket
        for name, function in self._before.items():
            setattr(socket, name, function)
        self._recorder.finish()
        return False


def main(words):
    log, names = None, {}
    while words and words[0].startswith("--"):
        option = words.pop(0)
        if option == "--log" and words:
            log = words.pop(0)
        elif option == "--name" and words and "=" in words[0]:
            name, address = words.pop(0).split("=", 1)
            names[address] = name
        else:
            words = []
    if log is None or not words:
        print(__doc__, file=sys.stderr)
        return 2
    program = words[0]
    sys.argv = words
    if log == "-":
        lines = sys.stdout
        write = lambda line: print(PREFIX + line, file=lines, flush=True)
    else:
        lines = open(log, "w", encoding="utf-8")
        write = lambda line: print(line, file=lines, flush=True)
    code = 0
    try:
        with record(write, program.rsplit("/", 1)[-1], names):
            runpy.run_path(program, run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        if lines is not sys.stdout:
            lines.close()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
