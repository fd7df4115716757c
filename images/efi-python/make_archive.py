#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the archive of the EFI Python image: CPython 3.11 of Debian's installed packages, unmodified, with
the shared libraries it needs, our launcher, and our modules.

  make_archive.py OUTPUT.zip --launcher FILE --extension FILE --modules FOLDER

The archive is a ZIP file whose members are stored: the loader reads them in place. Modules are there as
source and as bytecode, which Python takes without a look at the source (PEP 552, unchecked)."""
import argparse
import importlib.util
import marshal
import os
import stat
import subprocess
import sys
import zipfile

PACKAGES = ["libpython3.11-minimal", "libpython3.11-stdlib"]
LIBRARY = "/usr/lib/python3.11"
OURS = "/usr/local/lib/python3.11/dist-packages"
LIBRARIES = "/usr/lib/x86_64-linux-gnu"
DATE = (2003, 6, 9, 12, 0, 0)  # the same inputs give the same bytes
# Loaded by name when they are needed, so that ldd does not see them.
BY_NAME = ["libgcc_s.so.1", "libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"]
TERMINALS = ["v/vt100", "a/ansi", "d/dumb", "l/linux", "x/xterm"]
TEXTS = {
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "/etc/group": "root:x:0:\n",
    "/etc/hosts": "127.0.0.1 localhost\n127.0.1.1 efi\n::1 localhost ip6-localhost ip6-loopback\n",
    "/etc/host.conf": "multi on\n",  # as Debian has it: all lines of a name in /etc/hosts
    "/etc/services": "".join(f"{name} {port}/{kind}\n" for name, port, kinds in (
        ("echo", 7, "tcp udp"), ("discard", 9, "tcp udp"), ("daytime", 13, "tcp udp"), ("ftp", 21, "tcp"),
        ("ssh", 22, "tcp"), ("telnet", 23, "tcp"), ("smtp", 25, "tcp"), ("domain", 53, "tcp udp"),
        ("tftp", 69, "udp"), ("gopher", 70, "tcp"), ("http", 80, "tcp"), ("pop3", 110, "tcp"),
        ("nntp", 119, "tcp"), ("ntp", 123, "udp"), ("imap2", 143, "tcp"), ("snmp", 161, "udp"),
        ("https", 443, "tcp"), ("syslog", 514, "udp"), ("imaps", 993, "tcp")) for kind in kinds.split()),
    "/etc/protocols": "ip 0 IP\nicmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\n",
    "/etc/nsswitch.conf": "hosts: files dns\nservices: files\nprotocols: files\n",
    "/etc/inputrc": '"\\e[1;5C": forward-word\n"\\e[1;5D": backward-word\n'
                    '"\\e[5~": history-search-backward\n"\\e[6~": history-search-forward\n'
                    '"\\e[3~": delete-char\n"\\ey": yank-pop\n',
}


class Archive:
    def __init__(self, path):
        self.zip = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED)
        self.names = set()

    def add(self, path, data, mode):
        name = path.lstrip("/")
        if name in self.names:
            return
        self.names.add(name)
        info = zipfile.ZipInfo(name, DATE)
        info.create_system = 3  # Unix: the mode is in the upper half of the attributes
        info.external_attr = mode << 16
        self.zip.writestr(info, data)

    def file(self, path, source=None):
        with open(source or path, "rb") as file:
            data = file.read()
        self.add(path, data, stat.S_IFREG | (0o755 if data[:4] == b"\x7fELF" else 0o644))

    def link(self, path, target):
        self.add(path, target.encode(), stat.S_IFLNK | 0o777)

    def module(self, path, source=None):
        with open(source or path, "rb") as file:
            text = file.read()
        self.add(path, text, stat.S_IFREG | 0o644)
        try:
            code = compile(text, path, "exec", dont_inherit=True)
        except SyntaxError:  # files of lib2to3's tests, among others
            return
        header = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little")
        bytecode = header + importlib.util.source_hash(text) + marshal.dumps(code)
        folder, name = os.path.split(path)
        self.add(f"{folder}/__pycache__/{name[:-3]}.cpython-311.pyc", bytecode,
                 stat.S_IFREG | 0o644)


def fail(text):
    sys.exit(f"make_archive.py: {text}")


def packaged_files(package):
    listing = subprocess.run(["dpkg-query", "-L", package], capture_output=True, text=True)
    if listing.returncode != 0:
        fail(f"the Debian package {package} is not installed")
    return [line for line in listing.stdout.splitlines() if os.path.isfile(line)]


def needed_libraries(program):
    listing = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    for line in listing.splitlines():
        if "=> /" in line:
            yield line.split("=>")[1].split()[0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("output")
    parser.add_argument("--launcher", required=True)
    parser.add_argument("--extension", required=True)
    parser.add_argument("--modules", required=True)
    options = parser.parse_args()
    if sys.version_info[:2] != (3, 11):
        fail("CPython 3.11 is needed, as Debian 12 has it")
    part = options.output + ".part"
    archive = Archive(part)
    libraries = set()

    archive.file("/usr/bin/efi-python", options.launcher)
    libraries.update(needed_libraries(options.launcher))
    archive.file("/lib64/ld-linux-x86-64.so.2", os.path.realpath("/lib64/ld-linux-x86-64.so.2"))
    for package in PACKAGES:
        for path in sorted(packaged_files(package)):
            if not path.startswith(LIBRARY + "/"):
                continue
            if path == f"{LIBRARY}/sitecustomize.py":  # Debian's reports crashes; ours has the name
                continue
            if path.endswith(".py"):
                archive.module(path)
            elif os.path.islink(path):
                archive.link(path, os.readlink(path))
            else:
                archive.file(path)
                if path.endswith(".so"):
                    libraries.update(needed_libraries(path))
    name = os.path.basename(options.extension)
    archive.file(f"{OURS}/{name}", options.extension)
    libraries.update(needed_libraries(options.extension))
    for folder, folders, files in os.walk(options.modules):
        folders[:] = sorted(set(folders) - {"__pycache__"})
        for file in sorted(files):
            source = os.path.join(folder, file)
            path = f"{OURS}/{os.path.relpath(source, options.modules)}"
            if file.endswith(".py"):
                archive.module(path, source)
            else:
                archive.file(path, source)
    for library in BY_NAME:
        for folder in ("/lib/x86_64-linux-gnu", LIBRARIES):
            if os.path.exists(f"{folder}/{library}"):
                libraries.add(f"{folder}/{library}")
    for library in sorted(libraries):
        archive.file(f"{LIBRARIES}/{os.path.basename(library)}", os.path.realpath(library))
    for terminal in TERMINALS:
        for folder in ("/lib/terminfo", "/usr/share/terminfo"):
            if os.path.exists(f"{folder}/{terminal}"):
                archive.file(f"/usr/share/terminfo/{terminal}", f"{folder}/{terminal}")
                break
    for path, text in TEXTS.items():
        archive.add(path, text.encode(), stat.S_IFREG | 0o644)
    # Python finds its library beside its own name, and the C library's own folders are these.
    archive.link("/usr/bin/python3", "efi-python")
    archive.link("/usr/bin/python3.11", "efi-python")
    archive.link("/lib", "usr/lib")
    archive.zip.close()
    os.replace(part, options.output)


main()
