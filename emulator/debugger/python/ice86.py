# SPDX-License-Identifier: LGPL-2.1-or-later
# GDB's helper for ice86: "source ice86.py" in GDB, then "target remote ..." as ever. At every stop
# GDB's architecture follows the code that runs (16, 32 or 64 bits), and commands speak of segments,
# interrupts and time. docs/debugging.md has a list with examples.
import os
import re
import struct

import gdb


def monitor(line):
    return gdb.execute("monitor " + line, to_string=True)


def connected():
    try:
        return gdb.selected_inferior().pid != 0
    except gdb.error:
        return False


def register(name):
    return int(gdb.parse_and_eval("$" + name)) & 0xFFFFFFFFFFFFFFFF


def code_bits():
    answer = re.search(r"has (\d+) bits", monitor("arch"))
    return int(answer.group(1)) if answer else 0


class Follower:
    """Fetches the target description anew when the CPU runs code of another size."""

    def __init__(self):
        self.bits = 0
        gdb.events.stop.connect(self.stopped)
        gdb.events.exited.connect(self.gone)

    def gone(self, event):
        self.bits = 0

    def stopped(self, event=None):
        try:
            bits = code_bits()
            now = gdb.selected_inferior().architecture().name()
            wanted = {16: "i8086", 32: "i386", 64: "i386:x86-64"}.get(bits)
            if wanted is None or (bits == self.bits and now == wanted):
                return
            self.bits = bits
            if now != wanted:
                gdb.execute("unset tdesc filename", to_string=True)
        except gdb.error:
            pass


follower = Follower()


def look_again():
    """The machine is elsewhere, and GDB has not been told."""
    gdb.execute("maintenance flush register-cache", to_string=True)
    follower.stopped()
    print(monitor("u /1").rstrip())


def linear(text):
    """SEG:OFF in hexadecimal, or any expression of GDB's."""
    match = re.fullmatch(r"\s*([0-9a-fA-F]+|\$?[cdefgs]s):([0-9a-fA-F]+|\$?\w+)\s*", text)
    if match is None:
        return int(gdb.parse_and_eval(text)) & 0xFFFFFFFFFFFFFFFF

    def part(word):
        if re.fullmatch(r"[0-9a-fA-F]+", word):
            return int(word, 16)
        return register(word.lstrip("$"))

    segment, offset = match.groups()
    name = segment.lstrip("$")
    if re.fullmatch(r"[cdefgs]s", name):
        return register(name + "_base") + part(offset)
    return (part(segment) << 4) + part(offset)


class SegmentFunction(gdb.Function):
    """$seg(SEGMENT, OFFSET): the linear address in real mode."""

    def __init__(self):
        super().__init__("seg")

    def invoke(self, segment, offset):
        return (int(segment) << 4) + int(offset)


SegmentFunction()


class Command(gdb.Command):
    def __init__(self, name, help_text, run, kind=gdb.COMMAND_DATA, prefix=False):
        self.__doc__ = help_text
        self.run = run
        super().__init__(name, kind, gdb.COMPLETE_NONE, prefix)

    def invoke(self, argument, from_tty):
        self.run(argument)


def shows(line):
    return lambda argument: print(monitor((line + " " + argument).strip()).rstrip())


def break_at(argument):
    gdb.execute("break *{:#x}".format(linear(argument)))


def examine(argument):
    match = re.match(r"(/\S+)?\s*(.*)", argument)
    gdb.execute("x{} {:#x}".format(match.group(1) or "", linear(match.group(2))))


def over(argument):
    """One instruction, a call or interrupt as a whole."""
    here = register("pc")
    text = gdb.selected_inferior().architecture().disassemble(here)[0]
    word = text["asm"].split()[0] if text["asm"] else ""
    if re.match(r"(l?call|int|rep|loop)", word):
        gdb.execute("tbreak *{:#x}".format(here + text["length"]), to_string=True)
        gdb.execute("continue")
    else:
        gdb.execute("stepi")


def moves(line):
    def run(argument):
        answer = monitor((line + " " + argument).strip())
        if "instruction" not in answer or answer.startswith("history"):
            raise gdb.GdbError(answer.strip())
        look_again()

    return run


def position(argument):
    print("{:04x}:{:x}  linear {:#x}".format(register("cs"), register("ip"), register("pc")))


