#!/usr/bin/python3.11
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The AML interpreter of Python on EFI against ACPICA: both load the same tables, list their names and evaluate the
same objects.

  run_aml.py --modules FOLDER [-k WORD] [DSDT.aml [SSDT.asl or .aml...]]

Without tables: cases.asl, compiled with integers of 64 and of 32 bits; its methods Txxx return the same in both, and
those called Exxx fail in both. Tables: the same names and types, and the same value of each object that takes no
arguments. Exit 77: acpica-tools is not installed."""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, FOLDER)
import random_cases  # noqa: E402

FAILED, TOO_LARGE = "fails", "does not fit into what the debugger has"
# What ACPICA refuses and we do: the value here, and why.
DIFFERENCES = {name: (value, "DerefOf is a SuperName (20.2.2), so that a store through it goes where it leads")
               for name, value in (("T179", 0x42), ("T246", 0x3d))}


def compile_asl(text, folder, name):
    """The compiled table. Constant terms stay as they are, so that they are evaluated."""
    source = os.path.join(folder, f"{name}.asl")
    with open(source, "w", encoding="ascii") as file:
        file.write(text)
    done = subprocess.run(["iasl", "-of", "-oa", "-oi", "-f", "-p", os.path.join(folder, name), source],
                          capture_output=True, text=True, timeout=60, check=False)
    table = os.path.join(folder, f"{name}.aml")
    if not os.path.exists(table):
        sys.exit(f"iasl: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return table


# ---- What acpiexec prints

ESCAPE = re.compile(r"\\(?:x(?:FFFFFF)?([0-9A-F]{2})|(.))")  # acpiexec extends the sign of a byte


def unescape(found):
    if found[1]:
        return chr(int(found[1], 16))
    return {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}.get(found[2], found[2])


class Printed:
    """The value in the lines behind `Evaluation of ...`."""

    def __init__(self, lines):
        self.lines, self.at = lines, 0

    def value(self):
        line = self.lines[self.at].strip()
        self.at += 1
        if (found := re.match(r"\[Integer\] = ([0-9A-F]+)$", line)):
            return int(found[1], 16)
        if (found := re.match(r'\[String\] Length [0-9A-F]+ = "(.*)"(\.\.\.)?$', line)):
            return re.sub(ESCAPE, unescape, found[1])
        if (found := re.match(r"\[Buffer\] Length ([0-9A-F]+) =(.*)$", line)):
            return self.buffer(int(found[1], 16), found[2])
        if (found := re.match(r"\[Package\] Contains (\d+) Elements:$", line)):
            return [self.value() for _ in range(int(found[1]))]
        if (found := re.match(r"\[Object Reference\] = .*Name (\S+) +(\S+)", line)):
            return f"<{found[1]}>"
        return None

    def buffer(self, size, rest):
        data = b""
        while len(data) < size:
            if not rest.strip():
                rest = self.lines[self.at]
                self.at += 1
            found = re.search(r"[0-9A-F]{4}: ((?:[0-9A-F]{2} )+)", rest)
            data += bytes.fromhex(found[1])
            rest = ""
        return data


def acpiexec(tables, commands):
    """The lines that it prints; commands go to its prompt, as those of its command line are cut at 1023 bytes."""
    done = subprocess.run(["acpiexec", "-di", "-dr", *tables], input="\n".join(commands + ["quit", ""]), capture_output=True,
                          text=True, timeout=120, check=False, errors="replace")
    return done.stdout.splitlines()


def evaluations(output):
    """{path: value} of what the debugger has evaluated."""
    found = {}
    for i, line in enumerate(output):
        if (match := re.match(r"Evaluation of (\S+) returned object", line)):
            found[match[1]] = Printed(output[i + 1:i + 2000]).value()
        elif (match := re.match(r"Evaluation of (\S+) failed with status (\S+)", line)):
            found[match[1]] = TOO_LARGE if match[2] == "AE_BUFFER_OVERFLOW" else FAILED
        elif (match := re.match(r"No object was returned from evaluation of (\S+)", line)):
            found[match[1]] = None
    return found


# ---- The same of our interpreter

def plain(value):
    if isinstance(value, list):
        return [plain(element) for element in value]
    if value is None or isinstance(value, (int, str, bytes)):
        return value
    return f"<{value.name}>"


def evaluate(interpreter, acpi, path):
    try:
        return plain(interpreter.evaluate(path)), ""
    except acpi.AmlError as problem:
        return FAILED, str(problem)


def load(acpi, tables, beside=None):
    """An interpreter with these tables; `beside` is one that the machine has, and that is not loaded."""
    hardware, place, data = acpi.SimulatedHardware(ports=0), 0x40000000, b""
    if beside is not None:
        with open(beside, "rb") as file:
            data = file.read()
        for i, byte in enumerate(data):
            hardware.write_memory(place + i, 1, byte)

    def is_meant(*names):
        return data and all(name in ("", data[at:at + size].decode().rstrip("\0"))
                            for name, at, size in zip(names, (0, 10, 16), (4, 6, 8)))

    interpreter = acpi.Interpreter(hardware, lambda *names: data if is_meant(*names) else None,
                                   lambda *names: (place, len(data)) if is_meant(*names) else None)
    for table in tables:
        with open(table, "rb") as file:
            interpreter.load(file.read())
    return interpreter


def compare(name, expected, got, why=""):
    if expected == got:
        return 0
    print(f"{name}\n  acpiexec {expected!r}\n  here     {got!r} {why}")
    return 1


def run_cases(acpi, options, folder):
    with open(os.path.join(FOLDER, "cases.asl"), encoding="ascii") as file:
        text = file.read()
    with open(os.path.join(FOLDER, "extra.asl"), encoding="ascii") as file:
        extra = file.read()
    with open(compile_asl(extra.replace("SIGNATURE", "SSDT"), folder, "extra"), "rb") as file:
        text = text.replace("EXTRA }", ", ".join(map(str, file.read())) + " }")
    oem = compile_asl("#define OEM\n" + extra.replace("SIGNATURE", "OEM1"), folder, "oem")
    problems = count = 0
    for revision, bits in ((2, 64), (1, 32)):
        table = compile_asl(text.replace("REVISION", str(revision)), folder, f"cases{bits}")
        names = [name for name in re.findall(r"Method \(([TE]\d{3})[,)]", text) if options.word in name]
        expected = evaluations(acpiexec([table, oem], [f"evaluate \\{name}" for name in names]))
        interpreter = load(acpi, [table], oem)
        for name in names:
            got, why = evaluate(interpreter, acpi, "\\" + name)
            wanted = expected.get("\\" + name)
            if name in DIFFERENCES and wanted == FAILED:
                wanted = DIFFERENCES[name][0]
            if name.startswith("E") != (wanted == FAILED):
                print(f"{name}: the name says something else than acpiexec")
                problems += 1
            problems += compare(f"{name} with {bits} bits", wanted, got, why)
            count += 1
    print(f"{count} cases, {problems} differ")
    return problems


def run_random(acpi, options, folder):
    """Methods made by chance. What one of them returns may depend on those before, as they share a region."""
    problems = failed = count = 0
    for seed in range(options.seed, options.seed + options.random):
        text = random_cases.make(seed, 100)
        for revision, bits in ((2, 64), (1, 32)):
            table = compile_asl(text.replace("REVISION", str(revision)), folder, f"random{seed}-{bits}")
            names = re.findall(r"Method \((R[0-9A-F]{3}),", text)
            expected = evaluations(acpiexec([table], [f"evaluate \\{name}" for name in names]))
            interpreter = load(acpi, [table])
            for name in names:
                if "\\" + name not in expected:
                    print(f"acpiexec has ended at {name} of seed {seed} with {bits} bits")
                    break
                got, why = evaluate(interpreter, acpi, "\\" + name)
                problems += compare(f"{name} of seed {seed} with {bits} bits", expected["\\" + name], got, why)
                failed += got == FAILED
                count += 1
    print(f"{count} methods made by chance, {failed} fail in both, {problems} differ")
    return problems if count > failed else 1


# ACPICA's names of types.
TYPES = {"Region": "OperationRegion", "RegionField": "FieldUnit", "IndexField": "FieldUnit", "BankField": "FieldUnit",
         "Power": "PowerResource", "Thermal": "ThermalZone", "Untyped": "Uninitialized", "DdbHandle": "DDBHandle"}


def listed_names(output):
    """{path: type} of what the debugger's command `namespace` prints."""
    found, path = {}, []
    for line in output:
        match = re.match(r" *(\d+) +([A-Z_][A-Z0-9_]{3}) (\S+) +0x", line)
        if match:
            path[int(match[1]):] = [match[2]]
            found["\\" + ".".join(path)] = TYPES.get(match[3], match[3])
    # Its own: a name for a thread's state.
    return {path: kind for path, kind in found.items() if not path.startswith("\\_TI_")}


