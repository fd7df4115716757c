# SPDX-License-Identifier: LGPL-2.1-or-later
"""IP addresses as the sockets hold them: texts of either version. A socket of AF_INET6 that talks IPv4 holds
IPv4 addresses; `socket` shows them mapped. Nothing here touches the firmware.

Reference: RFC 4291 section 2.5, RFC 3493 sections 3 and 5.3, RFC 4007 section 11."""
import errno

from .common import os_error, own_addresses
from .descriptors import plain_socket as _plain

ANY = "0.0.0.0"
ANY_OF = {4: ANY, 6: "::"}
LOOPBACK_OF = {4: "127.0.0.1", 6: "::1"}
MAPPED = "::ffff:"
INTERFACES = {1: "lo", 2: "eth0"}  # link-local addresses are the card's
CARD = 2


def version(address):
    return 6 if ":" in address else 4


def is_any(address):
    return address in ANY_OF.values()


def is_loopback(address):
    return address.startswith("127.") or address == "::1"


def is_link_local(address):
    if version(address) == 4:
        return False
    first = int.from_bytes(octets(address)[:2], "big")
    return first & 0xffc0 == 0xfe80 or first & 0xff0f == 0xff02  # unicast, multicast


def is_own(address):
    """Whether it is one of this machine's, as far as that is known yet."""
    return is_loopback(address) or is_any(address) or address in own_addresses


def octets(address):
    return _plain.inet_pton(_plain.AF_INET6 if ":" in address else _plain.AF_INET, address)


def text(content):
    """The address in 4 or 16 bytes."""
    content = bytes(content)
    return _plain.inet_ntop(_plain.AF_INET if len(content) == 4 else _plain.AF_INET6, content)


def held(address, scope, other_scope):
    """An IPv6 address of a socket's, the way it is held; `other_scope` is the errno of a scope that the address
    has not. A link-local address without one is EINVAL."""
    address = text(octets(address))
    if address.startswith(MAPPED) and "." in address:
        return address[len(MAPPED):]
    if is_link_local(address) and scope != CARD:
        raise os_error(errno.EINVAL if scope == 0 else other_scope)
    return address


def shown(address):
    """(address, port) as a socket of AF_INET6 tells it: (host, port, flowinfo, scope_id)."""
    host, port = address
    if version(host) == 4:
        host = MAPPED + host
    return host, port, 0, CARD if is_link_local(host) else 0


def scope(interface, link_local):
    """What follows a '%': 2 for 'eth0' or '2'. Only link-local addresses have names there; OSError for others."""
    if not interface:
        return 0
    for number, name in INTERFACES.items():
        if link_local and interface == name:
            return number
    if not interface.isdigit():
        raise os_error(errno.ENODEV)
    return int(interface)
