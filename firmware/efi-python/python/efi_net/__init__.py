# SPDX-License-Identifier: LGPL-2.1-or-later
"""Berkeley sockets on the firmware's network protocols. `install` makes them this Python's `_socket`
and `select`, so that `socket`, `selectors`, `http`, `urllib`, `asyncio` and the others use them
unmodified."""
import importlib.util
import os
import sys

_MODULES = {"_socket": "socket_module.py", "select": "select_module.py",
            "_ssl": "ssl_module.py"}


class _Finder:
    """Before CPython's own, which are built into it or come later on its path."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        file = _MODULES.get(name)
        if file is None:
            return None
        return importlib.util.spec_from_file_location(
            name, os.path.join(os.path.dirname(__file__), file))


def install():
    sys.meta_path.insert(0, _Finder)


def _finish():
    """The firmware forgets the program's memory before the program does."""
    from . import descriptors
    descriptors.close_all()
    if "efi_net.tcp" in sys.modules:
        sys.modules["efi_net.tcp"].finish(3)


def register_end():
    import atexit
    atexit.register(_finish)
