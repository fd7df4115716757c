# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs in the guest behind prelude.py: sends its ACPI tables, the names that they make and the values of all objects
# without arguments to the host.
import base64
import json

import bits


def plain(value):
    if isinstance(value, list):
        return [plain(element) for element in value]
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    return value if value is None or isinstance(value, (int, str)) else f"<{value.name}>"


values = {}
for node in bits.acpi.objects():
    if node.type in ("Integer", "String", "Buffer", "Package") or node.type == "Method" and not node.value.arguments:
        try:
            values[node.path] = plain(bits.acpi.evaluate(node.path))
        except bits.acpi.AmlError as problem:
            values[node.path] = f"fails: {problem}"
assert not bits.acpi.problems, bits.acpi.problems
found = {"tables": [(one.signature, base64.b64encode(bits.memory(one.address, one.length)).decode())
                    for one in bits.acpi.tables() if one.signature in ("DSDT", "SSDT")],
         "names": {node.path: node.type for node in bits.acpi.objects()}, "values": values}
url = f"http://{HOST}:{PORTS['control']}/acpi"
urllib.request.urlopen(url, json.dumps(found).encode()).read()
print(f"{len(found['tables'])} tables, {len(found['names'])} names, {len(values)} values")
# What people look at.
bits.acpi.show_namespace()
print(bits.acpi.table("FACP"), bits.acpi.resources(r"\_SB.PCI0._CRS"))
for text in "PM_TMR_BLK = ", "0x000 Signature = 'FACP'":
    assert text in repr(bits.acpi.table("FACP")), text
assert bits.acpi.device_id(r"\_SB.PCI0._HID") in ("PNP0A03", "PNP0A08")
# Methods reach the hardware: the PIIX3's routing registers by PCI configuration, and what they say here.
device = 1
routes = [bits.pci_read(0, device, 0, 0x60 + i, 1) for i in range(4)]
for i, route in enumerate(routes):
    found = [one for one in bits.acpi.resources(rf"\_SB.LNK{'ABCD'[i]}._CRS") if one.kind in ("Interrupt", "IRQ")]
    expected = [] if route & 0x80 else [route & 0xf]
    assert [n for one in found for n in one.interrupts if n] == expected, (route, found)
# What is wrong is an exception.
for path, problem in ((r"\_SB.NONE", bits.acpi.NotFound), ("1", bits.acpi.NotFound)):
    try:
        bits.acpi.evaluate(path)
        raise SystemExit(f"{path} has a value")
    except problem:
        pass
