# SPDX-License-Identifier: LGPL-2.1-or-later
"""The firmware's network protocols as ctypes tables.

Reference: UEFI Specification 2.10, sections 14.4 (PciIo), 24.1 (SNP), 28.1 (TCP4), 28.5 (IP4
Config2), 28.8 (IP6 Config), 28.2 (TCP6), 30.1 (UDP4), 30.2 (UDP6)."""
from efi.types import table

PciIo = table(
    "PciIo", "PollMem, PollIo, MemRead, MemWrite, IoRead, IoWrite, PciRead, PciWrite, CopyMem, Map, "
             "Unmap, AllocateBuffer, FreeBuffer, Flush, GetLocation, Attributes, GetBarAttributes, "
             "SetBarAttributes, RomSize: u64, RomImage: address")
SimpleNetworkMode = table(
    "SimpleNetworkMode",
    "State: u32, HwAddressSize: u32, MediaHeaderSize: u32, MaxPacketSize: u32, NvRamSize: u32, "
    "NvRamAccessSize: u32, ReceiveFilterMask: u32, ReceiveFilterSetting: u32, "
    "MaxMCastFilterCount: u32, MCastFilterCount: u32, MCastFilter: u8*512, "
    "CurrentAddress: u8*32, BroadcastAddress: u8*32, PermanentAddress: u8*32, IfType: u8, "
    "MacAddressChangeable: u8, MultipleTxSupported: u8, MediaPresentSupported: u8, MediaPresent: u8")
SimpleNetwork = table(
    "SimpleNetwork",
    "Revision: u64, Start, Stop, Initialize, Reset, Shutdown, ReceiveFilters, StationAddress, "
    "Statistics, MCastIpToMac, NvData, GetStatus, Transmit, Receive, WaitForPacket: address, "
    "Mode: <SimpleNetworkMode>")
Ip4Config2 = table("Ip4Config2", "SetData, GetData, RegisterDataNotify, UnregisterDataNotify")
Ip4InterfaceInfo = table(
    "Ip4InterfaceInfo", "Name: u8*64, IfType: u8, HwAddressSize: u32, HwAddress: u8*32, "
                        "StationAddress: u8*4, SubnetMask: u8*4, RouteTableSize: u32, "
                        "RouteTable: address")
Ip6Config = table("Ip6Config", "SetData, GetData, RegisterDataNotify, UnregisterDataNotify")
Ip6InterfaceInfo = table(
    "Ip6InterfaceInfo", "Name: u8*64, IfType: u8, HwAddressSize: u32, HwAddress: u8*32, "
                        "AddressInfoCount: u32, AddressInfo: address, RouteCount: u32, RouteTable: address")
Ip6AddressInfo = table("Ip6AddressInfo", "Address: u8*16, PrefixLength: u8")

# Tokens, options and data of the two versions of TCP are the same.
Tcp4 = table("Tcp4", "GetModeData, Configure, Routes, Connect, Accept, Transmit, Receive, Close, "
                     "Cancel, Poll")
Tcp4AccessPoint = table(
    "Tcp4AccessPoint", "UseDefaultAddress: u8, StationAddress: u8*4, SubnetMask: u8*4, "
                       "StationPort: u16, RemoteAddress: u8*4, RemotePort: u16, ActiveFlag: u8")
TcpOption = table(
    "TcpOption",
    "ReceiveBufferSize: u32, SendBufferSize: u32, MaxSynBackLog: u32, ConnectionTimeout: u32, "
    "DataRetries: u32, FinTimeout: u32, TimeWaitTimeout: u32, KeepAliveProbes: u32, "
    "KeepAliveTime: u32, KeepAliveInterval: u32, EnableNagle: u8, EnableTimeStamp: u8, "
    "EnableWindowScaling: u8, EnableSelectiveAck: u8, EnablePathMtuDiscovery: u8")
