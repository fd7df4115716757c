# SPDX-License-Identifier: LGPL-2.1-or-later
# The guide of docs/debugging.md, command by command: from a silent console to the wrong instruction.
import os

import gdb

from check import connect, expect, run, session, value


def contains(what, text, part):
    if part not in text:
        raise AssertionError("%s: no '%s' in: %s" % (what, part, text))


def body():
    run("source " + os.environ["ICE86_HELPER"])
    connect()
    run("set disassembly-flavor intel")
    run("symbol-file " + os.environ["ICE86_SYMBOLS"])
    # The console's first function is reached, and does not come back: it begins again.
    run("break console_init")
    run("continue")
    expect("function", gdb.selected_frame().name(), "console_init")
    beginning = value("pc")
    run("finish")
    expect("where finish ends", value("pc"), beginning)
    run("goto-time start")
    run("continue")
    contains("the stack's place", run("info symbol $esp"), "in section .bss")
    # Who has set it?
    run("delete")
    run("goto-time start")
    run("break *0x80000")
    run("continue")
    for _ in range(4):
        run("reverse-stepi")
    contains("the wrong instruction", run("x/i $pc"), "mov    esp,0x8")
    # Try it.
    run("stepi")
    run("delete")
    run("set $esp = 0x9f000")
    run("break memory_size")
    run("continue")
    expect("function", gdb.selected_frame().name(), "memory_size")


session(body)
