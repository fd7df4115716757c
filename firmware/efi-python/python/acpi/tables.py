# SPDX-License-Identifier: LGPL-2.1-or-later
"""ACPI tables of fixed form as objects: a field of the specification's name is an attribute, printing one lists all
with their offsets.

Reference: ACPI Specification 6.5, section 5.2; PCI Firmware Specification 3.2, section 4.1.2 (MCFG); IA-PC HPET
Specification 1.0a, section 3.2.4; Windows ACPI Emulated Devices Table (WAET)."""
import collections
import struct

GenericAddress = collections.namedtuple("GenericAddress", "space bit_width bit_offset access_size address")
_SPACES = {0: "memory", 1: "io", 2: "pci", 3: "ec", 4: "smbus", 5: "cmos", 10: "pcc", 0x7f: "fixed hardware"}
_KINDS = {"u8": "<B", "u16": "<H", "u32": "<I", "u64": "<Q"}


def _show_address(value):
    return (f"{_SPACES.get(value.space, value.space)} {value.address:#x}, {value.bit_width} bits at "
            f"{value.bit_offset}, access {value.access_size}")


def _one(kind, data, at):
    """(value, size), or None where the data ends."""
    if kind == "address":
        size = 12
    elif kind in _KINDS:
        size = struct.calcsize(_KINDS[kind])
    else:
        size = int(kind)
    if at + size > len(data):
        return None
    if kind == "address":
        return GenericAddress(*struct.unpack_from("<BBBBQ", data, at)), size
    if kind in _KINDS:
        return struct.unpack_from(_KINDS[kind], data, at)[0], size
    return data[at:at + size], size


class Structure:
    """Fields in the order of the specification; those behind the end of the data are not there."""

    def __init__(self, name, fields, data, address=None):
        self._name, self._data, self._address = name, bytes(data), address
        self._fields, self._entries = [], []
        self._read(fields, 0)

    def _read(self, fields, at):
        for field in fields.split():
            name, _, kind = field.partition(":")
            found = _one(kind, self._data, at)
            if found is None:
                break
            value, size = found
            if isinstance(value, bytes) and name not in _BINARY:
                value = value.decode("latin-1").rstrip("\0 ")
            if name != "-":
                self._fields.append((at, name, value))
                setattr(self, name, value)
            at += size
        self._end = at

    @property
    def data(self):
        return self._data

    @property
    def address(self):
        return self._address

    @property
    def entries(self):
        """The structures that the table consists of, behind its own fields."""
        return self._entries

    def fields(self):
        """(offset, name, value) of each."""
        return list(self._fields)

    def __repr__(self):
        place = "" if self._address is None else f" at {self._address:#x}"
        lines = [f"{self._name}{place}, {len(self._data)} bytes"]
        for at, name, value in self._fields:
            text = repr(value)
            if value.__class__ is int:
                text = f"{value:#x}"
            elif isinstance(value, GenericAddress):
                text = _show_address(value)
            elif isinstance(value, bytes):
                text = value.hex(" ")
            lines.append(f"  {at:#05x} {name} = {text}")
        lines += ["  " + repr(entry).replace("\n", "\n  ") for entry in self._entries]
        return "\n".join(lines)


_BINARY = {"Data", "Proximity_Domain_31_8"}
_HEADER = ("Signature:4 Length:u32 Revision:u8 Checksum:u8 OEMID:6 OEM_Table_ID:8 OEM_Revision:u32 Creator_ID:4 "
           "Creator_Revision:u32 ")
_FADT = (
    "FIRMWARE_CTRL:u32 DSDT:u32 -:u8 Preferred_PM_Profile:u8 SCI_INT:u16 SMI_CMD:u32 ACPI_ENABLE:u8 ACPI_DISABLE:u8 "
    "S4BIOS_REQ:u8 PSTATE_CNT:u8 PM1a_EVT_BLK:u32 PM1b_EVT_BLK:u32 PM1a_CNT_BLK:u32 PM1b_CNT_BLK:u32 PM2_CNT_BLK:u32 "
    "PM_TMR_BLK:u32 GPE0_BLK:u32 GPE1_BLK:u32 PM1_EVT_LEN:u8 PM1_CNT_LEN:u8 PM2_CNT_LEN:u8 PM_TMR_LEN:u8 "
    "GPE0_BLK_LEN:u8 GPE1_BLK_LEN:u8 GPE1_BASE:u8 CST_CNT:u8 P_LVL2_LAT:u16 P_LVL3_LAT:u16 FLUSH_SIZE:u16 "
    "FLUSH_STRIDE:u16 DUTY_OFFSET:u8 DUTY_WIDTH:u8 DAY_ALRM:u8 MON_ALRM:u8 CENTURY:u8 IAPC_BOOT_ARCH:u16 -:u8 "
    "Flags:u32 RESET_REG:address RESET_VALUE:u8 ARM_BOOT_ARCH:u16 FADT_Minor_Version:u8 X_FIRMWARE_CTRL:u64 X_DSDT:u64 "
    "X_PM1a_EVT_BLK:address X_PM1b_EVT_BLK:address X_PM1a_CNT_BLK:address X_PM1b_CNT_BLK:address "
    "X_PM2_CNT_BLK:address X_PM_TMR_BLK:address X_GPE0_BLK:address X_GPE1_BLK:address SLEEP_CONTROL_REG:address "
    "SLEEP_STATUS_REG:address Hypervisor_Vendor_Identity:u64")
_FACS = ("Signature:4 Length:u32 Hardware_Signature:u32 Firmware_Waking_Vector:u32 Global_Lock:u32 Flags:u32 "
         "X_Firmware_Waking_Vector:u64 Version:u8 -:3 OSPM_Flags:u32")
