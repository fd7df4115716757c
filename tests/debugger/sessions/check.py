# SPDX-License-Identifier: LGPL-2.1-or-later
# What the sessions share: connect, look, and fail with GDB's exit code 1.
import os
import re
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


def decoded():
    """The same instruction as ice86's own decoder has it."""
    line = run("monitor u /1").strip()
    match = re.fullmatch(r"([0-9a-f]+)  ((?:[0-9a-f]{2} )+)\s*(.*)", line)
    if match is None:
        raise AssertionError("monitor u: %r" % line)
    return int(match.group(1), 16), len(match.group(2).split()), match.group(3)


def mnemonic(text):
    """Names that two disassemblers have for one instruction, as one."""
    word = text.split()[0]
    while word in ("rep", "repz", "repnz", "repe", "repne", "data16", "data32", "addr32", "cs", "ds",
                   "es", "ss", "lock"):
        word = text.split()[text.split().index(word) + 1]
    same = {"ljmp": "jmp", "ljmpw": "jmp", "ljmpd": "jmp", "jmpw": "jmp", "je": "jz", "jne": "jnz",
            "jae": "jnb", "jb": "jb", "ja": "jnbe", "jbe": "jbe", "jge": "jnl", "jg": "jnle",
            "jl": "jl", "jle": "jle", "lgdtd": "lgdt", "lgdtw": "lgdt", "lidtw": "lidt",
            "lidtd": "lidt", "callw": "call", "calld": "call", "retw": "ret", "xchg": "xchg",
            "pushw": "push", "popw": "pop", "pushd": "push", "popd": "pop", "lcall": "call",
            "cwde": "cwde", "cbw": "cbw", "movzx": "movzx", "sete": "setz", "setne": "setnz",
            "seta": "setnbe", "setae": "setnb", "cmove": "cmovz", "cmovne": "cmovnz",
            "cmova": "cmovnbe", "cmovae": "cmovnb", "iretw": "iret", "retf": "ret", "lret": "ret",
            "retd": "ret", "shl": "shl", "sal": "shl"}
    return same.get(word, word)


def step_and_compare(most, until_bits=None):
    """Single steps: GDB disassembles what the CPU executes. To code of so many bits, if given."""
    steps = 0
    while steps < most:
        address, length, text = decoded()
        expect("$pc", value("pc"), address)
        listed = gdb.selected_inferior().architecture().disassemble(address)[0]
        if listed["length"] != length or mnemonic(listed["asm"]) != mnemonic(text):
            raise AssertionError("at %#x after %d steps: GDB has %r (%d bytes), the CPU %r (%d)" %
                                 (address, steps, listed["asm"], listed["length"], text, length))
        run("stepi")
        steps += 1
        bits = re.search(r"has (\d+) bits", run("monitor arch")).group(1)
        if bits == until_bits:
            return steps
    if until_bits is None:
        return steps
    raise AssertionError("no %s-bit code within %d steps" % (until_bits, most))


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
