# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names of hosts and services, as `socket` has them. What needs no network is the C library's.

Reference: RFC 3493 sections 4 and 6; getaddrinfo(3), if_nameindex(3)."""
import errno
import operator
import os
import sys

from . import addresses
from .addresses import ANY_OF, LOOPBACK_OF, MAPPED, version
from .common import os_error
from .descriptors import plain_socket as _plain

_BROADCAST = "255.255.255.255"
gaierror, herror = _plain.gaierror, _plain.herror
AF_INET, AF_INET6, AF_UNSPEC = _plain.AF_INET, _plain.AF_INET6, _plain.AF_UNSPEC
_VERSIONS = {AF_UNSPEC: (4, 6), AF_INET: (4,), AF_INET6: (6,)}
_FAMILIES = {4: AF_INET, 6: AF_INET6}
_HOST_NOT_FOUND, _TRY_AGAIN = 1, 2


def _gaierror(number):
    text = {_plain.EAI_NONAME: "Name or service not known",
            _plain.EAI_NODATA: "No address associated with hostname",
            _plain.EAI_AGAIN: "Temporary failure in name resolution",
            _plain.EAI_ADDRFAMILY: "Address family for hostname not supported"}[number]
    return gaierror(number, text)


def _text(host):
    if isinstance(host, (bytes, bytearray)):
        return bytes(host).decode("ascii")
    if not isinstance(host, str):
        raise TypeError(f"str, bytes or bytearray expected, not {type(host).__name__}")
    if "\0" in host:
        raise ValueError("host name must not contain null character")
    return host


def _numeric(host):
    """(address, scope): '127.0.0.1' for '127.1' and the like; None when it is a name."""
    if not host or not host.isascii() or " " in host:
        return None
    try:
        if ":" in host:
            address, _, interface = host.partition("%")
            address = addresses.text(addresses.octets(address))
            return address, addresses.scope(interface, addresses.is_link_local(address))
        if host[0].isdigit():
            return _plain.inet_ntoa(_plain.inet_aton(host)), 0
    except OSError:
        pass
    return None


def _resolve(host, versions=(4,)):
    """The addresses of a name; gaierror."""
    from . import resolver
    try:
        return resolver.addresses(host, versions)
    except (resolver.NoAnswer, OSError):
        raise _gaierror(_plain.EAI_AGAIN) from None
    except resolver.NoSuchRecord:
        raise _gaierror(_plain.EAI_NODATA) from None
    except (resolver.NameProblem, UnicodeError):
        raise _gaierror(_plain.EAI_NONAME) from None


def host_address(host, ip_version=4):
    """(address, scope) of the host in a socket's address: '' is any, '<broadcast>' all."""
    host = _text(host)
    if host == "":
        return ANY_OF[ip_version], 0
    if host == "<broadcast>":
        if ip_version != 4:
            raise OSError("address family mismatched")
        return _BROADCAST, 0
    numeric = _numeric(host)
    if numeric is not None:
        if version(numeric[0]) != ip_version:
            raise _gaierror(_plain.EAI_ADDRFAMILY)
        return numeric
    if ":" in host:
        raise _gaierror(_plain.EAI_NONAME)
    return _resolve(host, (ip_version,))[0], 0


def _addresses(host, versions, flags):
    """Those of a name, as the flags want them, the best ones first."""
    if flags & _plain.AI_ADDRCONFIG:
        known = _known_addresses()
        versions = [one for one in versions if one == 4 or any(map(_routed, known))] or versions
    mapped = versions == (6,) and flags & _plain.AI_V4MAPPED
    try:
        found = _resolve(host, (4, 6) if mapped and flags & _plain.AI_ALL else versions)
    except gaierror as problem:
        if not mapped or problem.errno != _plain.EAI_NODATA:
            raise
        found = _resolve(host, (4,))
    if len(found) > 1:
        from .selection import ordered
        found = ordered(found, _known_addresses())
    return [MAPPED + address if mapped and version(address) == 4 else address for address in found]