def stack(argument):
    words = int(argument) if argument else 8
    bits = code_bits()
    mask = {16: 0xFFFF, 32: 0xFFFFFFFF}.get(bits, 0xFFFFFFFFFFFFFFFF)
    top = register("rsp" if bits == 64 else "esp") & mask
    base = register("ss_base") if bits != 64 else 0
    unit = {16: "h", 32: "w"}.get(bits, "g")
    gdb.execute("x/{}x{} {:#x}".format(words, unit, base + top))


class CarryAtReturn(gdb.Breakpoint):
    """Stops where an interrupt's caller goes on, when its carry flag says that it failed."""

    def __init__(self, address):
        super().__init__("*{:#x}".format(address), internal=True)
        self.silent = True

    def stop(self):
        return register("eflags") & 1 != 0


def break_on_int(argument):
    words = argument.split()
    if not words:
        raise gdb.GdbError("break-int VECTOR [AH], in hexadecimal")
    print(monitor("int " + " ".join(words)).rstrip())


def break_on_carry(argument):
    """After a stop of break-int: stop again at the return when CF is set there."""
    top = register("ss_base") + (register("esp") & 0xFFFF)
    memory = bytes(gdb.selected_inferior().read_memory(top, 4))
    offset = int.from_bytes(memory[0:2], "little")
    segment = int.from_bytes(memory[2:4], "little")
    CarryAtReturn((segment << 4) + offset)
    print("stops at {:04x}:{:04x} if CF is set there".format(segment, offset))


# ---- EFI images ----


class EfiImage:
    """A line of `info efi`: BASE SIZE ENTRY FILE [DEBUG FILE]"""

    def __init__(self, match):
        self.base, self.size, self.entry = (int(word, 16) for word in match.group(1, 2, 3))
        self.loaded_from, self.debug_file = match.group(4), match.group(5) or ""

    def candidates(self, folders):
        """Files that may have its DWARF: where its linker put it, and by its names in the folders."""
        if self.debug_file:
            yield self.debug_file
            yield os.path.splitext(self.debug_file)[0] + ".debug"
        for path in (self.debug_file, self.loaded_from):
            stem = os.path.splitext(re.split(r"[\\\\/]", path)[-1])[0]
            if not stem:
                continue
            for folder in folders:
                for name in os.listdir(folder):
                    if name.lower() in {stem.lower() + end for end in (".debug", ".dll", ".efi.debug", ".efi")}:
                        yield os.path.join(folder, name)


def efi_images():
    lines = monitor("info efi").splitlines()
    return [EfiImage(match) for match in
            (re.fullmatch(r"(0x\w+) (0x\w+) (0x\w+) (.*?)(?: \[(.*)\])?", line) for line in lines)
            if match]


