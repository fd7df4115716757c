// SPDX-License-Identifier: LGPL-2.1-or-later
// What the board's SSDT has when the firmware has chosen its addresses.
DefinitionBlock ("ssdt.aml", "SSDT", 2, "ICE86", "PLACES", 1)
{
    Name (\PMBA, 0x0600)
    Name (\PCIB, 0x80000000)
}
