#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pictures of pictures.asm on ice86 and on QEMU's VGA, dot by dot."""

import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
TIMEOUT = 120  # seconds of the host, for one picture


def names():
    """The guest's table."""
    table = (HERE / "pictures.asm").read_text().partition("\npictures:\n")[2].partition(".end:")[0]
    return re.findall(r"[a-z]\w+", table.replace("dw ", ""))


class Picture:
    """Width, height and the dots as bytes R G B."""

    def __init__(self, width, height, dots):
        self.width, self.height, self.dots = width, height, dots

    @staticmethod
    def from_ppm(path):
        magic, size, most, dots = path.read_bytes().split(b"\n", 3)
        if (magic, most) != (b"P6", b"255"):
            sys.exit(f"{path}: not a PPM of 8 bits")
        width, height = map(int, size.split())
        return Picture(width, height, dots)

    def row(self, y):
        return self.dots[y * self.width * 3:(y + 1) * self.width * 3]


def on_ice86(program, disk, folder, number):
    image = bytearray(disk.read_bytes())
    image[0x1F0] = number
    (folder / "one.img").write_bytes(image)
    (folder / "said.txt").unlink(missing_ok=True)
    run = subprocess.run(
        [program, "run", "--firmware", "seabios", "-m", "32", "--disk", "one.img", "--max-time", "60s",
         "--serial", "file:said.txt", "--screenshot", "ours.png"],
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT)
    said = (folder / "said.txt").read_bytes()[-1:]
    if said != b"D":
        sys.exit(f"ice86: the guest said {said} in picture {number}\n{run.stderr}")
    subprocess.run(["convert", "ours.png", "-depth", "8", "ours.ppm"], cwd=folder, check=True)
    return Picture.from_ppm(folder / "ours.ppm")


class Qemu:
    """One machine, which draws the pictures one after the other."""

    def __init__(self, disk, folder):
        self.folder = folder
        lines = [socket.socketpair() for _ in range(2)]
        theirs = [line[1].fileno() for line in lines]
        chardevs = []
        for number, fd in enumerate(theirs):
            # A listening socket would need a name; a connected one is handed over as it is.
            chardevs += ["-chardev", f"socket,id=line{number},fd={fd}"]
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-M", "pc", "-accel", "tcg", "-m", "32", "-display", "none", "-vga", "std",
             "-nic", "none", "-drive", f"file={disk},format=raw,snapshot=on", *chardevs, "-serial",
             "chardev:line0", "-mon", "chardev=line1,mode=control"], stdin=subprocess.DEVNULL, pass_fds=theirs)
        for _, other in lines:
            other.close()
        self.serial, monitor = lines[0][0], lines[1][0]
        self.serial.settimeout(TIMEOUT)
        monitor.settimeout(TIMEOUT)
        self.monitor = monitor.makefile("rw")
        self.monitor.readline()
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        self.monitor.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.monitor.flush()
        while True:
            answer = json.loads(self.monitor.readline())
            if "return" in answer:
                return
            if "error" in answer:
                sys.exit(f"QEMU: {name}: {answer['error']}")

    def draw(self, number):
        self.serial.sendall(bytes([number]))
        said = self.serial.recv(1)
        if said != b"D":
            sys.exit(f"QEMU: the guest said {said} in picture {number}")
        path = self.folder / "theirs.ppm"
        self.command("screendump", filename=str(path))
        return Picture.from_ppm(path)

    def end(self):
        self.process.kill()
        self.process.wait()


# QEMU widens the 6 bits of a DAC entry to 8 by repeating its lowest bit, ice86 its highest two, so that full
# intensity is 255 and the steps are even; the 5 of a colour with 15 bits by zeros (those with 16 as ice86 does).
def bits_compared(name):
    if name.endswith("_15"):
        return 5
    direct = name.startswith("vbe_") and not re.search(r"_8$", name)
    return 8 if direct else 6


def difference(name, ours, theirs):
    """Nothing, or a line that says where."""
    if (ours.width, ours.height) != (theirs.width, theirs.height):
        return f"{ours.width}x{ours.height} dots, QEMU has {theirs.width}x{theirs.height}"
    a, b = ours.dots, theirs.dots
    shift = 8 - bits_compared(name)
    a, b = (bytes(value >> shift for value in dots) for dots in (a, b))
    if a == b:
        return ""
    wrong = [at for at in range(0, len(a), 3) if a[at:at + 3] != b[at:at + 3]]
    y, x = divmod(wrong[0] // 3, ours.width)
    return f"{len(wrong)} dots differ, the first at ({x}, {y}): {a[wrong[0]:][:3].hex()}, QEMU has {b[wrong[0]:][:3].hex()}"


def panned(at_0, at_1, dots):
    """QEMU 7.2 does not pan by dots: what it would show is between two places 8 dots apart."""
    rows = []
    for y in range(at_0.height):
        rows += [at_0.row(y)[dots * 3:], at_1.row(y)[(at_0.width - 8) * 3:][:dots * 3]]
    return Picture(at_0.width, at_0.height, b"".join(rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ice86", required=True, help="the program")
    parser.add_argument("--disk", required=True, type=pathlib.Path, help="pictures.asm assembled")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the pictures of both")
    parser.add_argument("only", nargs="*", help="how names of pictures begin")
    options = parser.parse_args()
    for program in "qemu-system-x86_64", "convert":
        if not shutil.which(program):
            print(f"{program} is not installed (Debian packages qemu-system-x86, imagemagick)")
            sys.exit(SKIPPED)
    failed, seen = 0, {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        disk = folder / "disk.img"
        disk.write_bytes(options.disk.read_bytes())
        os.truncate(disk, 16 * 63 * 512 * 16)
        qemu = Qemu(disk, folder)
        try:
            for number, picture in enumerate(names()):
                if options.only and not picture.startswith(tuple(options.only)):
                    continue
                theirs = qemu.draw(number)
                seen[picture] = theirs
                if picture == "wide_panned":
                    theirs = panned(seen["wide"], seen["wide_at_1"], 3)
                ours = on_ice86(options.ice86, disk, folder, number)
                told = difference(picture, ours, theirs)
                print(f"{picture:20} {ours.width}x{ours.height}: {told or 'equal'}", flush=True)
                failed += told != ""
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    shutil.copy(folder / "ours.png", options.keep / f"{picture}.ours.png")
                    shutil.copy(folder / "theirs.ppm", options.keep / f"{picture}.theirs.ppm")
        finally:
            qemu.end()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
