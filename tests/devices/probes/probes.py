#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the device probes on ice86, Bochs and QEMU and makes docs/devices.md of what they print."""

import argparse
import difflib
import fnmatch
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[2]
DOCUMENT = TOP / "docs" / "devices.md"
EMULATORS = {"ice86": "ice86", "bochs": "Bochs 2.7", "qemu": "QEMU 7.2"}
# In the order of the document; each is guests/NAME.asm.
PROBES = {
    "i8259": "8259A interrupt controllers",
    "i8254": "8254 timers and port 61h",
    "mc146818": "MC146818 clock",
    "i8042": "8042 keyboard controller, keyboard and mouse",
    "ns16550": "16550A serial port",
    "parallel_port": "Parallel port",
    "i8237": "8237 DMA controllers",
    "i82077aa": "82077AA diskette controller",
    "ata": "ATA disk, ATAPI CD-ROM drive and bus master",
    "pci": "PCI configuration",
    "piix4_pm": "PIIX4 power management and SMBus",
    "hpet": "HPET",
    "vga": "VGA and the Bochs display interface",
    "apic": "Local APIC and IOAPIC",
    "fw_cfg": "fw_cfg",
    "e1000": "82540EM (e1000)",
    "q35_mch": "Q35 host bridge (board q35)",
    "ich9": "ICH9 LPC bridge (board q35)",
}
# The probes of the board q35, which Bochs does not have.
ON_Q35 = {"q35_mch", "ich9"}
SKIPPED = 77
TIMEOUT = 120  # seconds of the host, for a probe that hangs


class NotInstalled(Exception):
    pass


def make_media(folder):
    """Blank drives of the same size for each machine."""
    for name, size in {"floppy.img": 1474560, "disk.img": 32 * 16 * 63 * 512, "cd.iso": 64 * 2048}.items():
        with open(folder / name, "wb") as image:
            image.write(b"ice86 probe".ljust(512, b"\0"))
            image.truncate(size)


def need(program, arguments=(), version=""):
    """Refuses a program that is not there, or of another version than the stored output."""
    if not shutil.which(program):
        raise NotInstalled(f"{program} is not installed")
    if version:
        told = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if version not in told.stdout + told.stderr:
            raise NotInstalled(f"{program} is not version {version}")


def emulators_of(probe):
    return [name for name in EMULATORS if name != "bochs" or probe not in ON_Q35]


def run_ice86(rom, folder, program, board):
    subprocess.run(
        [program, "run", "--firmware", rom, "-M", board, "-m", "64", "--rate", "125", "--max-time", "60s",
         "--fda", "floppy.img", "--hda", "disk.img", "--cdrom", "cd.iso",
         "--nic", "user,mac=52:54:00:12:34:56", "--serial", "file:out.txt", "--serial", "null"],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=TIMEOUT)


def run_qemu(rom, folder, _, board):
    need("qemu-system-x86_64", ["--version"], "version 7.2")
    # Virtual time by the count of instructions, 8 ns for each, so that two runs are the same.
    subprocess.run(
        ["qemu-system-x86_64", "-M", board, "-accel", "tcg", "-icount", "shift=3,sleep=off", "-bios", rom,
         "-m", "64", "-display", "none", "-vga", "std", "-no-reboot", "-snapshot",
         "-rtc", "base=2003-06-09T12:00:00,clock=vm",
         "-drive", "file=floppy.img,format=raw,if=floppy", "-drive", "file=disk.img,format=raw,if=ide",
         "-cdrom", "cd.iso", "-netdev", "user,id=net", "-device", "e1000,netdev=net,mac=52:54:00:12:34:56,romfile=",
         "-serial", "file:out.txt", "-serial", "null", "-parallel", "null", "-monitor", "none",
         "-device", "isa-debug-exit,iobase=0x501,iosize=2"],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=TIMEOUT)


BOCHSRC = """romimage: file=rom.bin
memory: guest=64, host=64
cpu: ips=125000000, reset_on_triple_fault=0
pci: enabled=1, chipset=i440fx, slot1=pcivga, slot2=e1000
e1000: enabled=1, mac=52:54:00:12:34:56, ethmod=null
floppya: 1_44=floppy.img, status=inserted
ata0-master: type=disk, path=disk.img, mode=volatile, journal=disk.journal, cylinders=32, heads=16, spt=63
ata1: enabled=1, ioaddr1=0x170, ioaddr2=0x370, irq=15
ata1-master: type=cdrom, path=cd.iso, status=inserted
clock: sync=none, time0=1055160000
com1: enabled=1, mode=file, dev=out.txt
com2: enabled=1, mode=null
parport1: enabled=1, file=printed.txt
mouse: enabled=0, type=imps2
vga: extension=vbe, update_freq=1, realtime=0
speaker: enabled=0
sound: driver=dummy
display_library: term
floppy_bootsig_check: disabled=1
boot: floppy
panic: action=fatal, keyboard=report, pic=report, floppy=report, ioapic=report
error: action=report
info: action=report
log: bochs.log
"""


def run_bochs(rom, folder, _program, _board):
    need("bochs", ["--help"], "Emulator 2.7")
    need("script")
    shutil.copy(rom, folder / "rom.bin")
    (folder / "bochsrc").write_text(BOCHSRC)
    (folder / "commands").write_text("c\nquit\n")
    subprocess.run(["script", "-qec", "TZ=UTC0 bochs -q -f bochsrc -rc commands", "/dev/null"],
                   cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=TIMEOUT)


