# SPDX-License-Identifier: LGPL-2.1-or-later
"""Imported by `site` before the program: what this Python does beyond a plain one."""
import sys


def _add_prompt():
    """Line editing with GNU readline, tab completion, and history in memory."""
    import readline
    import rlcompleter  # noqa: F401  sets the completer
    readline.parse_and_bind("tab: complete")
    readline.read_init_file("/etc/inputrc")


def _set_up():
    # -X sockets=abi: the loader's sockets instead, by the system calls of CPython's own modules.
    if sys._xoptions.get("sockets") != "abi":
        import efi_net
        efi_net.install()
    # `site` would add the editing too, and look for files of a user that is not there.
    if hasattr(sys, "__interactivehook__"):
        sys.__interactivehook__ = _add_prompt


_set_up()
