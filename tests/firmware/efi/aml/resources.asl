// SPDX-License-Identifier: LGPL-2.1-or-later
// Every descriptor of resources that is decoded, for formats.py.
DefinitionBlock ("resources.aml", "DSDT", 2, "ICE86", "RESOURCES", 1)
{
    Device (\_SB.RES0)
    {
        Name (_CRS, ResourceTemplate ()
        {
            IO (Decode10, 0x100, 0x3F0, 4, 8)
            FixedIO (0x2E8, 8)
            IRQ (Level, ActiveLow, Shared) { 5, 10 }
            IRQNoFlags () { 3 }
            DMA (TypeF, BusMaster, Transfer8_16) { 1, 3 }
            Memory24 (ReadOnly, 0x100, 0x200, 0x10, 0x20)
            Memory32 (ReadWrite, 0x10000000, 0x20000000, 0x1000, 0x2000)
            Memory32Fixed (ReadOnly, 0xFED00000, 0x400)
            Interrupt (ResourceConsumer, Edge, ActiveHigh, Exclusive, 2, "\\_SB.LNKX") { 20, 21, 300 }
            DWordMemory (ResourceProducer, SubDecode, MinFixed, MaxFixed, Prefetchable, ReadOnly, 0, 0xC0000000,
                         0xDFFFFFFF, 0x1000, 0x20000000, 1, "\\_SB.PCI0")
            QWordMemory (ResourceConsumer, PosDecode, MinNotFixed, MaxNotFixed, WriteCombining, ReadWrite, 0xFFF,
                         0x100000000, 0x1FFFFFFFF, 0, 0x2000)
            WordIO (ResourceProducer, MinFixed, MaxNotFixed, PosDecode, EntireRange, 0, 0, 0x0CF7, 0, 0x0100)
            DWordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange, 0, 0, 0x0CF7, 0, 0x0CF8)
            WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode, 0, 0, 0xFF, 0, 0x100)
            Register (SystemIO, 8, 2, 0x1234, 1)
            FixedDMA (7, 2, Width32bit)
            VendorShort () { 1, 2, 3 }
            VendorLong () { 1, 2, 3, 4, 5, 6, 7, 8, 9 }
            ExtendedMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadWrite, 0, 0x200000000,
                            0x2FFFFFFFF, 0, 0x100000000, 1)
        })
        Name (_PRS, ResourceTemplate ()
        {
            StartDependentFn (1, 2) { IRQNoFlags () { 3, 4 } }
            StartDependentFnNoPri () { IRQNoFlags () { 5 } }
            EndDependentFn ()
        })
    }
}
