#!/usr/bin/python3.11
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tables of fixed form and resource descriptors, as Python on EFI decodes them, against ACPICA: iasl makes tables of each
kind and says what is at which offset, acpiexec says what descriptors are.

  formats.py --modules FOLDER

Exit 77: acpica-tools is not installed."""
import argparse
import os
import random
import re
import subprocess
import sys
import tempfile

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, FOLDER)
import run_aml  # noqa: E402

SIGNATURES = ["FACP", "APIC", "HPET", "MCFG", "BGRT", "WAET", "SRAT", "SLIT", "SPCR", "RSDT", "XSDT", "FACS"]


# ---- Tables

KEPT = ("Length", "Type", "Localities", "Revision")  # what says how the rest is read


def iasl(folder, *arguments):
    return subprocess.run(["iasl", *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def disassembled(path, folder):
    """What iasl says of a table: {offset: (size, name, value)}."""
    iasl(folder, "-p", path, "-d", path + ".aml")
    with open(path + ".dsl", encoding="latin-1") as file:
        text = file.read()
    found = {}
    for match in re.finditer(r"^\[([0-9A-F]+)h \d+ +(\d+)\] +(.*?) : (.*)$", text, re.M):
        value = re.match(r'"(.*)"|([0-9A-F]+)\b', match[4])
        if value:
            number = value[1].rstrip() if value[1] is not None else int(value[2], 16)
            found.setdefault(int(match[1], 16), (int(match[2]), match[3], number))
    return found


def template(signature, folder):
    """The bytes of iasl's own example of a table, with all numbers in it changed, and what iasl says of them."""
    path = os.path.join(folder, signature.lower())
    iasl(folder, "-T", signature)
    iasl(folder, "-p", path, path + ".asl")
    with open(path + ".aml", "rb") as file:
        data = bytearray(file.read())
    chance = random.Random(signature)
    for at, (size, name, value) in disassembled(path, folder).items():
        if at >= 36 and isinstance(value, int) and size <= 8 and not any(word in name for word in KEPT):
            data[at:at + size] = chance.randbytes(size)
    with open(path + ".aml", "wb") as file:
        file.write(data)
    return data, disassembled(path, folder)


def our_fields(structure):
    """(offset in the table, value) of everything in a decoded table."""
    for at, _, value in structure.fields():
        if isinstance(value, tuple):
            for name, step in (("space", 0), ("bit_width", 1), ("bit_offset", 2), ("access_size", 3), ("address", 4)):
                yield structure.address + at + step, getattr(value, name)
        else:
            yield structure.address + at, value
    for entry in structure.entries:
        yield from our_fields(entry)


def check_table(tables, signature, folder):
    data, told = template(signature, folder)
    decoded = tables.decode(data, 0)
    problems = count = 0
    everything = list(our_fields(decoded))
    for at, value in everything:
        if isinstance(value, bytes):
            continue
        count += 1
        _, _, expected = told.get(at, (0, '', None))
        if expected != (value.strip() if isinstance(value, str) else value):
            print(f"{signature} at {at:#x}: {value!r}, iasl says {expected!r}")
            problems += 1
    for line in repr(decoded).splitlines():
        assert not line.strip().startswith("0x") or " = " in line, line
    # A table that is cut has the fields that are there.
    for size in range(0, len(data), 7):
        assert len(list(our_fields(tables.decode(data[:size], 0)))) <= len(everything)
    print(f"{signature}: {count} fields, {problems} differ")
    return problems if count > 3 else problems + 1


# ---- Descriptors

def _range(resource):
    kinds = {"memory": "Memory Range", "io": "I/O Range", "bus": "Bus Number Range"}
    found = {"Resource Type": kinds[resource.range], "Granularity": resource.granularity,
             "Address Minimum": resource.minimum, "Address Maximum": resource.maximum,
             "Translation Offset": resource.translation, "Address Length": resource.length,
             "Consumer/Producer": "ResourceConsumer" if resource.consumer else "ResourceProducer",
             "Address Decode": "SubDecode" if resource.subtractive else "PosDecode",
             "Min Relocatability": "MinFixed" if resource.minimum_fixed else "MinNotFixed",
             "Max Relocatability": "MaxFixed" if resource.maximum_fixed else "MaxNotFixed"}
    if resource.range == "memory":
        found["Write Protect"] = _write(resource)
        found["Caching"] = {"no": "NonCacheable", "cacheable": "Cacheable", "write-combining": "WriteCombining",
                            "prefetchable": "Prefetchable"}[resource.caching]
    if hasattr(resource, "source"):
        found["Resource Source Index"], found["Resource Source"] = resource.source
    return found