class WatchedHardware:
    """Knows whether it was asked."""

    def __init__(self, hardware):
        self.hardware, self.asked = hardware, False

    def __getattr__(self, name):
        self.asked = True
        return getattr(self.hardware, name)


def elements_of(path, kind, count, tables, folder):
    """What acpiexec says of a package, element by element, by a table with a method for each."""
    call = "()" if kind == "Method" else ""
    text = ['DefinitionBlock ("elements.aml", "SSDT", 2, "ICE86", "ELEMENTS", 1) {',
            f"External ({path}, {'MethodObj' if kind == 'Method' else 'PkgObj'})"]
    text += [f"Method (Q{i:03X}) {{ Local0 = {path}{call} Return (DerefOf (Local0 [{i}])) }}" for i in range(count + 1)]
    extra = compile_asl("\n".join(text + ["}"]), folder, "elements")
    found = evaluations(acpiexec(tables + [extra], [f"evaluate \\Q{i:03X}" for i in range(count + 1)]))
    values = [found.get(f"\\Q{i:03X}") for i in range(count + 1)]
    return values[:-1] if values[-1] == FAILED else values


def compiled(tables, folder):
    found = []
    for table in tables:
        if table.endswith(".asl"):
            with open(table, encoding="ascii") as file:
                table = compile_asl(file.read(), folder, os.path.basename(table)[:-4])
        found.append(table)
    return found


