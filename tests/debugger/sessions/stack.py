# SPDX-License-Identifier: LGPL-2.1-or-later
# Source level in our own firmware: LinuxBIOS counts its memory. Lines, the call that led here,
# what a function returns, a structure, and a line back.
import os
import re

import gdb

from check import connect, expect, run, session

MEMORY = 64 << 20


def place():
    frame = gdb.selected_frame()
    line = frame.find_sal()
    return frame.name(), line.symtab.filename if line.symtab else None, line.line


def body():
    run("source " + os.environ["ICE86_HELPER"])
    connect()
    run("directory " + os.environ["ICE86_SOURCES"])
    run("symbol-file " + os.environ["ICE86_SYMBOLS"])
    run("profile start 500")
    run("break memory_size")
    run("continue")
    expect("architecture", gdb.selected_inferior().architecture().name(), "i386")
    name, file, first = place()
    expect("function", name, "memory_size")
    expect("file", os.path.normpath(file), "firmware/linuxbios/memory.c")
    if "memory_size" not in run("list memory_size"):
        raise AssertionError("the source is not found: " + run("list memory_size"))
    expect("caller", gdb.selected_frame().older().name(), "ram_stage_main")

    # Line by line, forwards and back.
    lines = [first]
    for _ in range(3):
        run("next")
        expect("function", place()[0], "memory_size")
        lines.append(place()[2])
    if len(set(lines)) < 3:
        raise AssertionError("the lines do not go on: %r" % lines)
    run("reverse-next")
    expect("a line back", place()[2], lines[2])

    # To the caller, with what it got.
    run("delete")
    run("finish")
    expect("function", place()[0], "ram_stage_main")
    while not re.search(r"\bprint\(", run("list %d,%d" % (place()[2], place()[2]))):
        run("next")
    expect("memory", int(gdb.parse_and_eval("memory.below_4g")), MEMORY)
    run("break pci_init")
    run("continue")
    expect("function", place()[0], "pci_init")
    expect("its argument", int(gdb.parse_and_eval("memory->below_4g")), MEMORY)
    # Where the time went, by function: most of it waits for the serial line.
    samples = run("profile 10")
    if " samples at " not in samples or not re.search(r"^ +\d+  [a-z]\w+$", samples, re.M):
        raise AssertionError("no functions in the profile: " + samples)
    run("profile stop")
    print(samples)


session(body)
