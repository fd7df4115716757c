# SPDX-License-Identifier: LGPL-2.1-or-later
"""What evaluating AML may raise: nothing but these."""


class AmlError(Exception):
    """The code is no AML, or does what the specification does not allow."""


class NotFound(AmlError):
    """A name that the namespace does not have."""


class Unsupported(AmlError):
    """An opcode or an address space that is not there in this interpreter."""


class LimitReached(AmlError):
    """A loop, a recursion or an object that is too large."""


class Fatal(AmlError):
    """The code has executed Fatal."""
