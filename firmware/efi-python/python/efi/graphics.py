# SPDX-License-Identifier: LGPL-2.1-or-later
"""The screen as pixels. Reference: UEFI Specification 2.10, section 12.9."""
import ctypes

import _efi

from . import names, tables
from .types import check

_boot = tables.SystemTable.from_address(_efi.system_table).BootServices.contents
_FILL, _FROM_SCREEN, _TO_SCREEN = 0, 1, 2


class Graphics:
    """EFI_GRAPHICS_OUTPUT_PROTOCOL. Colours are 0xRRGGBB; pixels in buffers are the bytes blue,
    green, red and one unused."""

    def __init__(self):
        address = ctypes.c_uint64()
        check(_boot.LocateProtocol(names.PROTOCOLS["GraphicsOutput"], None, ctypes.byref(address)),
              "there is no GraphicsOutput")
        self.protocol = tables.GraphicsOutput.from_address(address.value)

    @property
    def state(self):
        return self.protocol.Mode.contents

    @property
    def mode(self):
        return self.state.Info.contents

    @property
    def width(self):
        return self.mode.HorizontalResolution

    @property
    def height(self):
        return self.mode.VerticalResolution

    def modes(self):
        """(number, width, height) of each."""
        found = []
        for number in range(self.state.MaxMode):
            size, info = ctypes.c_uint64(), ctypes.c_uint64()
            if self.protocol.QueryMode(self.protocol, number, ctypes.byref(size),
                                       ctypes.byref(info)) == 0:
                mode = tables.GraphicsMode.from_address(info.value)
                found.append((number, mode.HorizontalResolution, mode.VerticalResolution))
                _boot.FreePool(info.value)
        return found

    def set_mode(self, number):
        check(self.protocol.SetMode(self.protocol, number), "SetMode")

    @property
    def frame_buffer(self):
        """The screen's memory, to be written: lines are mode.PixelsPerScanLine pixels apart."""
        return (ctypes.c_uint8 * self.state.FrameBufferSize).from_address(
            self.state.FrameBufferBase)

    def _blit(self, what, buffer, from_x, from_y, to_x, to_y, width, height):
        check(self.protocol.Blt(self.protocol, buffer, what, from_x, from_y, to_x, to_y, width,
                                height, 0), "Blt")

    def fill(self, x, y, width, height, colour):
        self._blit(_FILL, colour.to_bytes(4, "little"), 0, 0, x, y, width, height)

    def draw(self, x, y, width, height, pixels):
        """A rectangle of pixels, line by line."""
        if len(pixels) < 4 * width * height:
            raise ValueError(f"{width} x {height} pixels are {4 * width * height} bytes")
        self._blit(_TO_SCREEN, pixels, 0, 0, x, y, width, height)

    def read(self, x, y, width, height):
        pixels = bytearray(4 * width * height)
        self._blit(_FROM_SCREEN, pixels, x, y, 0, 0, width, height)
        return pixels
