# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which address of ours talks to another one, and which of a name's addresses is tried first.

Reference: RFC 6724; scopes are those of RFC 4291, section 2.7."""
import ipaddress

from .addresses import MAPPED, is_loopback, version

# Section 2.1: prefix, precedence, label.
_POLICY = [(ipaddress.ip_network(prefix), precedence, label) for prefix, precedence, label in (
    ("::1/128", 50, 0), ("::ffff:0:0/96", 35, 4), ("::/96", 1, 3), ("2001::/32", 5, 5), ("2002::/16", 30, 2),
    ("3ffe::/16", 1, 12), ("fec0::/10", 1, 11), ("fc00::/7", 3, 13), ("::/0", 40, 1))]
_LINK, _SITE, _GLOBAL = 2, 5, 14


def _as_ipv6(address):
    return ipaddress.IPv6Address(address if version(address) == 6 else MAPPED + address)


def _policy(address):
    return next((precedence, label) for prefix, precedence, label in _POLICY if address in prefix)


def _scope(address):
    """Those of IPv4 are in section 3.2."""
    mapped = address.ipv4_mapped
    if mapped is not None:
        return _LINK if mapped.is_loopback or mapped.is_link_local else _GLOBAL
    if address.is_loopback or address.is_link_local:
        return _LINK
    return _SITE if address.is_site_local else _GLOBAL


def common_bits(one, other):
    return 128 - (int(_as_ipv6(one)) ^ int(_as_ipv6(other))).bit_length()


def source(destination, candidates):
    """The address of ours that talks to it (section 5, rules 1, 2, 6 and 8), None if there is none of its version."""
    to = _as_ipv6(destination)

    def rank(candidate):
        own = _as_ipv6(candidate)
        far_enough = _scope(own) >= _scope(to)
        return (candidate == destination, far_enough, -_scope(own) if far_enough else _scope(own),
                _policy(own)[1] == _policy(to)[1], common_bits(candidate, destination))

    return max((one for one in candidates if version(one) == version(destination)), key=rank, default=None)


def ordered(destinations, candidates):
    """The best one first (section 6, rules 1, 2, 5, 6, 8, 9). `candidates`: addresses of ours."""
    def rank(destination):
        own = destination if is_loopback(destination) else source(destination, candidates)
        if own is None:
            return (1,)
        to, own_scope = _as_ipv6(destination), _scope(_as_ipv6(own))
        precedence, label = _policy(to)
        return (0, own_scope != _scope(to), _policy(_as_ipv6(own))[1] != label, -precedence, _scope(to),
                -common_bits(destination, own) if version(destination) == 6 else 0)

    return sorted(destinations, key=rank)

