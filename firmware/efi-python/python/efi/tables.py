# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tables that the firmware hands over, and the protocols of its console.

Reference: UEFI Specification 2.10, sections 4 (tables), 8.3 (time), 12 (console), 9.1, 13.5."""
from .types import table

TableHeader = table("TableHeader", "Signature: u64, Revision: u32, HeaderSize: u32, CRC32: u32, Reserved: u32")
Time = table("Time", "Year: u16, Month: u8, Day: u8, Hour: u8, Minute: u8, Second: u8, Pad1: u8, "
                     "Nanosecond: u32, TimeZone: s16, Daylight: u8, Pad2: u8")
InputKey = table("InputKey", "ScanCode: u16, UnicodeChar: u16")
KeyData = table("KeyData", "Key: InputKey, KeyShiftState: u32, KeyToggleState: u8")
SimpleTextInput = table("SimpleTextInput", "Reset, ReadKeyStroke, WaitForKey: address")
SimpleTextInputEx = table(
    "SimpleTextInputEx", "Reset, ReadKeyStrokeEx, WaitForKeyEx: address, SetState, RegisterKeyNotify, "
                         "UnregisterKeyNotify")
TextMode = table("TextMode", "MaxMode: s32, Mode: s32, Attribute: s32, CursorColumn: s32, "
                             "CursorRow: s32, CursorVisible: u8")
SimpleTextOutput = table(
    "SimpleTextOutput", "Reset, OutputString, TestString, QueryMode, SetMode, SetAttribute, "
                        "ClearScreen, SetCursorPosition, EnableCursor, Mode: <TextMode>")
RuntimeServices = table(
    "RuntimeServices",
    "Hdr: TableHeader, GetTime, SetTime, GetWakeupTime, SetWakeupTime, SetVirtualAddressMap, "
    "ConvertPointer, GetVariable, GetNextVariableName, SetVariable, GetNextHighMonotonicCount, "
    "ResetSystem, UpdateCapsule, QueryCapsuleCapabilities, QueryVariableInfo")
BootServices = table(
    "BootServices",
    "Hdr: TableHeader, RaiseTPL, RestoreTPL, AllocatePages, FreePages, GetMemoryMap, AllocatePool, "
    "FreePool, CreateEvent, SetTimer, WaitForEvent, SignalEvent, CloseEvent, CheckEvent, "
    "InstallProtocolInterface, ReinstallProtocolInterface, UninstallProtocolInterface, "
    "HandleProtocol, Reserved: address, RegisterProtocolNotify, LocateHandle, LocateDevicePath, "
    "InstallConfigurationTable, LoadImage, StartImage, Exit, UnloadImage, ExitBootServices, "
    "GetNextMonotonicCount, Stall, SetWatchdogTimer, ConnectController, DisconnectController, "
    "OpenProtocol, CloseProtocol, OpenProtocolInformation, ProtocolsPerHandle, LocateHandleBuffer, "
    "LocateProtocol, InstallMultipleProtocolInterfaces, UninstallMultipleProtocolInterfaces, "
    "CalculateCrc32, CopyMem, SetMem, CreateEventEx")
ConfigurationTable = table("ConfigurationTable", "VendorGuid: guid, VendorTable: address")
SystemTable = table(
    "SystemTable",
    "Hdr: TableHeader, FirmwareVendor: address, FirmwareRevision: u32, ConsoleInHandle: address, "
    "ConIn: <SimpleTextInput>, ConsoleOutHandle: address, ConOut: <SimpleTextOutput>, "
    "StandardErrorHandle: address, StdErr: <SimpleTextOutput>, RuntimeServices: <RuntimeServices>, "
    "BootServices: <BootServices>, NumberOfTableEntries: u64, "
    "ConfigurationTable: <ConfigurationTable>")
LoadedImage = table(
    "LoadedImage",
    "Revision: u32, ParentHandle: address, SystemTable: <SystemTable>, DeviceHandle: address, "
    "FilePath: address, Reserved: address, LoadOptionsSize: u32, LoadOptions: address, "
    "ImageBase: address, ImageSize: u64, ImageCodeType: u32, ImageDataType: u32, Unload")
MemoryDescriptor = table("MemoryDescriptor", "Type: u32, PhysicalStart: u64, VirtualStart: u64, "
                                             "NumberOfPages: u64, Attribute: u64")
PixelInformation = table("PixelInformation", "Red: u32, Green: u32, Blue: u32, Reserved: u32")
GraphicsMode = table(
    "GraphicsMode", "Version: u32, HorizontalResolution: u32, VerticalResolution: u32, "
                    "PixelFormat: u32, PixelInformation: PixelInformation, PixelsPerScanLine: u32")
GraphicsState = table(
    "GraphicsState", "MaxMode: u32, Mode: u32, Info: <GraphicsMode>, SizeOfInfo: u64, "
                     "FrameBufferBase: u64, FrameBufferSize: u64")
GraphicsOutput = table("GraphicsOutput", "QueryMode, SetMode, Blt, Mode: <GraphicsState>")
ServiceBinding = table("ServiceBinding", "CreateChild, DestroyChild")
SimpleFileSystem = table("SimpleFileSystem", "Revision: u64, OpenVolume")
Rng = table("Rng", "GetInfo, GetRNG")