def run_tables(acpi, tables, folder, elsewhere=None):
    """The number of differences between ACPICA and our interpreter. `elsewhere` has what our interpreter said in
    another place, of names and, where no hardware is asked, of values."""
    interpreter = load(acpi, tables)
    names = listed_names(acpiexec(tables, ["namespace"]))
    here = {node.path: node.type for node in interpreter.namespace.walk()}
    problems = sum(compare(path, names.get(path), here.get(path)) for path in sorted(set(names) | set(here)))
    paths = [path for path, kind in names.items()
             if kind in ("Integer", "String", "Buffer", "Package") or
             kind == "Method" and interpreter.node(path).value.arguments == 0]
    expected = evaluations(acpiexec(tables, [f"evaluate {path}" for path in paths]))
    watched = interpreter.hardware = WatchedHardware(interpreter.hardware)
    told = 0
    for path in paths:
        watched.asked = False
        got, why = evaluate(interpreter, acpi, path)
        wanted = expected.get(path)
        if wanted == TOO_LARGE and isinstance(got, list):
            wanted = elements_of(path, names[path], len(got), tables, folder)
        problems += compare(path, wanted, got, why)
        if elsewhere is not None and not watched.asked:
            problems += compare(f"{path} in the guest", wanted, elsewhere["values"].get(path))
            told += 1
    if elsewhere is not None:
        problems += compare("names in the guest", names, elsewhere["names"])
        print(f"{told} values of the guest compared")
    failed = [path for path in paths if expected.get(path) == FAILED]
    print(f"{len(names)} names, {len(paths)} objects, {problems} differ"
          + (f"; in both {', '.join(failed)} cannot be evaluated" if failed else ""))
    return problems if paths else 1


def parsed(parser):
    """The options, with --modules in the path; without acpica-tools the program ends here."""
    parser.add_argument("--modules", required=True)
    options = parser.parse_args()
    if not shutil.which("iasl") or not shutil.which("acpiexec"):
        print("acpica-tools is not installed")
        sys.exit(77)
    sys.path.insert(0, options.modules)
    return options


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-k", dest="word", default="")
    parser.add_argument("--random", type=int, metavar="N", default=0, help="N times 100 methods made by chance")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("tables", nargs="*")
    options = parsed(parser)
    import acpi  # noqa: E402
    with tempfile.TemporaryDirectory() as folder:
        if options.tables:
            return 1 if run_tables(acpi, compiled(options.tables, folder), folder) else 0
        if options.random:
            return 1 if run_random(acpi, options, folder) else 0
        return 1 if run_cases(acpi, options, folder) else 0


if __name__ == "__main__":
    sys.exit(main())
