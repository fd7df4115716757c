# SPDX-License-Identifier: LGPL-2.1-or-later
"""Imported by `site` before the program: what this Python does beyond a plain one."""
import builtins
import sys


class _Help:
    """Loads what it needs when it is called."""

    def __repr__(self):
        return "Type help() for interactive help, or help(object) for help about object."

    def __call__(self, *arguments, **named):
        import pager
        import pydoc
        pydoc.pager = pager.page
        return pydoc.help(*arguments, **named)


def _add_prompt():
    """Line editing with GNU readline, tab completion, and history in memory."""
    import readline
    import rlcompleter  # noqa: F401  sets the completer
    readline.parse_and_bind("tab: complete")
    readline.read_init_file("/etc/inputrc")
    builtins.help = _Help()


def _set_up():
    # -X sockets=abi: the loader's sockets instead, by the system calls of CPython's own modules.
    if sys._xoptions.get("sockets") != "abi":
        import efi_net
        efi_net.install()
    # `site` would add the editing too, and look for files of a user that is not there.
    if hasattr(sys, "__interactivehook__"):
        sys.__interactivehook__ = _add_prompt


_set_up()
