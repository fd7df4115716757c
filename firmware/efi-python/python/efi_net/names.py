# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names of hosts and services, as `socket` has them. What needs no network is the C library's.

Reference: RFC 3493 section 6; getaddrinfo(3)."""
from .common import ANY
from .descriptors import plain_socket as _plain

_BROADCAST = "255.255.255.255"
gaierror, herror = _plain.gaierror, _plain.herror
AF_INET, AF_UNSPEC = _plain.AF_INET, _plain.AF_UNSPEC
_HOST_NOT_FOUND, _TRY_AGAIN = 1, 2


def _gaierror(number):
    text = {_plain.EAI_NONAME: "Name or service not known",
            _plain.EAI_AGAIN: "Temporary failure in name resolution"}[number]
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
    """'127.0.0.1' for '127.1' and the like; None when it is a name."""
    if not host or not (host[0].isdigit() and host.isascii()) or " " in host:
        return None
    try:
        return _plain.inet_ntoa(_plain.inet_aton(host))
    except OSError:
        return None


def _resolve(host):
    """The addresses of a name; gaierror."""
    from . import resolver
    try:
        return resolver.addresses(host)
    except (resolver.NameProblem, UnicodeError) as problem:
        temporary = getattr(problem, "temporary", False)
        raise _gaierror(_plain.EAI_AGAIN if temporary else _plain.EAI_NONAME) from None
    except OSError:
        raise _gaierror(_plain.EAI_AGAIN) from None


def host_address(host):
    """The address in a socket's (host, port): '' is any, '<broadcast>' all."""
    host = _text(host)
    if host == "":
        return ANY
    if host == "<broadcast>":
        return _BROADCAST
    numeric = _numeric(host)
    if numeric is not None:
        return numeric
    if ":" in host:
        raise gaierror(_plain.EAI_ADDRFAMILY, "Address family for hostname not supported")
    return _resolve(host)[0]


def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):
    if isinstance(host, str) and not host.isascii():
        host = host.encode("idna")
    if host is not None:
        host = _text(host)
    plain = host is None or host == "" or _numeric(host) is not None or ":" in host
    if plain or flags & _plain.AI_NUMERICHOST or family not in (AF_UNSPEC, AF_INET):
        if host == "":
            host = None
        return _plain.getaddrinfo(host, port, family, type, proto, flags & ~_plain.AI_ADDRCONFIG |
                                  _plain.AI_NUMERICHOST)
    found = []
    for address in _resolve(host):
        found += _plain.getaddrinfo(address, port, AF_INET, type, proto,
                                    flags & ~(_plain.AI_ADDRCONFIG | _plain.AI_CANONNAME) |
                                    _plain.AI_NUMERICHOST)
    if flags & _plain.AI_CANONNAME and found:
        found[0] = (*found[0][:3], host, found[0][4])
    return found


def gethostbyname(host):
    return host_address(host)


def gethostbyname_ex(host):
    host = _text(host)
    numeric = _numeric(host)
    return (host, [], [numeric] if numeric else _resolve(host))


def gethostbyaddr(host):
    from . import resolver
    address = host_address(host)
    try:
        found = resolver.names(address)
    except resolver.NameProblem as problem:
        if problem.temporary:
            raise herror(_TRY_AGAIN, "Host name lookup failure") from None
        raise herror(_HOST_NOT_FOUND, "Unknown host") from None
    except OSError:
        raise herror(_TRY_AGAIN, "Host name lookup failure") from None
    return found[0], found[1:], [address]


def getnameinfo(sockaddr, flags):
    if not isinstance(sockaddr, tuple):
        raise TypeError("getnameinfo() argument 1 must be a tuple")
    host, port = sockaddr[:2]
    if not 0 <= port <= 65535:
        raise OverflowError("getsockaddrarg: port must be 0-65535.")
    if _numeric(host) is None:
        return _plain.getnameinfo(sockaddr, flags)
    service = _plain.getnameinfo((host, port), flags | _plain.NI_NUMERICHOST)[1]
    name = _numeric(host)
    if not flags & _plain.NI_NUMERICHOST:
        try:
            name = gethostbyaddr(host)[0]
        except herror:
            if flags & _plain.NI_NAMEREQD:
                raise _gaierror(_plain.EAI_NONAME) from None
    return name, service
