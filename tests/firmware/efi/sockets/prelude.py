# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every case of cases.txt finds: HOST, HOST6 and PORTS of the peers, SERVE (the port that callers reach),
and these."""
import errno
import hashlib
import os
import select
import socket
import struct
import threading
import time
import urllib.request


def tcp(service, timeout=20, host=HOST):
    """A connection to a peer."""
    s = socket.create_connection((host, PORTS[service]), timeout)
    return s


def udp(timeout=20, family=socket.AF_INET):
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.settimeout(timeout)
    return s


def attempt(function, *arguments, **named):
    """Prints the result, or what is raised."""
    try:
        print(repr(function(*arguments, **named)))
    except OSError as problem:
        number = errno.errorcode.get(problem.errno, problem.errno)
        print(type(problem).__name__, number if not isinstance(problem, socket.gaierror)
              else problem.errno, problem.strerror)
    except Exception as problem:
        print(type(problem).__name__, problem)


def read_all(s):
    parts = []
    while part := s.recv(65536):
        parts.append(part)
    return b"".join(parts)


def read_exactly(s, count):
    data = b""
    while len(data) < count:
        part = s.recv(count - len(data))
        if not part:
            break
        data += part
    return data


def pattern(count):
    return (bytes(range(251)) * (count // 251 + 1))[:count]


def listener(port=None):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("", SERVE if port is None else port))
    s.listen()
    s.settimeout(20)
    return s


meanwhile = []


def call(what, count=1, host=4):
    """Asks the peer to connect to SERVE: 'echo', 'lines', 'close', 'reset'. It answers at once and
    calls afterwards. A connection stays open meanwhile: without any, the time of an idle guest would
    run ahead of the callers'."""
    meanwhile.append(socket.create_connection((HOST, PORTS["silent"]), 20))
    urllib.request.urlopen(f"http://{HOST}:{PORTS['control']}/call?what={what}&count={count}&host={host}").read()


def answer():
    """What the callers have found, in their order."""
    found = urllib.request.urlopen(f"http://{HOST}:{PORTS['control']}/answer").read().decode()
    while meanwhile:
        meanwhile.pop().close()
    return found


def here():
    """A connected pair over the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        a = socket.create_connection(server.getsockname(), 20)
        b, _ = server.accept()
    b.settimeout(20)
    return a, b
