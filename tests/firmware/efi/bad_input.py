#!/usr/bin/python3.11
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Python on EFI where something is missing or wrong: each time there is an exception of Python or one
clear line, and it goes on.

  bad_input.py --build FOLDER --ice86 PROGRAM [-k WORD] [-v]

--build has efi-python.efi and root.zip."""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import zipfile

FOLDER = os.path.dirname(os.path.abspath(__file__))
MAKE_ESP = os.path.join(FOLDER, "../../../images/efi/make_esp.sh")
SECONDS = "90s"  # of the machine's time, for each case

# What a network that is not there does to those who use it. Errors are told each time, and the machine's
# own connections work.
NETWORK = """
import socket, urllib.request
def attempt(what, function, *arguments):
    try: print(what, function(*arguments))
    except Exception as problem: print(what, type(problem).__name__, problem)
attempt('urlopen', urllib.request.urlopen, 'http://10.0.2.2:8080/')
attempt('connect', socket.create_connection, ('10.0.2.2', 8080))
attempt('name', socket.getaddrinfo, 'example.org', 80)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
attempt('udp', s.sendto, b'x', ('10.0.2.2', 9))
l = socket.socket(); attempt('bind', l.bind, ('', 8081)); attempt('listen', l.listen)
c = socket.socket(); attempt('loopback', c.connect, ('127.0.0.1', 8081))
attempt('accepted', l.accept()[0].getpeername)
"""


def without_network(reason):
    text = r"\[Errno 101\] Network is unreachable: " + reason
    return [f"urlopen URLError <urlopen error {text}", f"connect OSError {text}",
            r"name gaierror \[Errno -3\] Temporary failure in name resolution", f"udp OSError {text}",
            "bind None", "only this machine itself can connect to port 8081", "listen None",
            r"loopback None", r"accepted \('127.0.0.1', \d+\)", "powered off"]


NETWORK6 = NETWORK.partition("attempt('urlopen'")[0] + """
attempt('connect', socket.create_connection, ('2001:db8::1', 8080))
attempt('again', socket.create_connection, ('2001:db8::1', 8080))
l = socket.create_server(('', 8081), family=socket.AF_INET6)
c = socket.socket(socket.AF_INET6); attempt('loopback', c.connect, ('::1', 8081))
attempt('accepted', l.accept()[0].getpeername)
"""
MEMORY = """
import gc, threading
def attempt(what, function, *arguments):
    try: print(what, function(*arguments))
    except BaseException as problem: print(what, type(problem).__name__, problem)
attempt('at once', bytearray, 1 << 30)
def fill():
    kept = []
    while True: kept.append(bytearray(100000))
attempt('bit by bit', fill)
gc.collect()
# What was freed is there again, in such pieces: C's heap does not give it back to the loader.
attempt('afterwards', lambda: len([bytearray(100000) for i in range(100)]))
def threads():
    go = threading.Event(); started = []
    try:
        while True:
            one = threading.Thread(target=go.wait); one.start(); started.append(one)
    finally:
        go.set(); [one.join() for one in started]
