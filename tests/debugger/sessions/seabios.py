# SPDX-License-Identifier: LGPL-2.1-or-later
# From the reset vector of SeaBIOS through real mode into protected mode, one instruction at a time:
# GDB's disassembly is at each step what the CPU executes. Then who writes the vector of INT 13h, and
# back to that write in time.
import os
import re

import gdb

from check import (connect, decoded, expect, here, mnemonic, run, session, step_and_compare,
                   stopped_at, value)


def body():
    run("source " + os.environ["ICE86_HELPER"])
    connect()
    # F000:FFF0, with the base that CS has after a reset.
    expect("cs", value("cs"), 0xF000)
    expect("ip", value("ip"), 0xFFF0)
    expect("pc", value("pc"), 0xFFFFFFF0)
    if not re.match(r"l?jmp\s+0xf000:0xe05b", here()):
        raise AssertionError("the reset vector: " + here())
    expect("architecture", gdb.selected_inferior().architecture().name(), "i8086")

    # Real mode to protected mode.
    steps = step_and_compare(400, "32")
    expect("architecture", gdb.selected_inferior().architecture().name(), "i386")
    expect("cr0.PE", value("cr0") & 1, 1)
    # And some way into it.
    for _ in range(40):
        address, length, text = decoded()
        listed = gdb.selected_inferior().architecture().disassemble(address)[0]
        expect("length at %#x" % address, listed["length"], length)
        expect("mnemonic at %#x" % address, mnemonic(listed["asm"]), mnemonic(text))
        run("stepi")
    print("%d instructions from the reset vector to 32-bit code" % steps)

    # A watchpoint on the vector of INT 13h: SeaBIOS writes it once it has started.
    vector = "*(unsigned int *)0x4c"
    run("watch " + vector)
    before = int(gdb.parse_and_eval(vector))
    run("continue")
    expect("the stop", stopped_at(), ["watch " + vector])
    after = int(gdb.parse_and_eval(vector))
    if after == before:
        raise AssertionError("the vector has not changed")
    written_at = value("pc")
    # Some way on, and back to who wrote it: SeaBIOS writes offset and segment, one after the other.
    run("delete")
    run("stepi 500")
    whole = int(gdb.parse_and_eval(vector))
    expect("segment", whole >> 16, 0xF000)
    run("watch " + vector)
    run("reverse-continue")
    expect("the stop", stopped_at(), ["watch " + vector])
    expect("the vector before its segment is written", int(gdb.parse_and_eval(vector)), after)
    run("reverse-continue")
    expect("the vector before its write", int(gdb.parse_and_eval(vector)), before)
    run("delete")
    run("stepi")
    expect("the vector after its write", int(gdb.parse_and_eval(vector)), after)
    expect("the place", value("pc"), written_at)

    # Back to the reset vector, and forth to a breakpoint in real mode.
    run("monitor goto start")
    run("maintenance flush register-cache")
    run("unset tdesc filename")
    expect("pc at the start", value("pc"), 0xFFFFFFF0)
    run("break *0xfe05b")
    run("continue")
    expect("pc at the breakpoint", value("pc"), 0xFE05B)


session(body)
