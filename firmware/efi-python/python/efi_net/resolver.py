# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names of hosts: /etc/hosts, then the name servers that DHCP has told, over our own UDP.

Reference: RFC 1034, RFC 1035 sections 4.1 and 4.2.1, RFC 3596."""
import os
import struct
import time

from . import interface
from .addresses import octets, text, version
from .common import wait
from .udp import Datagrams

TYPE_A, TYPE_PTR, TYPE_AAAA, CLASS_IN = 1, 12, 28, 1
_ADDRESS_TYPES = {4: TYPE_A, 6: TYPE_AAAA}
TRIES, SECONDS = 2, 2.5
_RECURSION_WANTED, _TRUNCATED, _RESPONSE = 0x0100, 0x0200, 0x8000
_NO_SUCH_NAME = 3


class NameProblem(Exception):
    """There is no such name."""


class NoSuchRecord(NameProblem):
    """The name is there, but has none of the records."""


class NoAnswer(NameProblem):
    """Nobody knows now."""


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
            raise NameProblem
        out += bytes([len(part)]) + part
    if len(out) > 254:
        raise NameProblem
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
        raise NameProblem
    if flags & 15:
        raise NoAnswer
    at = 12
    for _ in range(questions):
        at = _read_name(message, at)[1] + 4
    found = []
    for _ in range(answers):
        at = _read_name(message, at)[1]
        record, record_class, _, size = struct.unpack_from(">HHIH", message, at)
        at += 10
        if record == kind and record_class == CLASS_IN:
            if (kind, size) in ((TYPE_A, 4), (TYPE_AAAA, 16)):
                found.append(text(message[at:at + size]))
            elif kind == TYPE_PTR:
                found.append(_read_name(message, at)[0])
        at += size
    return found


def _name_servers():
    """Those of IPv4, or if there are none of IPv6; OSError when there is no network either."""
    problem = None
    for ip_version in 4, 6:
        try:
            found = interface.interface(ip_version).name_servers
        except OSError as error:
            problem = problem or error
            continue
        if found:
            return found
    if problem is not None:
        raise problem
    return []


class _Question:
    """One name, at one server: all kinds of records at once. The answers by their kind, None where there is no such
    name."""

    def __init__(self, server, name, kinds):
        self.answers = {}
        self._name = _write_name(name)
        self._kinds = {}  # by number, those that wait for an answer
        for kind in kinds:
            number = _number()
            while number in self._kinds:
                number = number + 1 & 0xffff
            self._kinds[number] = kind
        interface.reach(server)
        self._port = Datagrams(version(server), None, (server, 53))

    def send(self):
        for number, kind in self._kinds.items():
            self._port.send(struct.pack(">6H", number, _RECURSION_WANTED, 1, 0, 0, 0) + self._name +
                            struct.pack(">HH", kind, CLASS_IN), None)

    def look(self):
        """True when nothing is left to wait for."""
        self._port.service()
        while self._port.received and self._kinds:
            message = self._port.received.popleft()[0]
            number = int.from_bytes(message[:2], "big")
            if number not in self._kinds:
                continue
            kind = self._kinds[number]
            try:
                found = _parse(message, number, kind)
            except (struct.error, IndexError, ValueError):
                continue
            except NoAnswer:
                del self._kinds[number]
            except NameProblem:
                self.answers[self._kinds.pop(number)] = None
            else:
                if found is not None:
                    self.answers[self._kinds.pop(number)] = found
        return True if not self._kinds or self._port.error else None

    def close(self):
        self._port.close()


def _ask(server, name, kinds):
    """What this server has answered until it has all or the time is over."""
    question = None
    try:
        question = _Question(server, name, kinds)
        question.send()
        wait(question.look, SECONDS)
    except OSError:
        pass
    finally:
        if question is not None:
            question.close()
    return {} if question is None else question.answers


def query(name, *kinds):
    """The records of a name, in the order of the kinds; NameProblem if there are none."""
    _write_name(name)  # a wrong one is nobody's question
    answers = {}
    for server in _name_servers() * TRIES:
        answers.update(_ask(server, name, [kind for kind in kinds if kind not in answers]))
        # Some servers never answer a question for AAAA: addresses of the other kind are enough.
        if len(answers) == len(kinds) or any(answers.values()):
            break
    found = [record for kind in kinds for record in answers.get(kind) or ()]
    if found:
        return found
    if len(answers) < len(kinds):
        raise NoAnswer
    raise NameProblem if None in answers.values() else NoSuchRecord


def addresses(name, versions=(4,)):
    """The addresses of a name."""
    lowered = name.rstrip(".").lower()
    found = [address for address, names in hosts()
             if lowered in map(str.lower, names) and version(address) in versions]
    return found or query(name, *[_ADDRESS_TYPES[one] for one in versions])


def names(address):
    """The names of an address, the first one is the canonical one."""
    for known, listed in hosts():
        if known == address:
            return listed
    if version(address) == 4:
        return query(".".join(reversed(address.split("."))) + ".in-addr.arpa", TYPE_PTR)
    return query(".".join(reversed(octets(address).hex())) + ".ip6.arpa", TYPE_PTR)