def link_base(path):
    """The address that an image's file was linked for, and whether it has DWARF."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] == b"\x7fELF":
        # The lowest segment: offset and size of program headers, and of a segment's address in it.
        wide = data[4] == 2
        table = struct.unpack_from("<Q" if wide else "<I", data, 32 if wide else 28)[0]
        size, count = struct.unpack_from("<HH", data, 54 if wide else 42)
        bases = [struct.unpack_from("<Q" if wide else "<I", data, table + i * size + (16 if wide else 8))[0]
                 for i in range(count) if struct.unpack_from("<I", data, table + i * size)[0] == 1]
        return min(bases, default=0), b".debug_info" in data
    if data[:2] == b"MZ":
        header = struct.unpack_from("<I", data, 60)[0]
        magic = struct.unpack_from("<H", data, header + 24)[0]
        base = struct.unpack_from("<Q", data, header + 48)[0] if magic == 0x20B else \
            struct.unpack_from("<I", data, header + 52)[0]
        # A section's name that is too long is in a table behind the symbols.
        return base, b".debug_info" in data
    return None, False


loaded_efi_symbols = {}


def efi_symbols(argument):
    folders = gdb.string_to_argv(argument)
    for folder in folders:
        if not os.path.isdir(folder):
            raise gdb.GdbError("{} is no folder".format(folder))
    images = efi_images()
    if not images:
        raise gdb.GdbError("no EFI images are loaded, or the firmware has no table of them")
    found = 0
    for image in images:
        for path in image.candidates(folders):
            if not os.path.isfile(path):
                continue
            base, has_dwarf = link_base(path)
            if base is None or not has_dwarf:
                continue
            found += 1
            offset = image.base - base
            if loaded_efi_symbols.get(path) != offset:
                if path in loaded_efi_symbols:
                    gdb.execute('remove-symbol-file "{}"'.format(path), to_string=True)
                # An image may be linked higher than it is loaded.
                gdb.execute('add-symbol-file "{}" -o {:#x}'.format(path, offset & 0xFFFFFFFFFFFFFFFF),
                            to_string=True)
                loaded_efi_symbols[path] = offset
            print("{:#x} {}".format(image.base, path))
            break
    print("{} of {} images have symbols".format(found, len(images)))


Command("seg-break", "Breakpoint at SEG:OFF (hexadecimal): seg-break f000:e05b", break_at,
        gdb.COMMAND_BREAKPOINTS)
Command("seg-x", "Memory at SEG:OFF: seg-x/8xb es:di", examine)
Command("over", "One instruction; calls, interrupts and repeated ones as a whole. Right in 16-bit "
        "code, where GDB's own nexti is not.", over, gdb.COMMAND_RUNNING)
Command("where-now", "CS:IP and the linear address", position)
Command("stack-top", "stack-top [N]: the words on the stack, in the size of the code", stack)
Command("break-int", "break-int VECTOR [AH] (hexadecimal): stop at the first instruction of the "
        "handler", break_on_int, gdb.COMMAND_BREAKPOINTS)
Command("break-carry", "After break-int: stop where the caller goes on if CF is set",
        break_on_carry, gdb.COMMAND_BREAKPOINTS)
Command("break-port", "break-port PORT [COUNT]", shows("port"), gdb.COMMAND_BREAKPOINTS)
Command("break-post", "break-post CODE (hexadecimal)", shows("post"), gdb.COMMAND_BREAKPOINTS)
Command("break-mode", "Stop when the CPU's mode changes", shows("modebp"),
        gdb.COMMAND_BREAKPOINTS)
Command("info ivt", "info ivt [FIRST [COUNT]]: real mode's interrupt vectors", shows("info ivt"))
Command("info int13", "Disk vectors and the last status", shows("info int13"))
Command("info post", "The last POST code", shows("info post"))
Command("info idt", "The interrupt descriptor table", shows("info idt"))
Command("info gdt", "The global descriptor table", shows("info gdt"))
Command("info efi", "EFI's loaded images: base, size, entry, file, and the path of the symbols that the linker "
        "noted", shows("info efi"))
Command("efi-symbols", "efi-symbols [FOLDER...]: the symbols of EFI's loaded images, from where the linker put them, "
        "or from files of their names (.debug, .dll, .efi) in the folders", efi_symbols, gdb.COMMAND_FILES)
Command("break-magic", "break-magic [REGISTER...]: stop at xchg bx,bx, or of another register", shows("magic"),
        gdb.COMMAND_BREAKPOINTS)
Command("break-physical", "break-physical ADDRESS: a breakpoint at a physical address", shows("pb"),
        gdb.COMMAND_BREAKPOINTS)
Command("break-reset", "break-reset [FILE]: stop before a reset, physical memory into FILE", shows("resetbp"),
        gdb.COMMAND_BREAKPOINTS)
Command("info history", "How far time goes back", shows("history"))
Command("goto-time", "goto-time N|+N|-N|TIME|start|end: an instruction count, or 12.5s",
        moves("goto"), gdb.COMMAND_RUNNING)



def function_at(address):
    text = gdb.execute("info symbol {:#x}".format(address), to_string=True)
    match = re.match(r"(\S+)( \+ \d+)? (in section|of)", text)
    return match.group(1) if match else None


def profile(argument):
    if argument and not argument.strip().isdigit():
        print(monitor("profile " + argument).rstrip())
        return
    head, *lines = monitor("profile 1000000").splitlines()
    counts = {}
    for line in lines:
        count, address = line.split()
        address = int(address, 16)
        name = function_at(address) or "{:#x}".format(address & ~0xFF)
        counts[name] = counts.get(name, 0) + int(count)
    print(head)
    for name, count in sorted(counts.items(), key=lambda item: -item[1])[:int(argument or 20)]:
        print("{:>8}  {}".format(count, name))


Command("profile", "profile start [INSTRUCTIONS] | stop | clear | [COUNT]: samples of where the CPU is, summed up by "
        "function; by 256 bytes where there are no symbols", profile, gdb.COMMAND_STATUS)

if connected():
    follower.stopped()