def run(emulator, probe, ice86):
    """What a probe prints, as lines `label = values`."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        rom = folder / "probe.rom"
        need("nasm")
        subprocess.run(["nasm", "-w+error", "-f", "bin", "-I", f"{HERE}/guests/", "-o", rom, HERE / "guests" / f"{probe}.asm"],
                       check=True)
        make_media(folder)
        runner = {"ice86": run_ice86, "bochs": run_bochs, "qemu": run_qemu}[emulator]
        try:
            runner(rom, folder, ice86, "q35" if probe in ON_Q35 else "pc")
        except subprocess.TimeoutExpired:
            print(f"{probe} on {emulator}: no end after {TIMEOUT} s", file=sys.stderr)
        output = folder / "out.txt"
        text = output.read_text("latin-1") if output.exists() else ""
    return "".join(line.rstrip() + "\n" for line in text.splitlines() if line.strip())


def expected_file(emulator, probe):
    return HERE / "expected" / f"{probe}.{emulator}.txt"


def rows(text):
    pairs = [line.partition(" =")[::2] for line in text.splitlines()]
    assert len(dict(pairs)) == len(pairs), "two rows have the same label"
    return {label: values.strip() for label, values in pairs}


def explanations(probe):
    """differences/NAME.txt: `label pattern: why`, for rows that are not the same everywhere."""
    path = HERE / "differences" / f"{probe}.txt"
    if not path.exists():
        return {}
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split(" :: ", 1) for line in lines)


INTRODUCTION = """# What a driver sees: ice86 beside Bochs and QEMU

Generated by `./run probes`; do not edit. One guest program for each chip (`tests/devices/probes/guests/`), a ROM
that starts at the reset vector, prints what a driver can observe. It runs unmodified on ice86, Bochs 2.7
(`chipset=i440fx`) and QEMU 7.2 (`-M pc -accel tcg`); the probes of the board `q35` on ice86 and QEMU with `-M q35`.
Values are hexadecimal. A test keeps each column what the
emulator prints. A value that differs is in bold, with the reason from the data sheet: every difference has one
(`tests/devices/probes/differences/`), and none is kept for a row that is the same everywhere.
"""


def document():
    """The text of docs/devices.md, and what is wrong with the explanations."""
    parts, problems = [INTRODUCTION], []
    for probe, title in PROBES.items():
        names = emulators_of(probe)
        columns = {name: rows(expected_file(name, probe).read_text()) for name in names}
        why, used = explanations(probe), set()
        labels = list(dict.fromkeys(label for column in columns.values() for label in column))
        parts.append(f"\n## {title}\n\n| `{probe}` | {' | '.join(EMULATORS[name] for name in names)} | why |\n"
                     f"|{'---|' * (len(names) + 2)}\n")
        for label in labels:
            values = [columns[name].get(label, "") for name in names]
            reason = ""
            if len(set(values)) > 1:
                pattern = max((p for p in why if fnmatch.fnmatchcase(label, p)), key=len, default=None)
                if pattern:
                    used.add(pattern)
                    reason = why[pattern]
                else:
                    problems.append(f"{probe}: '{label}' is not explained: {dict(zip(names, values))}")
                common = max(values, key=values.count)
                values = [f"{value or 'nothing'}" if value == common and values.count(common) > 1
                          else f"**{value or 'nothing'}**" for value in values]
            parts.append(f"| {label} | {' | '.join(values)} | {reason} |\n")
        problems += [f"{probe}: no difference for the explanation '{p}'" for p in why if p not in used]
    return "".join(parts), problems


def compare(wanted, got, names):
    sys.stdout.writelines(difflib.unified_diff(wanted.splitlines(True), got.splitlines(True), *names))
    return wanted == got


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ice86", default="ice86", help="the program (default: ice86 of PATH)")
    parser.add_argument("--only", metavar="EMULATOR", choices=EMULATORS, help="this emulator alone")
    parser.add_argument("--check", action="store_true",
                        help="write nothing: compare with tests/devices/probes/expected and docs/devices.md")
    parser.add_argument("--document", action="store_true", help="run nothing: the document of the stored output")
    parser.add_argument("--show", action="store_true", help="write nothing: print what the probes print")
    parser.add_argument("probe", nargs="*", help=f"of: {' '.join(PROBES)}; default: all")
    arguments = parser.parse_args()
    good = True
    for probe in [] if arguments.document else arguments.probe or PROBES:
        for emulator in [name for name in emulators_of(probe) if arguments.only in (None, name)]:
            try:
                text = run(emulator, probe, arguments.ice86)
            except NotInstalled as missing:
                print(missing)
                sys.exit(SKIPPED)
            file = expected_file(emulator, probe)
            if arguments.show:
                print(f"--- {probe} on {emulator}\n{text}", end="")
            elif arguments.check:
                good &= compare(file.read_text(), text, (str(file), f"{emulator} now"))
            else:
                file.write_text(text)
    if arguments.document or not (arguments.probe or arguments.only or arguments.show):
        text, problems = document()
        print("".join(problem + "\n" for problem in problems), end="")
        good &= not problems
        if arguments.check:
            good &= compare(DOCUMENT.read_text(), text, (str(DOCUMENT), "generated"))
        else:
            DOCUMENT.write_text(text)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