attempt('threads', threads)
def deep(n): return deep(n + 1)
attempt('deep', deep, 0)
attempt('long', lambda: len([0] * (1 << 27)))
attempt('file', lambda: open('/tmp/large', 'wb').write(bytes(30 << 20)) and [open('/tmp/%d' % i, 'wb').write(bytes(10 << 20)) for i in range(20)])
print('still', 6 * 7)
"""

THROUGH_SHELL = ["the firmware goes on in 5 seconds, or with a key", r"UEFI Interactive Shell"]
PROMPT = r"\r?\n>>> "
CASES = {
    "no network card": dict(options="--nic none", run=NETWORK, heard=without_network(
        "the firmware has no driver for a network card, or there is none")),
    "no cable": dict(options="--device e1000", run=NETWORK, heard=[
        "IP configuration started", "IP configuration failed: the card has no link",
        *without_network("the card has no link")]),
    "no DHCP server": dict(options="--nic user,ipv4=off", run=NETWORK, heard=[
        "IP configuration started", "IP configuration failed: no answer of a DHCP server",
        *without_network("no answer of a DHCP server")]),
    "no router": dict(options="--nic user,model=e1000,ipv6=off", run=NETWORK6, heard=[
        "IPv6 configuration started", "IPv6 configuration failed: no router has announced a prefix",
        r"connect OSError \[Errno 101\] Network is unreachable: no router has announced a prefix",
        r"again OSError \[Errno 101\]", "loopback None", r"accepted \('::1', \d+, 0, 0\)", "powered off"]),
    "out of memory": dict(run=MEMORY, heard=[
        "at once MemoryError", "bit by bit MemoryError", "afterwards 100",
        "threads RuntimeError can't start new thread", "deep RecursionError maximum recursion depth",
        "long MemoryError", r"file (OSError|MemoryError)", "still 42", "powered off"]),
    "exception of -c": dict(run="1/0", heard=[
        r"Traceback \(most recent call last\)", "ZeroDivisionError: division by zero", "powered off"]),
    "exception at the start-up": dict(files={"/startup.py": b"print('starting')\n1/0\n"}, heard=[
        "starting", r"Traceback \(most recent call last\)", 'File "/esp/startup.py", line 2',
        "ZeroDivisionError: division by zero", PROMPT]),
    "no Python at the start-up": dict(files={"/startup.py": b"\xff\xfe("}, heard=[
        "SyntaxError", PROMPT]),
    "exception at the import of site": dict(arguments="PYTHONPATH=/esp --shutdown -c 'print(6*7)'".replace("'", '"'),
        files={"/sitecustomize.py": b"raise RuntimeError('not today')\n"}, heard=[
        "Error in sitecustomize", "RuntimeError: not today", "42", "powered off"]),
    "no such script": dict(arguments="/esp/nothing.py", heard=[
        r"can't open file '/esp/nothing.py': \[Errno 2\] No such file or directory", *THROUGH_SHELL]),
    "script of a server that is not there": dict(
        arguments="--shutdown -m efi_script http://10.0.2.2:1/x.py", options="--nic user,model=e1000", heard=[
            r"URLError: <urlopen error \[Errno 111\] Connection refused>", "powered off"]),
    "unknown option": dict(arguments="--sausages", heard=["[Uu]nknown option", *THROUGH_SHELL]),
    "too many arguments": dict(arguments="x " * 2000, heard=["efi-python: there are more than", *THROUGH_SHELL]),
    "no archive": dict(archive=None, heard=[
        r"efi-python: \\efi-python\\root.zip: not found beside the application", *THROUGH_SHELL]),
    "archive that is cut off": dict(archive=lambda data: data[:5000000], heard=[
        r"efi-python: \\efi-python\\root.zip: no ZIP archive", *THROUGH_SHELL]),
    "empty archive": dict(archive=lambda data: b"", heard=[
        r"efi-python: \\efi-python\\root.zip: no ZIP archive", *THROUGH_SHELL]),
    "archive with a damaged directory": dict(
        archive=lambda data: data.replace(b"PK\x01\x02", b"PK\xff\xff"), heard=[
            r"efi-python: \\efi-python\\root.zip: its directory is damaged", *THROUGH_SHELL]),
    "archive without Python": dict(archive=lambda data: zip_of({"README": b"nothing"}), heard=[
        "efi-python: /usr/bin/efi-python: is not in the archive", *THROUGH_SHELL]),
    "no program in the archive": dict(
        archive=lambda data: zip_of({"usr/bin/efi-python": b"#!/bin/sh\n" * 10}), heard=[
            "efi-python: /usr/bin/efi-python: is no 64-bit ELF program", *THROUGH_SHELL]),
    "packed archive": dict(
        archive=lambda data: zip_of({"usr/bin/efi-python": bytes(1000)}, zipfile.ZIP_DEFLATED), heard=[
            "a member is packed; they have to be stored", *THROUGH_SHELL]),
    "too little memory": dict(options="--memory 64", heard=["efi-python: there is too little memory; give the machine 128 MB", *THROUGH_SHELL]),
    "no file system": dict(network_boot=True, heard=[
        "efi-python: the device that it was loaded from has no file system",
        "the firmware goes on in 5 seconds, or with a key"]),
}


def zip_of(files, method=zipfile.ZIP_STORED):
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w", method) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        file.seek(0)
        return file.read()


def make_disk(case, build, folder):
    """A disk of the case's own, of whatever is wrong with it."""
    with open(os.path.join(build, "root.zip"), "rb") as file:
        archive = file.read()
    change = case.get("archive", lambda data: data)
    contents = dict(case.get("files", {}))
    if change is not None:
        contents["/efi-python/root.zip"] = change(archive)
    arguments = [f"/EFI/BOOT/BOOTX64.EFI={build}/efi-python.efi"]
    for number, (path, data) in enumerate(contents.items()):
        name = os.path.join(folder, str(number))
        with open(name, "wb") as file:
            file.write(data)
        arguments.append(f"{path}={name}")
    disk = os.path.join(folder, "disk.img")
    subprocess.run([MAKE_ESP, "-s", "64", disk, *arguments], check=True)
    return disk


def command_of(case, options, folder):
    command = [options.ice86, "run", "--firmware", "ovmf", "--serial", "stdio", "--max-time", SECONDS]
    if case.get("network_boot"):
        return command + ["--boot", "n", "--nic", f"user,tftp={options.build},bootfile=efi-python.efi"]
    disk = options.image
    if "archive" in case or "files" in case:
        disk = make_disk(case, options.build, folder)
    arguments = case.get("arguments")
    if "run" in case:
        arguments = f'--shutdown -c "{case["run"]}"'
    if arguments is not None:
        command += ["--fw-cfg", "name=opt/efi-python/arguments,string=" + arguments.replace(",", ",,")]
    return command + ["--hda", disk, *case.get("options", "--nic none").split()]


def check(case, options):
    """None, or what was not heard, and what was."""
    with tempfile.TemporaryDirectory() as folder:
        machine = subprocess.Popen(command_of(case, options, folder), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        heard = ""
        expected = list(case["heard"])
        at = 0
        try:
            while expected:
                data = os.read(machine.stdout.fileno(), 65536)
                heard += data.decode("utf-8", "replace")
                while expected and (match := re.compile(expected[0]).search(heard, at)):
                    at = match.end()
                    expected.pop(0)
                if not data:
                    break
        finally:
            machine.kill()
            machine.wait()
            machine.stdout.close()
    return (expected[0] if expected else None), heard


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--image", required=True)
    parser.add_argument("--ice86", required=True)
    parser.add_argument("-k", dest="word", default="")
    parser.add_argument("-v", dest="verbose", action="store_true")
    options = parser.parse_args()
    bad = 0
    for name, case in CASES.items():
        if options.word not in name:
            continue
        missed, heard = check(case, options)
        print(f"{'FAILED' if missed else 'ok'}: {name}", flush=True)
        if missed:
            bad += 1
            print(f"not heard: {missed}")
        if missed or options.verbose:
            print(heard[heard.find("BdsDxe: starting"):][:6000].replace("\x1b", "<ESC>"))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
