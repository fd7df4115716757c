# SPDX-License-Identifier: LGPL-2.1-or-later
"""AML bytes, and the few forms that all terms are made of.

Reference: ACPI Specification 6.5, sections 20.2.2 (names), 20.2.4 (package lengths)."""
import collections

from .errors import AmlError

# A NameString: from the root or not, how many parents up, the names of four letters.
Path = collections.namedtuple("Path", "absolute parents segments")

_LEAD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_LATER = _LEAD | frozenset(b"0123456789")
_ROOT, _PARENT, _DUAL, _MULTI, _NULL = 0x5c, 0x5e, 0x2e, 0x2f, 0
NAME_STARTS = _LEAD | {_ROOT, _PARENT, _DUAL, _MULTI}


class Code:
    """Bytes with a place in them; nothing at or behind `end` is read."""
    __slots__ = ("data", "at", "end")

    def __init__(self, data, at=0, end=None):
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end

    def byte(self):
        at = self.at
        if at >= self.end:
            raise AmlError(f"the code ends at {at:#x} within a term")
        self.at = at + 1
        return self.data[at]

    def peek(self):
        return self.data[self.at] if self.at < self.end else None

    def bytes(self, count):
        at = self.at
        if count > self.end - at:
            raise AmlError(f"the code ends within {count} bytes at {at:#x}")
        self.at = at + count
        return self.data[at:at + count]

    def number(self, size):
        return int.from_bytes(self.bytes(size), "little")

    def opcode(self):
        """One byte, or 5Bh and the one behind it as 5Bxxh."""
        first = self.byte()
        return first if first != 0x5b else 0x5b00 | self.byte()

    def length(self):
        """A PkgLength as the number that it is."""
        lead = self.byte()
        more = lead >> 6
        if not more:
            return lead & 0x3f
        length = lead & 0xf
        for i in range(more):
            length |= self.byte() << (4 + 8 * i)
        return length

    def package(self):
        """Where the package ends whose length comes next."""
        start = self.at
        end = start + self.length()
        if not self.at <= end <= self.end:
            raise AmlError(f"the package at {start:#x} ends at {end:#x}, what it is in at {self.end:#x}")
        return end

    def string(self):
        end = self.data.find(0, self.at, self.end)
        if end < 0:
            raise AmlError(f"the string at {self.at:#x} has no end")
        text, self.at = self.data[self.at:end], end + 1
        return text

    def segment(self):
        at = self.at
        four = self.bytes(4)
        if four[0] not in _LEAD or not _LATER.issuperset(four):
            raise AmlError(f"{bytes(four)!r} at {at:#x} is no name")
        return four.decode("ascii")

    def name(self):
        absolute, parents = False, 0
        if self.peek() == _ROOT:
            absolute = True
            self.at += 1
        else:
            while self.peek() == _PARENT:
                parents += 1
                self.at += 1
        first = self.peek()
        if first == _NULL:
            self.at += 1
            return Path(absolute, parents, ())
        count = 1
        if first in (_DUAL, _MULTI):
            self.at += 1
            count = 2 if first == _DUAL else self.byte()
        return Path(absolute, parents, tuple([self.segment() for _ in range(count)]))
