# SPDX-License-Identifier: LGPL-2.1-or-later
"""Long output by the page.

  >>> from pager import page
  >>> page(efi.show_available_protocols)

page() takes a text, lines, or a function, whose printed output is collected first while a spinner turns. The
prompt's help() uses it."""
import contextlib
import io
import os
import re
import sys
import time

from keys import Keys

_COMMANDS = {
    " ": "page", "f": "page", "page down": "page", "enter": "line", "j": "line", "down": "line", "b": "back",
    "page up": "back", "k": "up", "up": "up", "g": "top", "home": "top", "G": "end", "end": "end", "q": "quit", "Q": "quit",
    "escape": "quit", "\x04": "quit",
}
_CLEAR_LINE, _CLEAR_SCREEN = "\r\x1b[K", "\x1b[2J\x1b[H"


class Spinner(io.TextIOBase):
    """A text file that turns a stroke on the screen as it is written to."""

    STROKES, SECONDS = "|/-\\", 0.1

    def __init__(self, screen):
        self._screen = screen
        self._turns = 0
        self._next = time.monotonic() + self.SECONDS
        self._parts = []

    @property
    def encoding(self):
        return self._screen.encoding

    def writable(self):
        return True

    def write(self, text):
        self._parts.append(text)
        self.turn()
        return len(text)

    def turn(self):
        now = time.monotonic()
        if now >= self._next:
            self._next = now + self.SECONDS
            self._screen.write(("\b" if self._turns else "") + self.STROKES[self._turns % len(self.STROKES)])
            self._screen.flush()
            self._turns += 1

    def text(self):
        return "".join(self._parts)

    def stop(self):
        if self._turns:
            self._screen.write("\b \b")
            self._screen.flush()


def _collect(thing, screen):
    spinner = Spinner(screen)
    try:
        if callable(thing):
            with contextlib.redirect_stdout(spinner):
                result = thing()
            if result is not None:
                spinner.write(f"{result!r}\n")
        else:
            for line in thing:
                spinner.write(str(line).removesuffix("\n") + "\n")
    finally:
        spinner.stop()
    return spinner.text()


def _rows(text, columns):
    """The rows of a screen that is `columns` wide."""
    rows = []
    for line in re.sub(".\b", "", text).expandtabs().splitlines():
        rows += [line[at:at + columns] for at in range(0, len(line), columns)] or [""]
    return rows


class _View:
    def __init__(self, rows, height, screen):
        self._rows, self._height, self._screen = rows, height, screen
        self._shown = 0  # the rows before this one are on the screen, or above it

    @property
    def at_end(self):
        return self._shown >= len(self._rows)

    def _show(self, first, last):
        self._screen.write("".join(row + "\n" for row in self._rows[first:last]))
        self._shown = min(last, len(self._rows))

    def forward(self, count):
        self._show(self._shown, self._shown + count)

    def show_from(self, first):
        self._screen.write(_CLEAR_SCREEN)
        first = max(0, first)
        self._show(first, first + self._height)

    def ask(self, source):
        percent = 100 * self._shown // len(self._rows)
        self._screen.write(f"--More--({percent}%)")
        self._screen.flush()
        try:
            return _COMMANDS.get(source.get())
        except KeyboardInterrupt:
            return "quit"
        finally:
            self._screen.write(_CLEAR_LINE)
            self._screen.flush()

    def do(self, command):
        top = self._shown - self._height
        if command == "page":
            self.forward(self._height)
        elif command == "line":
            self.forward(1)
        elif command in ("back", "up"):
            self.show_from(top - (self._height if command == "back" else 1))
        elif command == "top":
            self.show_from(0)
        elif command == "end":
            self._show(max(self._shown, len(self._rows) - self._height), len(self._rows))


def page(thing, screen=None):
    """Shows a text, lines, or what a function prints. Space and Enter go on, b goes back, q ends it."""
    screen = screen or sys.stdout
    text = thing if isinstance(thing, str) else _collect(thing, screen)
    size = os.get_terminal_size() if sys.stdin.isatty() and screen.isatty() else None
    # A row that is full would make the firmware's cursor go on to the next by itself.
    rows = _rows(text, size.columns - 1) if size else []
    if size is None or len(rows) < size.lines:
        screen.write(re.sub(".\b", "", text))
        return
    view = _View(rows, size.lines - 1, screen)
    view.forward(size.lines - 1)
    with Keys() as source:
        while not view.at_end:
            command = view.ask(source)
            if command == "quit":
                break
            view.do(command)
