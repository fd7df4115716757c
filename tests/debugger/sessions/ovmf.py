# SPDX-License-Identifier: LGPL-2.1-or-later
# OVMF from the reset vector to long mode: at each change of mode GDB's architecture is the code's,
# single steps in 64-bit code are what the CPU executes, and a write is found again backwards.
import os

import gdb

from check import connect, expect, run, session, step_and_compare, stopped_at, value


def body():
    run("source " + os.environ["ICE86_HELPER"])
    connect()
    run("break-mode")
    seen = []
    while "i386:x86-64" not in seen:
        if len(seen) > 20:
            raise AssertionError("no long mode: %r" % seen)
        run("continue")
        seen.append(gdb.selected_inferior().architecture().name())
    if "i386" not in seen:
        raise AssertionError("no 32-bit code on the way: %r" % seen)
    expect("efer.LMA", value("efer") >> 10 & 1, 1)
    expect("cr0.PG", value("cr0") >> 31, 1)
    run("monitor delete 1")
    step_and_compare(300)

    # A write of the stack: the next push, then who was the last to write there, some way on.
    top = value("rsp") - 8
    word = "*(unsigned long long *)%#x" % top
    run("watch " + word)
    before = int(gdb.parse_and_eval(word))
    for _ in range(10):
        run("continue")
        expect("the stop", stopped_at(), ["watch " + word])
        if int(gdb.parse_and_eval(word)) != before:
            break
    run("delete")
    run("stepi 3000")
    last = int(gdb.parse_and_eval(word))
    run("watch " + word)
    run("reverse-continue")
    expect("the stop", stopped_at(), ["watch " + word])
    if int(gdb.parse_and_eval(word)) == last:
        raise AssertionError("before the last write the word is what it is after it")
    run("delete")
    run("stepi")
    expect("the word after its last write", int(gdb.parse_and_eval(word)), last)


session(body)
