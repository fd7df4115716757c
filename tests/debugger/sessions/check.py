# SPDX-License-Identifier: LGPL-2.1-or-later
# What the sessions share: connect, look, and fail with GDB's exit code 1.
import os
import traceback

import gdb


def run(text):
    return gdb.execute(text, to_string=True)


def value(name):
    return int(gdb.parse_and_eval("$" + name)) & 0xFFFFFFFFFFFFFFFF


last_stop = []


def note_stop(event):
    del last_stop[:]
    for point in getattr(event, "breakpoints", []):
        watch = point.type == gdb.BP_HARDWARE_WATCHPOINT
        last_stop.append("watch " + point.expression if watch else "break " + point.location)


gdb.events.stop.connect(note_stop)


def stopped_at():
    return last_stop


def connect():
    for line in ("set pagination off", "set confirm off", "set disassembly-flavor intel",
                 "set remotetimeout 60"):
        run(line)
    run("target remote " + os.environ["ICE86_SOCKET"])


def expect(what, got, wanted):
    if got != wanted:
        raise AssertionError("%s: %r, not %r" % (what, got, wanted))


def here():
    """GDB's disassembly of the instruction at $pc."""
    return run("x/i $pc").split(":", 1)[1].strip()


def session(body):
    code = 0
    try:
        body()
    except BaseException:
        traceback.print_exc()
        code = 1
    try:
        run("kill")
    except gdb.error:
        pass
    gdb.execute("quit %d" % code)
