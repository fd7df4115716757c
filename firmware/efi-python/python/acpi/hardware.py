# SPDX-License-Identifier: LGPL-2.1-or-later
"""What operation regions are of, when there is no machine: memory, ports and configuration space that keep what is
written to them."""


class SimulatedHardware:
    """Each byte of memory is `memory` until it is written; so are ports and configuration space."""

    def __init__(self, memory=0, ports=0xff, pci=0):
        self._bytes = {}
        self._fill = {"memory": memory, "port": ports, "pci": pci}

    def _read(self, space, at, width):
        fill = self._fill[space]
        return int.from_bytes(bytes(self._bytes.get((space, at + i), fill) for i in range(width)), "little")

    def _write(self, space, at, width, value):
        for i, byte in enumerate(value.to_bytes(width, "little")):
            self._bytes[space, at + i] = byte

    def read_memory(self, address, width):
        return self._read("memory", address, width)

    def write_memory(self, address, width, value):
        self._write("memory", address, width, value)

    def read_port(self, port, width):
        return self._read("port", port, width)

    def write_port(self, port, width, value):
        self._write("port", port, width, value)

    def read_pci(self, bus, device, function, register, width):
        return self._read("pci", (bus << 16 | device << 11 | function << 8) << 16 | register, width)

    def write_pci(self, bus, device, function, register, width, value):
        self._write("pci", (bus << 16 | device << 11 | function << 8) << 16 | register, width, value)

    def sleep(self, microseconds):
        pass
