# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Mandelbrot set on the frame buffer.

  >>> from demos import mandelbrot
  >>> mandelbrot.draw()
"""
import math

import efi


def escape(c, limit):
    """After how many steps z -> z*z + c leaves the circle of radius 2; `limit` when it does not."""
    # The two largest parts of the set need no steps.
    x, y = c.real - 0.25, c.imag * c.imag
    q = x * x + y
    if q * (q + x) <= 0.25 * y or (c.real + 1) ** 2 + y <= 0.0625:
        return limit
    z = 0j
    for step in range(limit):
        z = z * z + c
        if z.real * z.real + z.imag * z.imag > 4:
            return step
    return limit


def palette(limit):
    """Pixels by the number of steps: blue, green, red and one unused byte."""
    colours = []
    for step in range(limit):
        phase = 6 * math.sqrt(step / limit)
        colours.append(bytes(int(127.5 - 127.5 * math.cos(phase * rate)) for rate in (1, 2, 3)) + b"\0")
    return colours + [bytes(4)]


def draw(columns=256, rows=192, limit=60, centre=-0.65 + 0j, width=3.2):
    """Draws it as large as the screen is. How many of the points are in the set."""
    screen = efi.Graphics()
    scale = max(1, min(screen.width // columns, screen.height // rows))
    left, top = (screen.width - columns * scale) // 2, (screen.height - rows * scale) // 2
    if left < 0 or top < 0:
        raise ValueError(f"the screen is {screen.width} x {screen.height}")
    screen.fill(0, 0, screen.width, screen.height, 0)
    colours = [colour * scale for colour in palette(limit)]
    step = width / columns
    inside = 0
    for row in range(rows):
        imag = centre.imag + (rows - 1 - 2 * row) / 2 * step
        counts = [escape(complex(centre.real + (2 * column - columns + 1) / 2 * step, imag), limit)
                  for column in range(columns)]
        inside += counts.count(limit)
        screen.draw(left, top + row * scale, columns * scale, scale,
                    b"".join(map(colours.__getitem__, counts)) * scale)
    return inside


if __name__ == "__main__":
    draw()
