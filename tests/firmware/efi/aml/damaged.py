#!/usr/bin/python3.11
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tables that are wrong, for the AML interpreter of Python on EFI: code that does not end, that asks for more than
there is, and tables whose bytes have been changed at random, the same each time. All of it ends, with a value or an
AmlError.

  damaged.py --modules FOLDER [--rounds N]"""
import argparse
import os
import random
import shutil
import sys
import tempfile

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, FOLDER)
import run_aml  # noqa: E402

STEPS = 20000  # of one evaluation of a damaged table


def header(code, signature=b"DSDT", revision=2):
    table = bytearray(signature + (36 + len(code)).to_bytes(4, "little") + bytes([revision, 0]) + b"ICE86 DAMAGED " +
                      bytes(12) + code)
    table[9] = -sum(table) & 0xff
    return bytes(table)


def package(opcode, body):
    """With a length of two bytes."""
    size = len(body) + 2
    return opcode + bytes([0x40 | size & 0xf, size >> 4]) + body


def method(name, body, arguments=0):
    return package(b"\x14", name + bytes([arguments]) + body)


ONE, RETURN, LOCAL0 = b"\x01", b"\xa4", b"\x60"
FOREVER = package(b"\xa2", ONE + b"\x75\x60")  # While (One) { Local0++ }
# Name, the code of a method M, and a word of what it must say.
HOSTILE = [
    ("an endless loop", b"\x70\x00\x60" + FOREVER, "terms"),
    ("an endless loop of nothing", package(b"\xa2", ONE), "terms"),
    ("endless recursion", RETURN + b"M___", "terms within terms"),
    ("a buffer of 4 GiB", RETURN + package(b"\x11", b"\x0c\xff\xff\xff\xff"), "object"),
    ("a package of 2**64 elements", RETURN + package(b"\x13", b"\xff"), "package"),
    ("a string that doubles for ever",
     b"\x70\x0dabcdefgh\0\x60" + package(b"\xa2", ONE + b"\x73\x60\x60\x60"), "object"),
    ("a package that doubles for ever", b"\x70" + package(b"\x12", b"\x02") + b"\x60" + package(
        b"\xa2", ONE + b"\x70\x60\x88\x60\x00\x00" + b"\x70\x60\x88\x60\x01\x00"), ""),
    ("a wait of years", b"\x5b\x22\xff", "waiting"),
    ("a shift by 2**64", b"\x79\x01\xff\x60" + RETURN + b"\x60", None),
    ("deep terms", RETURN + b"\x92" * 900 + b"\x00", "terms within terms"),
    ("deep packages", RETURN + b"\x12\x00" * 50, ""),
    ("an unknown opcode", b"\x02", "opcode 02h"),
    ("an unknown opcode behind 5Bh", b"\x5b\xff", "opcode 5BFFh"),
    ("a length behind the end", b"\xa0\x4f\xff\x01", "ends at"),
    ("a length of nothing", b"\xa0\x00", "ends at"),
    ("a string without an end", RETURN + b"\x0dabc", "no end"),
    ("Break outside of a loop", b"\xa5", "Break"),
    ("Else without If", b"\xa1\x02\x01", "Else"),
    ("an argument that is not given", RETURN + b"\x6e", "Arg6"),
    ("a name above the root", RETURN + b"^^^^M___", "above the root"),
    ("a name of other letters", RETURN + b"Mab_", "name"),
    ("a field of a region that is not there", b"\x5b\x80REG_\x00\x00\x0a\x04" + package(
        b"\x5b\x81", b"REG_\x01FLD_\x48\x06") + RETURN + b"FLD_", "bytes"),
    ("a field of 2**28 bits", b"\x5b\x80REG_\x00\x00\xff" + package(
        b"\x5b\x81", b"REG_\x01FLD_\xcf\xff\xff\xff") + RETURN + b"FLD_", "object"),
    ("a region of a space that there is not", b"\x5b\x80REG_\x03\x00\x0a\x04" + package(
        b"\x5b\x81", b"REG_\x01FLD_\x08") + RETURN + b"FLD_", "EmbeddedControl"),
    ("a reference to itself",
     b"\x70\x71\x60\x60" + b"\x70\x83\x60\x61" + b"\x72\x61\x01\x00" + RETURN + b"\x87\x60", ""),
    ("a match operator that there is not", RETURN + b"\x89" + package(b"\x12", b"\x01\x01") + b"\x09\x01\x00\x00\x00",
     "match"),
    ("a table that loads itself", b"\x08BUF_" + package(b"\x11", b"\x0a\x24SSDT\x24\0\0\0") + b"\x5b\x20BUF_\x60",
     "checksum"),
    ("notices for ever", package(b"\xa2", ONE + b"\x86\\_SB_\x0a\x80"), ""),
    ("words for ever", package(b"\xa2", ONE + b"\x70\x0dword\0\x5b\x31"), ""),
]


def run_hostile(acpi):
    problems = 0
    for name, body, word in HOSTILE:
        interpreter = acpi.Interpreter(acpi.SimulatedHardware())
        interpreter.most_steps = 200_000
        interpreter.load(header(method(b"M___", body)))
        try:
            value = interpreter.evaluate("M")
            said = None
        except acpi.AmlError as problem:
            said = str(problem)
        if (word is None) != (said is None) or word is not None and word not in said:
            problems += 1
            print(f"{name}: {said or value!r}")
        interpreter.evaluate("_REV")  # it goes on
    for name, table in (("no header", b"DSDT"), ("a length behind the end", header(b"")[:4] + b"\xff" * 32),
                        ("a method that is cut", header(method(b"M___", RETURN + ONE))[:-1] + b"")):
        try:
            acpi.Interpreter(acpi.SimulatedHardware()).load(table)
            problems += 1
            print(f"{name} was loaded")
        except acpi.AmlError:
            pass
    return problems


def evaluate_all(acpi, interpreter):
    """How many objects have a value."""
    count = 0
    for node in list(interpreter.namespace.walk())[:400]:
        try:
            arguments = [1] * getattr(node.target.value, "arguments", 0)
            interpreter.evaluate(node.path, *arguments)
            count += 1
        except acpi.AmlError:
            pass
    return count


def run_changed(acpi, tables, rounds):
    """Tables with a few bytes changed, cut or doubled."""
    count = loaded = 0
    for number in range(rounds):
        chance = random.Random(number)
        data = bytearray(tables[number % len(tables)])
        for _ in range(chance.choice((1, 1, 2, 5, 20))):
            at = chance.randrange(36, len(data))
            kind = chance.randrange(4)
            if kind == 0:
                data[at] = chance.randrange(256)
            elif kind == 1:
                data[at] ^= 1 << chance.randrange(8)
            elif kind == 2:
                del data[at:at + chance.randrange(1, 9)]
            else:
                data[at:at] = data[at:at + chance.randrange(1, 33)]
            if len(data) < 60:
                break
        data[4:8] = len(data).to_bytes(4, "little")
        interpreter = acpi.Interpreter(acpi.SimulatedHardware())
        interpreter.most_steps = STEPS
        try:
            interpreter.load(data)
            loaded += 1
        except acpi.AmlError:
            pass
        count += evaluate_all(acpi, interpreter)
        for node in interpreter.namespace.walk():
            if node.name in ("_CRS", "_PRS") and hasattr(node.target.value, "data"):
                try:
                    acpi.resources.decode(getattr(node.target.value, "data"))
                except (acpi.AmlError, TypeError):
                    pass
    print(f"{rounds} damaged tables, {loaded} loaded, {count} values")
    return 0 if count and loaded < rounds else 1


def run_bytes(acpi):
    """Resource templates and tables of fixed form, of bytes by chance."""
    tables = acpi.tables
    decoded = 0
    for number in range(3000):
        chance = random.Random(number)
        data = chance.randbytes(chance.randrange(1, 80))
        template = bytes([chance.choice((0x22, 0x23, 0x2a, 0x47, 0x4b, 0x81, 0x82, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a,
                                         0x8b, 0x8c, 0x8e, 0x31, 0x79)), chance.randrange(64), 0]) + data + b"\x79\0"
        try:
            decoded += len(acpi.resources.decode(template))
        except acpi.AmlError:
            pass
        signature = chance.choice((b"FACP", b"APIC", b"MCFG", b"SRAT", b"SLIT", b"XSDT", b"FACS", b"????"))
        repr(tables.decode(signature + data, 0))
    print(f"{decoded} descriptors by chance")
    return 0 if decoded else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--modules", required=True)
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args()
    sys.path.insert(0, options.modules)
    import acpi  # noqa: E402
    problems = run_hostile(acpi) + run_bytes(acpi)
    if not shutil.which("iasl"):
        print("acpica-tools is not installed")
        return 1 if problems else 77
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(FOLDER, "cases.asl"), encoding="ascii") as file:
        path = run_aml.compile_asl(file.read().replace("REVISION", "2").replace("EXTRA }", "0 }"), folder, "cases")
        with open(path, "rb") as table:
            problems += run_changed(acpi, [table.read()], options.rounds)
    print(f"{len(HOSTILE)} hostile methods, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