def _known_addresses():
    """The card's. Nobody is asked for one here: who has only looked up a name may never need it."""
    interface = sys.modules.get(f"{__package__}.interface")
    return interface.known_addresses() if interface else []


def _routed(address):
    return version(address) == 6 and not addresses.is_link_local(address)


def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    if isinstance(host, str) and not host.isascii():
        host = host.encode("idna")
    if host is not None:
        host = _text(host)

    def plain(address, one_family, more_flags=0):
        without = _plain.AI_ADDRCONFIG | _plain.AI_CANONNAME
        return _plain.getaddrinfo(address, port, one_family, type, proto,
                                  flags & ~without | _plain.AI_NUMERICHOST | more_flags)

    versions = _VERSIONS.get(family)
    if versions is None or host is not None and flags & _plain.AI_NUMERICHOST:
        return plain(host or None, family, flags & _plain.AI_CANONNAME)
    if not host:
        # The order that Linux has: of those that listen IPv4 first, of those to go to IPv6.
        passive = flags & _plain.AI_PASSIVE
        return [entry for one in (versions if passive else reversed(versions))
                for entry in plain((ANY_OF if passive else LOOPBACK_OF)[one], _FAMILIES[one])]
    numeric = _numeric(host)
    if numeric is not None:
        address, scope = numeric
        found = plain(address, family, flags & _plain.AI_CANONNAME)
        return [(*entry[:4], (*entry[4][:3], scope)) if scope else entry for entry in found]
    if ":" in host:
        raise _gaierror(_plain.EAI_NONAME)
    found = [entry for address in _addresses(host, versions, flags)
             for entry in plain(address, _FAMILIES[version(address)])]
    if flags & _plain.AI_CANONNAME and found:
        found[0] = (*found[0][:3], host, found[0][4])
    return found


def gethostbyname(host):
    return host_address(host)[0]


def gethostbyname_ex(host):
    host = _text(host)
    numeric = _numeric(host)
    if numeric is not None and version(numeric[0]) != 4:
        raise _gaierror(_plain.EAI_ADDRFAMILY)
    return (host, [], [numeric[0]] if numeric else _resolve(host))


def gethostbyaddr(host):
    from . import resolver
    numeric = _numeric(_text(host))
    address = numeric[0] if numeric is not None else host_address(host)[0]
    try:
        found = resolver.names(address)
    except (resolver.NoAnswer, OSError):
        raise herror(_TRY_AGAIN, "Host name lookup failure") from None
    except resolver.NameProblem:
        raise herror(_HOST_NOT_FOUND, "Unknown host") from None
    return found[0], found[1:], [address]


def getnameinfo(sockaddr, flags):
    if not isinstance(sockaddr, tuple):
        raise TypeError("getnameinfo() argument 1 must be a tuple")
    host, port = sockaddr[:2]
    if not 0 <= port <= 65535:
        raise OverflowError("getsockaddrarg: port must be 0-65535.")
    numeric = _numeric(host)
    if numeric is None:
        return _plain.getnameinfo(sockaddr, flags)
    name, scope = numeric
    if version(name) == 6 and len(sockaddr) > 3:
        scope = sockaddr[3] or scope
    service = _plain.getnameinfo((name, *sockaddr[1:]), flags | _plain.NI_NUMERICHOST)[1]
    if not flags & _plain.NI_NUMERICHOST:
        try:
            return gethostbyaddr(name)[0], service
        except herror:
            if flags & _plain.NI_NAMEREQD:
                raise _gaierror(_plain.EAI_NONAME) from None
    if scope and version(name) == 6:
        name += f"%{addresses.INTERFACES.get(scope, scope)}"
    return name, service


def if_nameindex():
    return list(addresses.INTERFACES.items())


def if_nametoindex(name):
    for number, known in addresses.INTERFACES.items():
        if known == os.fsdecode(name):
            return number
    raise OSError("no interface with this name")


def if_indextoname(index):
    index = operator.index(index)
    if index < 0:
        raise OverflowError("can't convert negative value to unsigned int")
    if index in addresses.INTERFACES:
        return addresses.INTERFACES[index]
    raise os_error(errno.ENXIO)
