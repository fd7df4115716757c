#!/usr/bin/python3.11
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The ACPI tables of a guest with Python on EFI: the guest sends them, with the names that they make and the values of
their objects; ACPICA loads the same tables on the host and evaluates the same.

  run_guest.py --machine ice86|qemu --modules FOLDER --image EFI-PYTHON.IMG [--ice86 PROGRAM]

Exit 77: acpica-tools or the machine's program is not installed."""
import base64
import json
import os
import shutil
import sys
import tempfile

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [FOLDER, os.path.join(os.path.dirname(FOLDER), "sockets")]
import peers as host_peers  # noqa: E402
import run_aml  # noqa: E402
import run_cases  # noqa: E402


def unpack(value):
    if isinstance(value, list):
        return [unpack(element) for element in value]
    if isinstance(value, dict):
        return bytes.fromhex(value["bytes"])
    return value


def main():
    parser = run_cases.arguments_of(__doc__)
    parser.add_argument("--modules", required=True)
    options = parser.parse_args()
    program = "qemu-system-x86_64" if options.machine == "qemu" else options.ice86
    for needed in "acpiexec", "iasl", program:
        if not shutil.which(needed):
            print(f"{needed} is not installed")
            return 77
    sys.path.insert(0, options.modules)
    import acpi  # noqa: E402
    peers = host_peers.Peers()
    with open(os.path.join(FOLDER, "guest.py"), encoding="utf-8") as file:
        script = f"HOST, PORTS = '10.0.2.2', {peers.ports!r}\n" + run_cases.read("prelude.py") + file.read()
    heard = run_cases.run_in_guest(options, peers, script)
    headers, body = peers.posted.get("/results", ({}, b""))
    if headers.get("X-Status") != "0" or "/acpi" not in peers.posted:
        print(body.decode() or heard)
        return 1
    found = json.loads(peers.posted["/acpi"][1])
    found["values"] = {path: unpack(value) for path, value in found["values"].items()}
    with tempfile.TemporaryDirectory() as folder:
        tables = []
        for i, (_, data) in enumerate(sorted(found["tables"])):  # the DSDT is the first
            tables.append(os.path.join(folder, f"table{i}.aml"))
            with open(tables[-1], "wb") as file:
                file.write(base64.b64decode(data))
        return 1 if run_aml.run_tables(acpi, tables, folder, found) else 0


if __name__ == "__main__":
    sys.exit(main())