_MADT_ENTRIES = {
    0: ("Processor Local APIC", "ACPI_Processor_UID:u8 APIC_ID:u8 Flags:u32"),
    1: ("I/O APIC", "IO_APIC_ID:u8 -:u8 IO_APIC_Address:u32 Global_System_Interrupt_Base:u32"),
    2: ("Interrupt Source Override", "Bus:u8 Source:u8 Global_System_Interrupt:u32 Flags:u16"),
    3: ("NMI Source", "Flags:u16 Global_System_Interrupt:u32"),
    4: ("Local APIC NMI", "ACPI_Processor_UID:u8 Flags:u16 Local_APIC_LINT:u8"),
    5: ("Local APIC Address Override", "-:u16 Local_APIC_Address:u64"),
    6: ("I/O SAPIC", "IO_APIC_ID:u8 -:u8 Global_System_Interrupt_Base:u32 IO_SAPIC_Address:u64"),
    7: ("Local SAPIC", "ACPI_Processor_ID:u8 Local_SAPIC_ID:u8 Local_SAPIC_EID:u8 -:3 Flags:u32 "
        "ACPI_Processor_UID_Value:u32"),
    9: ("Processor Local x2APIC", "-:u16 X2APIC_ID:u32 Flags:u32 ACPI_Processor_UID:u32"),
    10: ("Local x2APIC NMI", "Flags:u16 ACPI_Processor_UID:u32 Local_x2APIC_LINT:u8 -:3"),
    16: ("Multiprocessor Wakeup", "Mailbox_Version:u16 -:u32 Mailbox_Address:u64"),
}
_SRAT_ENTRIES = {
    0: ("Processor Local APIC Affinity", "Proximity_Domain_7_0:u8 APIC_ID:u8 Flags:u32 Local_SAPIC_EID:u8 "
        "Proximity_Domain_31_8:3 Clock_Domain:u32"),
    1: ("Memory Affinity", "Proximity_Domain:u32 -:u16 Base_Address:u64 Memory_Length:u64 -:u32 Flags:u32 -:u64"),
    2: ("Processor Local x2APIC Affinity", "-:u16 Proximity_Domain:u32 X2APIC_ID:u32 Flags:u32 Clock_Domain:u32 "
        "-:u32"),
    5: ("Generic Initiator Affinity", "-:u8 Device_Handle_Type:u8 Proximity_Domain:u32 Data:16 Flags:u32 -:u32"),
}
# Signature: fields behind the header, and what entries are in: a map of types, or (name, fields) of one form.
_TABLES = {
    "FACP": (_FADT, None),
    "APIC": ("Local_Interrupt_Controller_Address:u32 Flags:u32", _MADT_ENTRIES),
    "HPET": ("Event_Timer_Block_ID:u32 BASE_ADDRESS:address HPET_Number:u8 Minimum_Tick:u16 Page_Protection:u8", None),
    "MCFG": ("-:u64", ("Allocation", "Base_Address:u64 PCI_Segment_Group:u16 Start_Bus:u8 End_Bus:u8 -:u32")),
    "BGRT": ("Version:u16 Status:u8 Image_Type:u8 Image_Address:u64 Image_Offset_X:u32 Image_Offset_Y:u32", None),
    "WAET": ("Emulated_Device_Flags:u32", None),
    "SRAT": ("-:u32 -:u64", _SRAT_ENTRIES),
    "SLIT": ("Number_of_System_Localities:u64", None),
    "RSDT": ("", ("Entry", "Address:u32")),
    "XSDT": ("", ("Entry", "Address:u64")),
    "SPCR": ("Interface_Type:u8 -:3 Base_Address:address Interrupt_Type:u8 IRQ:u8 Global_System_Interrupt:u32 "
             "Baud_Rate:u8 Parity:u8 Stop_Bits:u8 Flow_Control:u8 Terminal_Type:u8 -:u8 PCI_Device_ID:u16 "
             "PCI_Vendor_ID:u16 PCI_Bus:u8 PCI_Device:u8 PCI_Function:u8 PCI_Flags:u32 PCI_Segment:u8", None),
}


def decode(data, address=None):
    """A table of its bytes. Of one with a signature that is not known, the header's fields are there."""
    data = bytes(data)
    if data[:4] == b"FACS":
        return Structure("FACS", _FACS, data, address)
    signature = data[:4].decode("latin-1")
    fields, entries = _TABLES.get(signature, ("", None))
    table = Structure(signature, _HEADER + fields, data, address)
    if signature == "SLIT":
        _read_distances(table)
    at = table._end
    while entries and at < len(data):
        place = None if address is None else address + at
        if isinstance(entries, tuple):
            name, fields = entries
            size = sum(_size(field) for field in fields.split())
            if at + size > len(data):
                break
        else:
            kind, size = data[at], data[at + 1] if at + 1 < len(data) else 0
            if size < 2 or at + size > len(data):
                break
            name, fields = entries.get(kind, ("Entry", f"Data:{size - 2}"))
            fields = "Type:u8 Length:u8 " + fields
        table.entries.append(Structure(name, fields, data[at:at + size], place))
        at += size
    return table


def _size(field):
    kind = field.partition(":")[2]
    return 12 if kind == "address" else struct.calcsize(_KINDS[kind]) if kind in _KINDS else int(kind)


def _read_distances(table):
    count = getattr(table, "Number_of_System_Localities", 0)
    rest = table.data[table._end:]
    if count and count * count <= len(rest):
        table.distances = [list(rest[i * count:(i + 1) * count]) for i in range(count)]
