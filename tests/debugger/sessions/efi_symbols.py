# SPDX-License-Identifier: LGPL-2.1-or-later
# Symbols of an EFI application that OVMF has loaded: from the table of images to lines and values.
import os
import re

import gdb

from check import connect, expect, run, session


def body():
    run("source " + os.environ["ICE86_HELPER"])
    connect()
    if "no EFI system table" not in run("info efi"):
        raise AssertionError("before the firmware has run: " + run("info efi"))
    run("break-post 5a")
    run("continue")
    images = run("info efi")
    lines = [line for line in images.splitlines() if "BOOTX64.EFI" in line]
    if len(lines) != 1 or "64-bit" not in images:
        raise AssertionError("the application is not in the table once:\n" + images)
    if not lines[0].endswith(r"\EFI\BOOT\BOOTX64.EFI [/its/folder/application.pdb]"):
        raise AssertionError("the names of the application: " + lines[0])
    base, size, entry = (int(word, 16) for word in lines[0].split()[:3])
    pc = int(gdb.parse_and_eval("$pc"))
    if not (base <= entry < base + size and base <= pc < base + size):
        raise AssertionError("the CPU is at %#x, outside of %s" % (pc, lines[0]))
    if len(images.splitlines()) < 20:
        raise AssertionError("few images:\n" + images)

    answer = run("efi-symbols " + os.environ["ICE86_SYMBOLS"])
    if not re.search(r"1 of \d+ images have symbols", answer):
        raise AssertionError("efi-symbols: " + answer)
    expect("function", gdb.selected_frame().name(), "efi_main")
    run("break calculate")
    run("continue")
    frame = gdb.selected_frame()
    expect("function", frame.name(), "calculate")
    expect("file", os.path.basename(frame.find_sal().symtab.filename), "application.c")
    expect("argument", int(frame.read_var("number")), 10)
    expect("caller", frame.older().name(), "efi_main")
    run("finish")
    expect("result", int(gdb.parse_and_eval("result")), 55)
    # Once more: nothing is loaded twice.
    if "1 of" not in run("efi-symbols " + os.environ["ICE86_SYMBOLS"]):
        raise AssertionError("efi-symbols the second time")
    expect("calculate once", run("info functions ^calculate$").count("calculate("), 1)


session(body)