Tcp4ConfigData = table(
    "Tcp4ConfigData", "TypeOfService: u8, TimeToLive: u8, AccessPoint: Tcp4AccessPoint, "
                      "ControlOption: <TcpOption>")
Tcp6 = table("Tcp6", "GetModeData, Configure, Connect, Accept, Transmit, Receive, Close, Cancel, Poll")
Tcp6AccessPoint = table(
    "Tcp6AccessPoint", "StationAddress: u8*16, StationPort: u16, RemoteAddress: u8*16, RemotePort: u16, "
                       "ActiveFlag: u8")
Tcp6ConfigData = table("Tcp6ConfigData", "TrafficClass: u8, HopLimit: u8, AccessPoint: Tcp6AccessPoint, "
                                         "ControlOption: <TcpOption>")
# EFI_TCP4_RECEIVE_DATA and EFI_TCP4_TRANSMIT_DATA with one fragment: the first has no PushFlag.
TcpData = table(
    "TcpData", "Flags: u8*4, DataLength: u32, FragmentCount: u32, Pad: u32, FragmentLength: u32, "
               "FragmentBuffer: address")
# The tokens of all calls: EFI_TCP4_COMPLETION_TOKEN, and what the kind of call adds.
CompletionToken = table("CompletionToken", "Event: u64, Status: u64, Data: u64")

Udp4 = table("Udp4", "GetModeData, Configure, Groups, Routes, Transmit, Receive, Cancel, Poll")
Udp4ConfigData = table(
    "Udp4ConfigData",
    "AcceptBroadcast: u8, AcceptPromiscuous: u8, AcceptAnyPort: u8, AllowDuplicatePort: u8, "
    "TypeOfService: u8, TimeToLive: u8, DoNotFragment: u8, ReceiveTimeout: u32, "
    "TransmitTimeout: u32, UseDefaultAddress: u8, StationAddress: u8*4, SubnetMask: u8*4, "
    "StationPort: u16, RemoteAddress: u8*4, RemotePort: u16")
Udp4Session = table("Udp4Session", "SourceAddress: u8*4, SourcePort: u16, "
                                   "DestinationAddress: u8*4, DestinationPort: u16")
UdpFragment = table("UdpFragment", "FragmentLength: u32, FragmentBuffer: address")
Udp4ReceiveData = table(
    "Udp4ReceiveData", "TimeStamp: u8*16, RecycleSignal: u64, UdpSession: Udp4Session, "
                       "DataLength: u32, FragmentCount: u32, FirstFragment: UdpFragment")
Udp4TransmitData = table(
    "Udp4TransmitData", "UdpSession: <Udp4Session>, GatewayAddress: address, DataLength: u32, "
                        "FragmentCount: u32, FirstFragment: UdpFragment")

Udp6 = table("Udp6", "GetModeData, Configure, Groups, Transmit, Receive, Cancel, Poll")
Udp6ConfigData = table(
    "Udp6ConfigData",
    "AcceptPromiscuous: u8, AcceptAnyPort: u8, AllowDuplicatePort: u8, TrafficClass: u8, HopLimit: u8, "
    "ReceiveTimeout: u32, TransmitTimeout: u32, StationAddress: u8*16, StationPort: u16, "
    "RemoteAddress: u8*16, RemotePort: u16")
Udp6Session = table("Udp6Session", "SourceAddress: u8*16, SourcePort: u16, "
                                   "DestinationAddress: u8*16, DestinationPort: u16")
Udp6ReceiveData = table(
    "Udp6ReceiveData", "TimeStamp: u8*16, RecycleSignal: u64, UdpSession: Udp6Session, "
                       "DataLength: u32, FragmentCount: u32, FirstFragment: UdpFragment")
Udp6TransmitData = table(
    "Udp6TransmitData", "UdpSession: <Udp6Session>, DataLength: u32, FragmentCount: u32, "
                        "FirstFragment: UdpFragment")
