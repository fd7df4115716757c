// SPDX-License-Identifier: LGPL-2.1-or-later
// A table that cases.asl loads.
DefinitionBlock ("extra.aml", "SIGNATURE", 2, "ICE86", "EXTRA", 1)
{
#ifdef OEM
    Name (\OEM0, 0x0EC0)
#else
    Device (\EXT0)
    {
        Name (VALE, 0x77)
        Method (ADDE, 2) { Return (Arg0 + Arg1 + VALE) }
    }
#endif
}
