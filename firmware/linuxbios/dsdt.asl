// SPDX-License-Identifier: LGPL-2.1-or-later
// The board as ACPI sees it: the PCI bus, where its interrupts go, and soft-off.
// Reference: ACPI 3.0, sections 6.2.12 (_PRT) and 7.3.4 (_S5); Intel 290562 (82371AB), 7.2 (SUS_TYP).
DefinitionBlock ("dsdt.aml", "DSDT", 1, "LINUXB", "I440FX", 1)
{
  Name (\_S5, Package () { 0, 0, 0, 0 })

  Scope (\_SB)
  {
    Device (PCI0)
    {
      Name (_HID, EisaId ("PNP0A03"))
      Name (_CRS, ResourceTemplate ()
      {
        WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode, 0, 0, 0xff, 0, 0x100)
        IO (Decode16, 0xcf8, 0xcf8, 1, 8)
        WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange, 0, 0, 0xcf7, 0, 0xcf8)
        WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange, 0, 0xd00, 0xffff, 0, 0xf300)
        DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                     0, 0xa0000, 0xbffff, 0, 0x20000)
        DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                     0, 0xc0000000, 0xfebfffff, 0, 0x3ec00000)
      })
      // Device, pin, no link device, interrupt: as mainboard.h has it.
      Name (_PRT, Package ()
      {
        Package () { 0x0001ffff, 0, 0, 11 }, Package () { 0x0001ffff, 1, 0, 10 },
        Package () { 0x0001ffff, 2, 0, 9 },  Package () { 0x0001ffff, 3, 0, 5 },
        Package () { 0x0002ffff, 0, 0, 10 }, Package () { 0x0002ffff, 1, 0, 9 },
        Package () { 0x0002ffff, 2, 0, 5 },  Package () { 0x0002ffff, 3, 0, 11 },
        Package () { 0x0003ffff, 0, 0, 9 },  Package () { 0x0003ffff, 1, 0, 5 },
        Package () { 0x0003ffff, 2, 0, 11 }, Package () { 0x0003ffff, 3, 0, 10 },
        Package () { 0x0004ffff, 0, 0, 5 },  Package () { 0x0004ffff, 1, 0, 11 },
        Package () { 0x0004ffff, 2, 0, 10 }, Package () { 0x0004ffff, 3, 0, 9 },
        Package () { 0x0005ffff, 0, 0, 11 }, Package () { 0x0005ffff, 1, 0, 10 },
        Package () { 0x0005ffff, 2, 0, 9 },  Package () { 0x0005ffff, 3, 0, 5 },
        Package () { 0x0006ffff, 0, 0, 10 }, Package () { 0x0006ffff, 1, 0, 9 },
        Package () { 0x0006ffff, 2, 0, 5 },  Package () { 0x0006ffff, 3, 0, 11 }
      })
    }
  }
}