def _write(resource):
    return "ReadWrite" if resource.writable else "ReadOnly"


def _interrupt(resource):
    return {"Triggering": resource.trigger.capitalize(), "Polarity": "Active" + resource.polarity.capitalize(),
            "Sharing": "Shared" if resource.shared else "Exclusive", "Interrupt Count": len(resource.interrupts)}


def _described(r):
    """A resource in acpiexec's words."""
    if r.kind == "IO":
        return {"Address Decoding": "Decode" + r.decode[:2], "Address Minimum": r.minimum, "Address Maximum": r.maximum,
                "Alignment": r.alignment, "Address Length": r.length}
    if r.kind == "FixedIO":
        return {"Address": r.base, "Address Length": r.length}
    if r.kind == "IRQ":
        return {**_interrupt(r), "Interrupt List": " ".join(f"{n:X}" for n in r.interrupts)}
    if r.kind == "Interrupt":
        return {**_interrupt(r), "Type": "ResourceConsumer" if r.consumer else "ResourceProducer",
                **{f"Dword{i:02X}": n for i, n in enumerate(r.interrupts)},
                "Resource Source Index": r.source[0], "Resource Source": r.source[1]}
    if r.kind == "DMA":
        return {"Speed": "Type" + r.type, "Mastering": "BusMaster" if r.bus_master else "NotBusMaster",
                "Transfer Type": "Transfer" + r.transfer.replace(" and ", "_"), "Channel Count": len(r.channels),
                "Channel List": " ".join(f"{n:X}" for n in r.channels)}
    if r.kind in ("Memory24", "Memory32"):
        scale = 8 if r.kind == "Memory24" else 0  # acpiexec shows what the descriptor has
        return {"Write Protect": _write(r), "Address Minimum": r.minimum >> scale,
                "Address Maximum": r.maximum >> scale, "Alignment": r.alignment, "Address Length": r.length >> scale}
    if r.kind == "Memory32Fixed":
        return {"Write Protect": _write(r), "Address": r.base, "Address Length": r.length}
    if r.kind == "Register":
        return {"Space ID": r.space, "Bit Width": r.bit_width, "Bit Offset": r.bit_offset,
                "Access Size": r.access_size, "Address": r.address}
    if r.kind == "FixedDMA":
        return {"RequestLines": r.request_line, "Channels": r.channel, "TransferWidth": f"Width{8 << r.width}bit"}
    if r.kind == "Vendor":
        return {f"Byte{i:02X}": byte for i, byte in enumerate(r.data[:10])}
    if r.kind == "StartDependentFunctions":
        return {"Compatibility Priority": r.compatibility, "Performance/Robustness": r.performance}
    return _range(r) if hasattr(r, "range") else {}


def check_resources(acpi, folder):
    with open(os.path.join(FOLDER, "resources.asl"), encoding="ascii") as file:
        table = run_aml.compile_asl(file.read(), folder, "resources")
    parts = re.split(r"\n\[[0-9A-F]{2}\] (.*) Resource\n",
                     "\n".join(run_aml.acpiexec([table], ["resources \\_SB.RES0"])))
    told = [(name, dict(re.findall(r"^ +(\S.*?) : (.*?)(?: - .*)?$", text, re.M)))
            for name, text in zip(parts[1::2], parts[2::2]) if name != "EndTag"]
    interpreter = run_aml.load(acpi, [table])
    found = [one for name in ("_CRS", "_PRS")
             for one in acpi.resources.decode(interpreter.evaluate(f"\\_SB.RES0.{name}"))]
    problems = int(len(told) != len(found))
    for (name, lines), resource in zip(told, found):
        for label, value in _described(resource).items():
            said = lines.get(label, "").strip()
            expected = int(said, 16) if isinstance(value, int) and said else said
            if expected != value:
                print(f"{resource}: {name}: {label} is {said!r}, here {value!r}")
                problems += 1
    print(f"{len(found)} descriptors, {problems} problems")
    return problems if len(found) > 20 else problems + 1


def main():
    run_aml.parsed(argparse.ArgumentParser())
    import acpi  # noqa: E402
    from acpi import tables  # noqa: E402
    with tempfile.TemporaryDirectory() as folder:
        problems = sum(check_table(tables, signature, folder) for signature in SIGNATURES)
        problems += check_resources(acpi, folder)
    for name, number in (("PNP0A03", 0x030ad041), ("PNP0000", 0xd041), ("INT0800", 0x0008d425)):
        if acpi.eisa_id(number) != name:
            print(f"{number:#x} is {acpi.eisa_id(number)}")
            problems += 1
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
