#!/usr/bin/python3.11
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The monitor at a terminal: line_editor.py ICE86. Completion, history, what is typed while the machine runs, and the
terminal as it was when all is over."""
import os
import pty
import re
import select
import subprocess
import sys
import termios
import time

PATIENCE = 60


class Terminal:
    def __init__(self, words):
        self.ours, theirs = pty.openpty()
        self.theirs = theirs
        self.before = termios.tcgetattr(theirs)
        self.process = subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs,
                                        env=dict(os.environ, TERM="vt100"), start_new_session=True)
        self.seen = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def wait_for(self, pattern):
        """Reads on until the pattern has come, and forgets what was before its end."""
        until = time.monotonic() + PATIENCE
        while not (match := re.search(pattern, self.seen)):
            ready, _, _ = select.select([self.ours], [], [], max(until - time.monotonic(), 0))
            if not ready:
                sys.exit(f"no {pattern!r} within {PATIENCE} s, but {self.seen!r}")
            self.seen += os.read(self.ours, 4096).decode(errors="replace")
            # Where the cursor goes is the editor's affair; what is written there is what counts.
            self.seen = re.sub(r"\r?\x1b\[\d+C|\x1b\[[0-9;]*[A-Za-z]", "", self.seen)
        self.seen = self.seen[match.end():]
        return match

    def type(self, text):
        os.write(self.ours, text.encode())


def main():
    with Terminal([sys.argv[1], "run", "--firmware", "seabios", "-S", "--serial", "null", "--debugcon", "null",
                   "--monitor", "stdio"]) as terminal:
        talk(terminal)


def talk(terminal):
    terminal.wait_for(r"\(ice86\) ")
    terminal.type("histo\t")  # one command begins so
    terminal.wait_for("history ")
    terminal.type("\n")
    terminal.wait_for(r"from instruction 0 to 0,[^\n]*\n")
    terminal.wait_for(r"\(ice86\) ")
    terminal.type("info i\t")  # an argument; there are two
    terminal.wait_for(r"idt +int13 +ivt")
    terminal.wait_for(r"\(ice86\) info i")
    terminal.type("v\t0x13\n")
    terminal.wait_for(r"13h +[0-9a-f]{4}:[0-9a-f]{4}")
    terminal.wait_for(r"\(ice86\) ")
    # Up, up: the line before the last. In its middle a letter is taken out.
    terminal.type("\x1b[A\x1b[A")
    terminal.wait_for("history")
    terminal.type("\x01x\x04\x1b[C")  # to its beginning, x, without the letter behind it
    terminal.type("\n")
    terminal.wait_for("'xistory' is no command")
    terminal.wait_for(r"\(ice86\) ")
    # What is typed while the machine runs stays when it stops.
    terminal.type("s 5000000\nunfini")
    terminal.wait_for(r"stepped at instruction 5000000")
    terminal.wait_for(r"\(ice86\) unfini")
    terminal.type("shed\n")
    terminal.wait_for("'unfinished' is no command")
    # The end of input lets the machine go; nothing ends this one but a signal.
    terminal.type("quit\n")
    terminal.process.wait(PATIENCE)
    after = termios.tcgetattr(terminal.theirs)
    if after != terminal.before:
        sys.exit(f"the terminal was {terminal.before}, and is {after}")
    if terminal.process.returncode != 0:
        sys.exit(f"exit code {terminal.process.returncode}")


main()
