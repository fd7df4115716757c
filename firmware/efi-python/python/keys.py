# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys one by one, from the keyboard and the serial line alike.

  >>> with keys.Keys() as source:
  ...     source.get(timeout=1)
"""
import os
import re
import select
import sys
import termios
import time
import tty

_SEQUENCES = {
    "\x1b[A": "up", "\x1b[B": "down", "\x1b[C": "right", "\x1b[D": "left", "\x1b[H": "home", "\x1b[F": "end",
    "\x1b[5~": "page up", "\x1b[6~": "page down", "\x1b[3~": "delete", "\x1b": "escape", "\r": "enter", "\n": "enter",
}
_UNFINISHED = re.compile(rb"\x1b(\[[0-9;]*)?|[\xc0-\xdf]|[\xe0-\xef].?|[\xf0-\xff].{0,2}", re.DOTALL)
# The sequence of one key comes in pieces where the firmware does not know it.
_GAP = 0.2


class Keys:
    """While it is entered, the terminal hands over each key at once and shows none. Ctrl-C is KeyboardInterrupt."""

    def __init__(self):
        self._descriptor = sys.stdin.fileno()

    def __enter__(self):
        self._before = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor)
        return self

    def __exit__(self, *problem):
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)

    def _wait(self, seconds):
        return bool(select.select([self._descriptor], [], [], seconds)[0])

    def get(self, timeout=None):
        """The next key: a character, or a name such as "up" or "enter". None when there is none in that time."""
        if not self._wait(timeout):
            return None
        key = os.read(self._descriptor, 1)
        while _UNFINISHED.fullmatch(key) and self._wait(_GAP):
            key += os.read(self._descriptor, 1)
        text = key.decode("utf-8", "replace")
        return _SEQUENCES.get(text, text)

    def until(self, end):
        """The keys that come until this time of time.monotonic()."""
        while (left := end - time.monotonic()) > 0:
            key = self.get(left)
            if key is not None:
                yield key
