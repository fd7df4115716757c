#!/usr/bin/python3.11
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The patient of docs/debugging.md: a copy of our LinuxBIOS whose boot block loads a wrong stack pointer, so that the
stack of its C part lies in its variables, in the place where the console falls silent from the first character on.

  make_patient.py ICE86 IMAGES-FOLDER PATIENT.ROM"""
import os
import subprocess
import sys

STACK_TOP = 0x9F000


def load_stack(address):
    return b"\xbc" + address.to_bytes(4, "little")  # mov esp, address


def silent(ice86, rom):
    words = [ice86, "run", "--firmware", rom, "-m", "64", "--serial", "stdio", "--max-time", "300ms"]
    return not subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False).stdout


def main():
    ice86, images, patient = sys.argv[1:4]
    with open(os.path.join(images, "stack.rom"), "rb") as file:
        rom = file.read()
    symbols = subprocess.run(["nm", os.path.join(images, "linuxbios-ram-stage.elf")], capture_output=True, text=True,
                             check=True).stdout
    present = next(int(line.split()[0], 16) for line in symbols.splitlines() if line.split()[2] == "present")
    if rom.count(load_stack(STACK_TOP)) != 1:
        sys.exit("stack.rom is not the LinuxBIOS that this script knows")
    for top in range((present + 4) & ~3, present + 256, 4):
        with open(patient, "wb") as file:
            file.write(rom.replace(load_stack(STACK_TOP), load_stack(top)))
        if silent(ice86, patient):
            return
    sys.exit("the console speaks wherever the stack is")


if __name__ == "__main__":
    main()
