#!/usr/bin/python3.11
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who can reach the debugger's doors, and whether the run says so: doors.py ICE86.

A port alone is the loopback address 127.0.0.1 and nothing else; another address is told to be open to the network; a
socket in the file system is for its owner alone."""
import os
import re
import socket
import stat
import subprocess
import sys
import tempfile

DOORS = ("--gdb", "GDB"), ("--monitor", "monitor"), ("--qmp", "QMP")
WARNING = ": open to the network, and whoever connects owns the guest"


def check(condition, text):
    if not condition:
        sys.exit(text)


def reaches(address, port):
    """Whether somebody accepts and keeps a connection there."""
    try:
        with socket.create_connection((address, port), 10):
            return True
    except ConnectionRefusedError:
        return False


class Run:
    def __init__(self, ice86, where):
        """`where`: what each door is told, by its option."""
        words = [ice86, "run", "--firmware", "seabios", "-S", "--serial", "null"]
        for option, value in where.items():
            words += [option, value]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        # One line for each door, before anything has run.
        self.lines = [self.process.stderr.readline() for _ in where]

    def line(self, name):
        found = [line for line in self.lines if line.startswith(f"ice86: {name} at ")]
        check(len(found) == 1, f"not one line about {name}: {self.lines}")
        return found[0].rstrip("\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.process.stderr.close()


def main():
    ice86 = os.path.abspath(sys.argv[1])
    with Run(ice86, {option: "0" for option, _ in DOORS}) as run:
        for _, name in DOORS:
            said = re.fullmatch(rf"ice86: {name} at 127\.0\.0\.1:(\d+)", run.line(name))
            check(said, f"a port alone is not 127.0.0.1: {run.line(name)}")
            port = int(said[1])
            check(reaches("127.0.0.1", port), f"{name} does not answer at {port}")
            # Another address of this computer, as the network's would be.
            check(not reaches("127.0.0.2", port), f"{name} answers at 127.0.0.2, too")
    with Run(ice86, {option: "0.0.0.0:0" for option, _ in DOORS}) as run:
        for _, name in DOORS:
            said = re.fullmatch(rf"ice86: {name} at 0\.0\.0\.0:(\d+){WARNING}", run.line(name))
            check(said, f"an open door is not told: {run.line(name)}")
            check(reaches("127.0.0.2", int(said[1])), f"{name} is not open, as it was told to be")
    with tempfile.TemporaryDirectory() as folder:
        paths = {option: os.path.join(folder, option.strip("-")) for option, _ in DOORS}
        os.umask(0)
        with Run(ice86, {option: f"unix:{path}" for option, path in paths.items()}) as run:
            for option, name in DOORS:
                check(run.line(name) == f"ice86: {name} at unix:{paths[option]}", run.line(name))
                mode = stat.S_IMODE(os.stat(paths[option]).st_mode)
                check(mode == 0o600, f"{name}: others may connect to the socket: {mode:o}")


if __name__ == "__main__":
    main()
