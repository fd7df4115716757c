# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures over HTTP to the frame buffer: a stream of multipart/x-mixed-replace, as web cameras send it, whose parts
are portable pixmaps (image/x-portable-pixmap).

  >>> from demos import video
  >>> video.play("http://10.0.2.2:8080/video")
"""
import email.message
import re
import sys
import time
import urllib.request

import efi

_HEADER = re.compile(rb"P6\s+(?:#[^\n]*\n\s*)*(\d+)\s+(\d+)\s+255\s")


class Problem(Exception):
    """The stream is not one of pictures."""


def _line(stream):
    """Without its end; None when there are no more."""
    line = stream.readline(1000)
    if len(line) == 1000 and not line.endswith(b"\n"):
        raise Problem("a line is too long")
    return line.strip() if line else None


def _find_part(stream, boundary):
    """Whether there is one more."""
    while (line := _line(stream)) is not None:
        if line == b"--" + boundary + b"--":
            return False
        if line == b"--" + boundary:
            return True
        if line:
            raise Problem("there is no boundary where one belongs")
    return False


def frames(stream, boundary, most_bytes):
    """The bodies of the parts, which must say how long they are."""
    while _find_part(stream, boundary):
        headers = email.message.Message()
        while line := _line(stream):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name] = value.strip()
        length = headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > most_bytes:
            raise Problem(f"a part has the length {length!r}")
        body = stream.read(int(length))
        if len(body) < int(length):
            raise Problem("the last picture is cut")
        yield body


def pixels_of(picture):
    """(width, height, pixels as the firmware has them) of a portable pixmap."""
    header = _HEADER.match(picture)
    if header is None:
        raise Problem("a part is no portable pixmap of 8 bits")
    width, height = map(int, header.groups())
    colours = memoryview(picture)[header.end():]
    if width * height == 0 or len(colours) < 3 * width * height:
        raise Problem("a picture is cut")
    colours = colours[:3 * width * height]
    pixels = bytearray(4 * width * height)
    pixels[0::4], pixels[1::4], pixels[2::4] = colours[2::3], colours[1::3], colours[0::3]
    return width, height, pixels


def play(url):
    """Shows them in the middle of the screen. (how many there were, in how many seconds)."""
    screen = efi.Graphics()
    count, start = 0, time.monotonic()
    with urllib.request.urlopen(url) as answer:
        boundary = answer.headers.get_boundary()
        if answer.headers.get_content_maintype() != "multipart" or not boundary:
            raise Problem(f"{url} is {answer.headers.get_content_type()}, not multipart/x-mixed-replace")
        for picture in frames(answer, boundary.encode(), 4 * screen.width * screen.height):
            width, height, pixels = pixels_of(picture)
            if width > screen.width or height > screen.height:
                raise Problem(f"a picture is {width} x {height}, the screen {screen.width} x {screen.height}")
            screen.draw((screen.width - width) // 2, (screen.height - height) // 2, width, height, pixels)
            count += 1
    return count, time.monotonic() - start


if __name__ == "__main__":
    print("%d pictures in %.1f s" % play(sys.argv[1]))
