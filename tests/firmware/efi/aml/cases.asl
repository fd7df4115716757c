// SPDX-License-Identifier: LGPL-2.1-or-later
// Methods Txxx without arguments, which run_aml.py evaluates here and with acpiexec; those of names Exxx fail in both.
// Compiled twice: as revision 2, whose integers have 64 bits, and as revision 1, where they have 32.
DefinitionBlock ("cases.aml", "DSDT", REVISION, "ICE86", "CASES", 1)
{
    Name (INT1, 0x123456789ABCDEF0)
    Name (INT2, 7)
    Name (STR1, "hello")
    Name (STR2, "0x1F")
    Name (BUF1, Buffer () { 1, 2, 3, 4, 5 })
    Name (BUF2, Buffer (12) { 0xF0, 0xDE, 0xBC, 0x9A, 0x78, 0x56, 0x34, 0x12, 0xAA })
    Name (PKG1, Package () { 1, "two", Buffer () { 3, 4 }, Package () { 5, LATE }, 0xFFFFFFFF, \_SB.DEV0 })
    Name (LATE, 0x77)
    Alias (INT2, ALI2)

    Device (\_SB.DEV0)
    {
        Name (_HID, EisaId ("PNP0A03"))
        Name (_UID, "one")
        Method (_STA) { Return (0xF) }
        Name (_CRS, ResourceTemplate ()
        {
            IO (Decode16, 0x2F8, 0x2F8, 1, 8)
            IRQNoFlags () { 3, 4 }
            DMA (Compatibility, NotBusMaster, Transfer8, ) { 2 }
            Memory32Fixed (ReadWrite, 0xFED00000, 0x400)
            Interrupt (ResourceConsumer, Level, ActiveLow, Shared) { 20, 21 }
            DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadWrite, 0, 0xC0000000, 0xDFFFFFFF,
                         0, 0x20000000)
            WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode, 0, 0, 0xFF, 0, 0x100)
        })
        Device (SUB0) { Name (_ADR, 0x00010002) Name (VAL0, 9) }
    }
    Processor (\_SB.CPU0, 3, 0x410, 6) { Name (_CID, 1) }
    ThermalZone (\_TZ.THM0) { Name (_CRT, 3000) }
    PowerResource (PWR0, 1, 2) { Method (_STA) { Return (1) } }
    Event (EVT0)
    Mutex (MTX0, 3)

    // What a method returns when it has several things to tell.
    Method (LST2, 2) { Local0 = Package (2) {} Local0 [0] = Arg0 Local0 [1] = Arg1 Return (Local0) }
    Method (LST3, 3) { Local0 = Package (3) {} Local0 [0] = Arg0 Local0 [1] = Arg1 Local0 [2] = Arg2 Return (Local0) }
    Method (LST4, 4) { Local0 = Package (4) {} Local0 [0] = Arg0 Local0 [1] = Arg1 Local0 [2] = Arg2 Local0 [3] = Arg3 Return (Local0) }
    Method (LST5, 5) { Local0 = Package (5) {} Local0 [0] = Arg0 Local0 [1] = Arg1 Local0 [2] = Arg2 Local0 [3] = Arg3 Local0 [4] = Arg4 Return (Local0) }
    Method (LST6, 6) { Local0 = Package (6) {} Local0 [0] = Arg0 Local0 [1] = Arg1 Local0 [2] = Arg2 Local0 [3] = Arg3 Local0 [4] = Arg4 Local0 [5] = Arg5 Return (Local0) }
    Method (LST7, 7) { Local0 = Package (7) {} Local0 [0] = Arg0 Local0 [1] = Arg1 Local0 [2] = Arg2 Local0 [3] = Arg3 Local0 [4] = Arg4 Local0 [5] = Arg5 Local0 [6] = Arg6 Return (Local0) }

    // Arithmetic
    Method (T000) { Local0 = 0xFFFFFFFFFFFFFFFF Return (Local0 + 2) }
    Method (T001) { Local0 = 1 Return (Local0 - 2) }
    Method (T002) { Local0 = 0xFFFFFFFF Return (Local0 * Local0) }
    Method (T003) { Local0 = 0x123456789 Divide (Local0, 0x1000, Local1, Local2) Return (LST2 (Local1, Local2)) }
    Method (T004) { Local0 = 1 Return (Local0 << 40) }
    Method (T005) { Local0 = 1 Return (Local0 << 64) }
    Method (T006) { Local0 = 0x8000000000000000 Return (Local0 >> 63) }
    Method (T007) { Local0 = 100 Return (Local0 % 7) }
    Method (T008) { Local0 = 0xF0F0 Return (NAnd (Local0, 0xFF00)) }
    Method (T009) { Local0 = 0xF0F0 Return (NOr (Local0, 0xFF00)) }
    Method (T010) { Local0 = 0xF0F0 Return (Local0 ^ 0xFF00) }
    Method (T011) { Local0 = 0 Return (~Local0) }
    Method (T012) { Local0 = 0x00F000 Return (LST4 (FindSetLeftBit (Local0), FindSetRightBit (Local0), FindSetLeftBit (Zero), FindSetRightBit (Zero))) }
    Method (T013) { Local0 = 0x99999999 Return (FromBCD (Local0)) }
    Method (T014) { Local0 = 12345678 Return (ToBCD (Local0)) }
    Method (T015) { Local0 = 5 Local0++ Local0++ Local0-- Return (Local0) }
    Method (T016) { Local0 = Zero Local0-- Return (Local0) }
    Method (T017) { Return (INT1 & 0xFFFF | 0x10000) }
    Method (T018) { Return (Revision > 0) }
    Method (E019) { Local0 = 0 Return (Divide (1, Local0)) }
    Method (E020) { Local0 = 0 Return (1 % Local0) }
    Method (E021) { Local0 = 0xFA Return (FromBCD (Local0)) }
    Method (E022) { Local0 = 0xFFFFFFFFFFFFFFFF Return (ToBCD (Local0)) }
    Method (E023) { If (INT2 == 0) { Local3 = 1 } Return (Local3 + 1) }

    // Logic
    Method (T030) { Local0 = 3 Return (LST6 (Local0 == 3, Local0 < 3, Local0 > 2, Local0 != 3, Local0 <= 3, Local0 >= 4)) }
    Method (T031) { Local0 = 3 Return (LST4 (Local0 && 0, Local0 || 0, !Local0, !Zero)) }
    Method (T032) { Local0 = "abc" Return (LST4 (Local0 == "abc", Local0 < "abd", Local0 > "ab", Local0 < "abcd")) }
    Method (T033) { Local0 = Buffer () { 1, 2 } Return (LST3 (Local0 == Buffer () { 1, 2 }, Local0 < Buffer () { 1, 3 }, Local0 > Buffer () { 2 })) }
    Method (T034) { Local0 = 0x1F Return (Local0 == STR2) }
    Method (T035) { Local0 = "0000001F" Return (Local0 == 0x1F) }
    Method (T036) { Local0 = Buffer () { 7, 0, 0, 0, 0, 0, 0, 0 } Return (Local0 == INT2) }
    Method (T037) { Local0 = 0x04030201 Return (Local0 == Buffer () { 1, 2, 3, 4 }) }

    // Conversions of operands
    Method (T040) { Return (INT2 + STR2) }
    Method (T041) { Return (INT2 + "zz") }
    Method (T042) { Return (INT2 + BUF1) }
    Method (T043) { Return (INT2 + BUF2) }
    Method (T044) { Return (INT2 + "12345678FFFFFFFFFFFFFFFF") }
    Method (T045) { Return (INT2 + "  1a") }
    Method (T046) { Return ("10" + "0x10") }
    Method (T047) { Local0 = Buffer (0) {} Return (SizeOf (Local0)) }
    Method (E048) { Local0 = Buffer (0) {} Return (Local0 + 1) }
    Method (T049) { Return ("" + INT2) }
    Method (E050) { Local0 = PKG1 Return (Local0 + 1) }
    Method (T051) { Return (INT2 + "fg") }
    Method (T052) { If ("1") { Return (5) } Return (6) }
    Method (T053) { If (Buffer () { 0, 0 }) { Return (5) } Return (6) }

    // Conversions that are asked for
    Method (T060) { Return (ToInteger ("1234")) }
    Method (T061) { Return (ToInteger ("0x1234")) }
    Method (T062) { Return (ToInteger ("12x4")) }
    Method (T063) { Return (ToInteger (BUF2)) }
    Method (T064) { Return (ToHexString (INT1)) }
    Method (T065) { Return (ToHexString (BUF1)) }
    Method (T066) { Return (ToDecimalString (INT1)) }
    Method (T067) { Return (ToDecimalString (BUF1)) }
    Method (T068) { Return (ToDecimalString (STR1)) }
    Method (T069) { Return (ToBuffer (INT1)) }
    Method (T070) { Return (ToBuffer (STR1)) }
    Method (T071) { Return (ToBuffer (BUF1)) }
    Method (T072) { Return (ToString (Buffer () { 0x41, 0x42, 0, 0x43 })) }
    Method (T073) { Return (ToString (Buffer () { 0x41, 0x42, 0x43 }, 2)) }
    Method (T074) { Return (ToString (Buffer () { 0x41, 0x42, 0x43 })) }
    Method (T075) { Return (ToHexString (Zero)) }
    Method (T076) { Return (ToDecimalString (Zero)) }
    Method (T077) { Return (ToHexString (Buffer (0) {})) }
    Method (T078) { Return (ToInteger ("99999999999999999999999999")) }
    Method (T079) { Return (ToInteger ("")) }
    Method (T080) { Return (ToBuffer ("")) }
    Method (T081) { Return (ToInteger ("0xFFFFFFFFFFFFFFFFFF")) }
    Method (T082) { Return (ToHexString ("abc")) }
    Method (T083) { Return (ToInteger ("4294967296")) }
    Method (T084) { Return (ToInteger ("  77")) }

    // Strings and buffers
    Method (T090) { Return (Concatenate ("abc", 0x1234)) }
    Method (T091) { Return (Concatenate (0x1234, "12")) }
    Method (T092) { Return (Concatenate (BUF1, STR1)) }
    Method (T093) { Return (Concatenate (STR1, BUF1)) }
    Method (T094) { Return (Concatenate (BUF1, 5)) }
    Method (T095) { Return (Concatenate (5, BUF1)) }
    Method (T096) { Return (Concatenate ("", "")) }
    Method (T097) { Return (Mid ("abcdef", 2, 3)) }
    Method (T098) { Return (Mid ("abcdef", 4, 30)) }
    Method (T099) { Return (Mid ("abcdef", 6, 1)) }
    Method (T100) { Return (Mid (BUF1, 1, 2)) }
    Method (T101) { Return (Mid (BUF1, 9, 2)) }
    Method (T102) { Return (SizeOf (STR1) + SizeOf (BUF2) * 16 + SizeOf (PKG1) * 256) }
    Method (T103) { Local0 = Buffer (5) { 9 } Return (Local0) }
    Method (T104) { Local1 = 3 Local0 = Buffer (Local1) { 1, 2 } Return (Local0) }
    Method (T105) { Return (ConcatenateResTemplate (ResourceTemplate () { IRQNoFlags () { 5 } }, ResourceTemplate () { IO (Decode10, 0x100, 0x200, 4, 4) })) }
    Method (T106) { Return (Concatenate ("d:", \_SB.DEV0)) }
    Method (T107) { Return (Concatenate ("m:", MTX0)) }
    Method (T108) { Return (ToUUID ("01234567-89ab-cdef-0123-456789abcdef")) }
    Method (T109) { Return (Unicode ("hi")) }
    Method (T110) { Local0 = "hello" Local0 [1] = 0x41 Return (Local0) }
    Method (T111) { Local0 = Buffer () { 1, 2, 3 } Local0 [2] = 0x1FF Return (Local0) }
    Method (T112) { Local0 = Buffer () { 1, 2, 3 } Return (DerefOf (Local0 [1])) }
    Method (T113) { Local0 = "hello" Return (DerefOf (Local0 [4])) }
    Method (E114) { Local0 = "hello" Return (DerefOf (Local0 [6])) }
    Method (E115) { Local0 = Buffer () { 1, 2, 3 } Return (DerefOf (Local0 [3])) }
    Method (T116) { Local0 = Buffer () { 1, 2, 3 } Local0 [0] = "AB" Local0 [1] = Buffer () { 0x99, 0x88 } Return (Local0) }

    // Stores into names
    Name (NINT, 0)
    Name (NSTR, "initial")
    Name (NBUF, Buffer (4) { 1, 2, 3, 4 })
    Name (NPKG, Package (2) { 1, 2 })
    Method (T120) { NINT = "1F" Return (NINT) }
    Method (T121) { NINT = BUF2 Return (NINT) }
    Method (T122) { NSTR = 0x1F Return (NSTR) }
    Method (T123) { NSTR = BUF1 Return (NSTR) }
    Method (T124) { NBUF = 0x1122334455667788 Return (NBUF) }
    Method (T125) { NBUF = "a" Return (NBUF) }
    Method (T126) { NBUF = BUF2 Return (NBUF) }
    Method (T127) { NPKG = PKG1 Return (NPKG) }
    Method (E128) { Local0 = PKG1 NINT = Local0 Return (NINT) }
    Method (E129) { Local0 = 5 NPKG = Local0 Return (NPKG) }
    Method (T130) { CopyObject ("now a string", NINT) Return (NINT) }
    Method (T131) { CopyObject (5, NSTR) NSTR += 1 Return (NSTR) }
    Method (T132) { Local0 = BUF1 Local0 [0] = 0x55 Return (LST2 (DerefOf (Local0 [0]), DerefOf (BUF1 [0]))) }
    Method (T133) { Local0 = PKG1 Local0 [0] = 0x55 Return (LST2 (DerefOf (Local0 [0]), DerefOf (PKG1 [0]))) }
    Method (T134) { ALI2 = 0x1234 Local0 = INT2 INT2 = 7 Return (Local0) }
    Method (T135) { Local0 = Add (1, 2, NBUF) Return (NBUF) }
    Method (T136) { ToInteger ("0x77", Local0) Return (Local0) }
    Method (T137) { Concatenate ("12", "34", NBUF) Return (NBUF) }
    Method (T138) { NSTR = "longer than it was before" Return (NSTR) }
    Method (E139) { \_SB.DEV0 = 5 }
    Method (E140) { NBUF = \_SB.DEV0 Return (NBUF) }

    // Packages
    Method (T150) { Return (PKG1) }
    Method (T151) { Return (DerefOf (PKG1 [1])) }
    Method (T152) { Return (DerefOf (DerefOf (PKG1 [3]) [1])) }
    Method (T153) { Local0 = Package (4) { 1, 2 } Local0 [2] = "x" Return (Local0) }
    Method (T154) { Local1 = 3 Local0 = Package (Local1) { 1 } Return (SizeOf (Local0)) }
    Method (E155) { Return (DerefOf (PKG1 [6])) }
    Method (E156) { Local0 = Package (2) {} Return (DerefOf (Local0 [0])) }
    Method (T157) { Return (Match (Package () { 1, 5, 9, 12 }, MGE, 5, MLT, 12, 2)) }
    Method (T158) { Return (Match (Package () { 1, 5, 9, 12 }, MEQ, 3, MTR, 0, 0)) }
    Method (T159) { Return (Match (Package () { "a", "b", "c" }, MEQ, "b", MTR, 0, 0)) }
    Method (T160) { Return (Match (Package () { 1, Package () {}, 9, 12 }, MGT, 1, MLE, 9, 0)) }
    Method (T161) { Local0 = Package () { 1, 2 } Local0 [1]++ Return (Local0) }
    Method (T162) { Local0 = Package () { Package () { 1 } } Index (DerefOf (Local0 [0]), 0) = 8 Return (Local0) }
    Method (T163) { Return (LST4 (INT2, STR1, \_SB.DEV0.VALX (), ToInteger ("3"))) }
    Method (\_SB.DEV0.VALX) { Return ("from a method") }
    Method (T164) { Index (PKG1, 0, Local0) Return (DerefOf (Local0)) }
    Method (T165) { Return (Match (Package () { Buffer () { 5 }, 7, "0x9" }, MEQ, 9, MTR, 0, 0)) }
    Method (T166) { Return (Match (Package () { "a", "b", "c" }, MGT, "a", MLT, "c", 0)) }

    // References
    Method (T170) { Local0 = RefOf (INT2) Return (DerefOf (Local0)) }
    Method (T171) { Local0 = 5 Local1 = RefOf (Local0) Local0 = 6 Return (DerefOf (Local1)) }
    Method (T172) { Local0 = 5 INCR (RefOf (Local0)) Return (Local0) }
    Method (INCR, 1) { Arg0 = DerefOf (Arg0) + 1 }
    Method (T173) { Local0 = 5 NOIN (Local0) Return (Local0) }
    Method (NOIN, 1) { Arg0 = Arg0 + 1 }
    Method (T174) { If (CondRefOf (INT2, Local0)) { Return (DerefOf (Local0)) } Return ("none") }
    Method (T175) { If (CondRefOf (\NONE, Local0)) { Return (1) } Return ("none") }
    Method (T176) { Local0 = "INT2" Return (DerefOf (Local0)) }
    Method (T177) { Local0 = "\\_SB.DEV0.SUB0.VAL0" Return (DerefOf (Local0)) }
    Method (T178) { SETB (BUF1) Local0 = DerefOf (BUF1 [4]) BUF1 [4] = 5 Return (Local0) }
    Method (SETB, 1) { Arg0 [4] = 0x66 }
    Method (T179) { Local0 = RefOf (NINT) CopyObject (0, NINT) DerefOf (Local0) = 0x42 Return (NINT) }
    Method (T180) { Return (ObjectType (INT1) + ObjectType (STR1) * 16 + ObjectType (BUF1) * 256 + ObjectType (PKG1) * 4096) }
    Method (T181) { Return (LST2 (LST6 (ObjectType (\_SB.DEV0), ObjectType (EVT0), ObjectType (T180), ObjectType (MTX0), ObjectType (REG0), ObjectType (PWR0)), LST5 (ObjectType (\_SB.CPU0), ObjectType (\_TZ.THM0), ObjectType (FLD0), ObjectType (Debug), ObjectType (Local7)))) }
    Method (T182) { Local0 = RefOf (STR1) Return (ObjectType (Local0)) }
    Method (T183) { Local0 = PKG1 [2] Return (ObjectType (Local0)) }
    Method (T184) { Local0 = RefOf (INT2) Local1 = RefOf (Local0) Return (DerefOf (DerefOf (Local1))) }
    Method (E185) { Local0 = RefOf (INT2) Return (Local0 + 1) }
    Method (E186) { Return (DerefOf (INT2)) }
    Method (T187) { Return (SizeOf (DerefOf (PKG1 [2]))) }
    Method (T188) { Local0 = RefOf (BUF2) Return (SizeOf (Local0)) }
    Method (T189) { TYPD (\_SB.DEV0) Return (TYPD (\_SB.DEV0)) }
    Method (TYPD, 1) { Return (ObjectType (Arg0)) }
    Method (E190) { Return (\NONE) }
    Method (T191) { Local0 = BUF1 [1] Return (ObjectType (Local0)) }
    Method (T192) { Return (ADDR (RefOf (INT2))) }
    Method (ADDR, 1) { Return (DerefOf (Arg0) + 1) }
    Method (T193) { PASS (RefOf (NPKG)) Return (NPKG) }
    Method (PASS, 1) { Arg0 = Package () { 8, "nine" } }

    // Control flow
    Method (T200) { Local0 = 0 Local1 = 0 While (Local0 < 10) { Local0++ If (Local0 == 3) { Continue } If (Local0 == 8) { Break } Local1 += Local0 } Return (Local1) }
    Method (T201) { Return (FACT (10)) }
    Method (FACT, 1) { If (Arg0 <= 1) { Return (1) } Return (Arg0 * FACT (Arg0 - 1)) }
    Method (T202) { Return (SWIT (2) + SWIT (5) * 16 + SWIT (9) * 256) }
    Method (SWIT, 1, Serialized) { Switch (ToInteger (Arg0)) { Case (2) { Return (1) } Case (Package () { 4, 5 }) { Return (2) } Default { Return (3) } } Return (4) }
    Method (T203) { Local0 = 0 While (Local0 < 3) { Local1 = 0 While (One) { Local1++ If (Local1 > 4) { Break } } Local0++ } Return (Local0 * 16 + Local1) }
    Method (T204) { If (Zero) { Return (1) } ElseIf (INT2 == 8) { Return (2) } ElseIf (INT2 == 7) { Return (3) } Else { Return (4) } Return (5) }
    Method (T205, 0, Serialized) { Name (TEMP, 5) TEMP += 1 Return (TEMP) }
    Method (T206) { Return (T205 () + T205 ()) }
    Method (T207) { Return (MANY (1, 2, 3, 4, 5, 6, 7)) }
    Method (MANY, 7) { Return (LST7 (Arg6, Arg5, Arg4, Arg3, Arg2, Arg1, Arg0)) }
    Method (T208) { While (One) { Return ("out") } Return (0) }
    Method (T209) { For (Local0 = 0, Local0 < 5, Local0++) { Local1 = Local0 } Return (Local1) }
    Method (T210) { }
    Method (E211) { Local0 = T210 () Return (Local0) }
    Method (T212) { Return (Acquire (MTX0, 0xFFFF) + 0) }
    Method (T213) { Acquire (MTX0, 100) Release (MTX0) Signal (EVT0) Local0 = Wait (EVT0, 0) Local1 = Wait (EVT0, 0) Return (LST2 (Local0, Local1)) }
    Method (E214) { Fatal (1, 2, 3) Return (Local0 + 1) }
    Method (T215) { Local0 = 1 Noop Return (Local0 << 3) }
    Method (E216) { Return (RECU (1)) }
    Method (RECU, 1) { Return (RECU (Arg0 + 1)) }
    Method (T217) { \_SB.DEV0.MAKE () Return (CondRefOf (\_SB.DEV0.MAKE.TMP0)) }
    Method (\_SB.DEV0.MAKE, 0, Serialized) { Name (TMP0, 1) Return (TMP0) }
    Method (T218) { Notify (\_SB.DEV0, 0x80) Return (1) }

    // Fields
    OperationRegion (REG0, SystemMemory, 0x10000000, 0x100)
    Field (REG0, ByteAcc, NoLock, Preserve)
    {
        FLD0, 8, FLD1, 4, FLD2, 4, FLD3, 16, FLD4, 32, FLD5, 64, , 4, FLD6, 12, FLD7, 96, Offset (0x40), FLD8, 1, FLD9, 40
    }
    Field (REG0, DWordAcc, NoLock, WriteAsOnes) { Offset (0x50), FLDA, 8, FLDB, 12 }
    Field (REG0, WordAcc, NoLock, WriteAsZeros) { Offset (0x60), FLDC, 16, FLDD, 4 }
    Field (REG0, DWordAcc, NoLock, Preserve) { Offset (0x50), RAW5, 32, Offset (0x60), RAW6, 32 }
    Field (REG0, AnyAcc, Lock, Preserve) { Offset (0x70), FLDE, 33, FLDF, 31 }
    Field (REG0, QWordAcc, NoLock, Preserve) { Offset (0x78), FLDQ, 64 }
    Field (REG0, ByteAcc, NoLock, Preserve) { Offset (0x80), INDX, 8, DATX, 8, BNKX, 8 }
    IndexField (INDX, DATX, ByteAcc, NoLock, Preserve) { IDX0, 8, Offset (5), IDX1, 8 }
    BankField (REG0, BNKX, 2, ByteAcc, NoLock, Preserve) { Offset (0x90), BNK0, 8, BNK1, 16 }
    OperationRegion (REG1, SystemMemory, 0x20000000, LATE)
    Field (REG1, ByteAcc, NoLock, Preserve) { R1F0, 8, Offset (0x76), R1F1, 8, R1F2, 16 }
    Method (T230) { FLD0 = 0x12 FLD1 = 3 FLD2 = 4 FLD3 = 0xABCD FLD4 = 0x11223344 FLD5 = INT1 Return (LST6 (FLD0, FLD1, FLD2, FLD3, FLD4, FLD5)) }
    Method (T231) { FLD6 = 0xFFFF FLD7 = Buffer () { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 } Return (LST2 (FLD6, FLD7)) }
    Method (T232) { FLD7 = "abc" Return (FLD7) }
    Method (T233) { FLD8 = 3 FLD9 = 0x123456789A Return (LST2 (FLD8, FLD9)) }
    Method (T234) { RAW5 = 0 FLDA = 0x5A Local0 = RAW5 FLDB = 0x123 Return (LST4 (Local0, RAW5, FLDA, FLDB)) }
    Method (T235) { RAW6 = 0xFFFFFFFF FLDD = 0x6 Return (LST3 (RAW6, FLDC, FLDD)) }
    Method (T236) { FLDE = 0x1FFFFFFFF FLDF = 0x2AAAAAAA Return (LST2 (FLDE, FLDF)) }
    Method (T237) { FLDQ = INT1 Return (FLDQ) }
    Method (T238) { IDX0 = 0x11 IDX1 = 0x22 Return (LST2 (INDX, DATX)) }
    Method (T239) { BNK0 = 0x33 BNK1 = 0x4455 Return (LST3 (BNKX, BNK0, BNK1)) }
    Method (T240) { R1F0 = 1 R1F1 = 2 Return (R1F0 + R1F1) }
    Method (E241) { R1F2 = 2 Return (R1F2) }
    Method (T242) { FLD0 = 5 FLD0++ Return (FLD0) }
    Method (T243) { FLD0 = "1F" FLD3 = Buffer () { 0x77 } Return (LST2 (FLD0, FLD3)) }
    Method (T244) { Return (ObjectType (FLD5) + ObjectType (FLD7) * 16) }
    Method (T245) { Local0 = RefOf (FLD0) FLD0 = 0x3C Return (DerefOf (Local0)) }
    Method (T246) { Local0 = RefOf (FLD0) DerefOf (Local0) = 0x3D Return (FLD0) }

    // Fields of buffers
    Method (T250, 0, Serialized)
    {
        Name (BUFF, Buffer (16) {})
        CreateByteField (BUFF, 0, BYT0)
        CreateWordField (BUFF, 1, WRD0)
        CreateDWordField (BUFF, 3, DWD0)
        CreateQWordField (BUFF, 7, QWD0)
        CreateBitField (BUFF, 120, BIT0)
        CreateField (BUFF, 121, 5, FLDX)
        BYT0 = 0x1FF WRD0 = 0x1234 DWD0 = 0x89ABCDEF QWD0 = INT1 BIT0 = 1 FLDX = 0x1A
        Return (LST7 (BUFF, BYT0, WRD0, DWD0, QWD0, BIT0, FLDX))
    }
    Method (T251) { Local0 = Buffer (4) {} CreateByteField (Local0, 1, B0) B0 = 7 Return (Local0) }
    Method (E252) { Local0 = Buffer (4) {} CreateDWordField (Local0, 1, D0) Return (D0) }
    Method (T253) { Local0 = Buffer (12) { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 } CreateField (Local0, 4, 72, F0) Return (F0) }
    Method (T254) { CFLD (BUF2) Local0 = DerefOf (BUF2 [9]) BUF2 [9] = 0 Return (Local0) }
    Method (CFLD, 1) { CreateByteField (Arg0, 9, B1) B1 = 0x5C }
    Method (T255) { Local0 = \_SB.DEV0._CRS CreateWordField (Local0, 2, IOMN) IOMN = 0x3F8 Return (Local0) }
    Method (T256) { Local0 = Buffer (4) {} CreateDWordField (Local0, 0, D0) D0 = "ABCD" Return (Local0) }
    Method (T257) { Local0 = Buffer (4) {} CreateField (Local0, 0, 16, F0) F0 = Buffer () { 1, 2, 3, 4 } Return (Local0) }

    // What the interpreter has
    Method (T260) { Return (LST3 (\_OSI ("Windows 2009") != 0, \_OSI ("Linux") != 0, \_OSI ("Module Device") != 0)) }
    Method (T261) { Return (LST2 (\_REV, \_OS)) }
    Method (T262) { Return (\_SB.DEV0._CRS) }
    Method (T263) { Return (\_SB.DEV0.SUB0._ADR) }
    Method (T264) { Return (^T263 ()) }
    Method (T265) { Scope (\_SB.DEV0) { Name (SCP0, 4) } Return (\_SB.DEV0.SCP0) }
    Method (T266) { Debug = "a word" Debug = PKG1 Return (1) }
    Method (T267) { Return (Timer > 0) }
    Method (T268) { Sleep (1) Stall (1) Return (2) }

    // Tables: EXTRA are the bytes of extra.asl as an SSDT, which it also is as OEM1 beside this one.
    External (\EXT0.VALE, IntObj)
    External (\EXT0.ADDE, MethodObj)
    External (\OEM0, IntObj)
    Name (SSDB, Buffer () { EXTRA })
    Name (DDBH, 0)
    DataTableRegion (DTBL, "OEM1", "", "")
    Field (DTBL, ByteAcc, NoLock, Preserve) { SIGN, 32, LENG, 32, REVI, 8 }
    Method (T270) { Load (SSDB, DDBH) Return (\EXT0.VALE) }
    Method (T271) { Return (\EXT0.ADDE (4, 5)) }
    Method (T272) { Return (ObjectType (\EXT0)) }
    Method (E273) { Load (BUF1, DDBH) Return (DDBH) }
    Method (T274) { Return (LST2 (SIGN, REVI)) }
    Method (T275) { LoadTable ("OEM1", "ICE86", "EXTRA", "", "", Zero) Return (\OEM0) }
    Method (T276) { Return (LoadTable ("OEM9", "", "", "", "", Zero)) }
    Method (T277) { Return (LENG > 36) }

    // Other address spaces
    OperationRegion (CMOR, SystemCMOS, 0x0E, 0x10)
    Field (CMOR, ByteAcc, NoLock, Preserve) { CMO0, 8, CMO1, 4 }
    Device (\_SB.DEV0.PCI9)
    {
        Name (_ADR, 0x00090001)
        OperationRegion (CONF, PCI_Config, 0x40, 0x20)
        Field (CONF, DWordAcc, NoLock, Preserve) { CON0, 8, CON1, 24, CON2, 16 }
    }
    OperationRegion (PORT, SystemIO, 0x1000, 8)
    Field (PORT, WordAcc, NoLock, WriteAsZeros) { POR0, 16, POR1, 4 }
    Method (T280) { CMO0 = 0x5A CMO1 = 0x7 Return (CMO1) }
    Method (T281) { \_SB.DEV0.PCI9.CON0 = 0x12 \_SB.DEV0.PCI9.CON1 = 0x345678 Return (LST2 (\_SB.DEV0.PCI9.CON0, \_SB.DEV0.PCI9.CON1)) }
    Method (T282) { \_SB.DEV0.PCI9.CON2 = 0xFFFF1234 Return (\_SB.DEV0.PCI9.CON2) }
    Method (T283) { Return (LST2 (POR0, POR1)) }
}
