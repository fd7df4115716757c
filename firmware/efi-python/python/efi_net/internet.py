# SPDX-License-Identifier: LGPL-2.1-or-later
"""What streams and datagrams of AF_INET and AF_INET6 have in common."""
import errno

from .addresses import ANY_OF, LOOPBACK_OF, is_any, is_own, version
from .common import os_error


def interfaces():
    """The module that touches the firmware: not before somebody needs more than this machine."""
    from . import interface
    return interface


class Internet:
    def __init__(self, ip_version):
        self.ip_version = ip_version  # of the address family
        self.any = ANY_OF[ip_version]
        self.options = {}
        self._bound = None  # (address, port)

    def versions_at(self, address):
        """The versions of IP that reach a socket with this address."""
        if address == ANY_OF[6] and not self.options.get("v6only"):
            return 4, 6
        return version(address),

    def check_can_bind(self, address):
        if self.options.get("v6only") and version(address) == 4:
            raise os_error(errno.EINVAL)
        if not is_own(address):
            interfaces().reach(address)
            if not is_own(address):
                raise os_error(errno.EADDRNOTAVAIL)

    def destination(self, address):
        """Where that leads to. ENETUNREACH when this socket cannot go there."""
        bound = self._bound[0] if self._bound else None
        if (self.options.get("v6only") and version(address) == 4) or (
                bound is not None and version(address) not in self.versions_at(bound)):
            raise os_error(errno.ENETUNREACH)
        return LOOPBACK_OF[version(address)] if is_any(address) else address
