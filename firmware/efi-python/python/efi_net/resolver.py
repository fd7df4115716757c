# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names of hosts: /etc/hosts, then the name servers that DHCP has told, over our own UDP.

Reference: RFC 1034, RFC 1035 sections 4.1 and 4.2.1."""
import os
import struct
import time

from . import interface
from .common import wait

TYPE_A, TYPE_PTR, CLASS_IN = 1, 12, 1
TRIES, SECONDS = 2, 2.5
_RECURSION_WANTED, _TRUNCATED, _RESPONSE = 0x0100, 0x0200, 0x8000
_NO_SUCH_NAME = 3


class NameProblem(Exception):
    """`temporary`: nobody has answered; otherwise there is no such name, or no such record."""

    def __init__(self, temporary):
        super().__init__()
        self.temporary = temporary


def hosts():
    """(address, names) of each line of /etc/hosts."""
    try:
        with open("/etc/hosts", encoding="utf-8") as file:
            lines = [line.partition("#")[0].split() for line in file]
    except OSError:
        return []
    return [(words[0], words[1:]) for words in lines if len(words) > 1]


def _write_name(name):
    out = b""
    for label in name.rstrip(".").split("."):
        part = label.encode("ascii" if label.isascii() else "idna")
        if not 0 < len(part) < 64:
            raise NameProblem(False)
        out += bytes([len(part)]) + part
    if len(out) > 254:
        raise NameProblem(False)
    return out + b"\0"


def _read_name(message, at):
    """(name, offset behind it); pointers go backwards only, so that none is a loop."""
    labels, end, limit = [], None, at
    while True:
        size = message[at]
        if size >= 0xc0:
            target = (size & 0x3f) << 8 | message[at + 1]
            end = at + 2 if end is None else end
            if target >= limit:
                raise ValueError("a name that points forwards")
            at = limit = target
        elif size == 0:
            return ".".join(labels), at + 1 if end is None else end
        else:
            labels.append(message[at + 1:at + 1 + size].decode("latin-1"))
            at += 1 + size


def _number():
    try:
        return int.from_bytes(os.urandom(2), "little")
    except NotImplementedError:
        # There are no random numbers on this machine; the server's address and our port have to do.
        return time.monotonic_ns() >> 10 & 0xffff


def _parse(message, number, kind):
    """The records' contents; None when it is no answer to the question."""
    got, flags, questions, answers = struct.unpack_from(">4H", message)
    if got != number or not flags & _RESPONSE:
        return None
    if flags & 15 == _NO_SUCH_NAME:
        raise NameProblem(False)
    if flags & 15:
        raise NameProblem(True)
    at = 12
    for _ in range(questions):
        at = _read_name(message, at)[1] + 4
    found = []
    for _ in range(answers):
        at = _read_name(message, at)[1]
        record, record_class, _, size = struct.unpack_from(">HHIH", message, at)
        at += 10
        if record == kind and record_class == CLASS_IN:
            if kind == TYPE_A and size == 4:
                found.append(".".join(map(str, message[at:at + 4])))
            elif kind == TYPE_PTR:
                found.append(_read_name(message, at)[0])
        at += size
    return found


def query(name, kind=TYPE_A):
    """The records of a name, NameProblem if there are none."""
    from .udp import Datagrams
    servers = interface.interface().name_servers
    question = _write_name(name) + struct.pack(">HH", kind, CLASS_IN)
    for _ in range(TRIES):
        for server in servers:
            number = _number()
            port = Datagrams(0, (server, 53))
            try:
                port.send(struct.pack(">6H", number, _RECURSION_WANTED, 1, 0, 0, 0) + question,
                          None)

                def answer():
                    port.service()
                    if port.error:
                        return []
                    while port.received:
                        try:
                            found = _parse(port.received.popleft()[0], number, kind)
                        except (struct.error, IndexError, ValueError):
                            continue
                        if found is not None:
                            if not found:
                                raise NameProblem(False)
                            return found
                    return None

                found = wait(answer, SECONDS)
                if found:
                    return found
            except (TimeoutError, OSError):
                pass
            finally:
                port.close()
    raise NameProblem(True)


def addresses(name):
    """IPv4 addresses of a name."""
    lowered = name.rstrip(".").lower()
    found = [address for address, names in hosts()
             if ":" not in address and lowered in map(str.lower, names)]
    return found or query(name)


def names(address):
    """The names of an IPv4 address, the first one is the canonical one."""
    for known, listed in hosts():
        if known == address:
            return listed
    return query(".".join(reversed(address.split("."))) + ".in-addr.arpa", TYPE_PTR)
