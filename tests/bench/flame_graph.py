#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws where the samples of `perf record` fell: flame_graph.py TITLE < `perf script -F ip,sym,dso` > OUT.svg

Each box is a function, as wide as it and what it calls have samples; callers are below. Translated code has no frames,
so what it calls stands on one box of that name. Boxes under a thousandth are left out. A pointer on a box shows its
whole name and share.
"""
import html
import re
import sys

WIDTH, ROW, TOP, BOTTOM = 1200, 17, 34, 26
LETTER = 6.6  # pixels, of the 11 pixel monospaced font
LEAST = 0.001  # of all samples

# What a box belongs to, by the first that fits its name or file, and its colour.
PARTS = [
    ('translated code', re.compile(r'^translated code$'), '#d9534f'),
    ('translator', re.compile(r'ice86::cpu::jit::|Zydis'), '#e8913a'),
    ('CPU', re.compile(r'ice86::cpu::'), '#e9c46a'),
    ('devices and buses', re.compile(r'ice86::(devices::|slirp|PortSpace|MemorySpace|Ram|Clock|Pci)'), '#7fb069'),
    ('kernel', re.compile(r'\[kernel'), '#9aa5b1'),
    ('everything else', re.compile(''), '#7aa6c2'),
]


def without_arguments(name):
    """The name without template arguments, parameters and our own namespace."""
    depth, kept = 0, []
    for letter in name:
        if letter in '<(':
            depth += 1
        if depth == 0:
            kept.append(letter)
        if letter in '>)' and depth > 0:
            depth -= 1
    return ''.join(kept).replace('ice86::', '').replace('::::', '::').strip() or name


def stacks(lines):
    """Samples as lists of (name, file), outermost first."""
    stack = []
    for line in lines:
        frame = re.match(r'\s+[0-9a-f]+ (.*) \(([^()]*|.* \(deleted\))\)$', line)
        if frame:
            name, file = frame.groups()
            if '/memfd:ice86-code' in file:
                stack.append(('translated code', file))
            elif file == 'inlined' or name == '[unknown]':
                continue
            else:
                stack.append((name, file))
        elif stack:
            yield stack[::-1]
            stack = []
    if stack:
        yield stack[::-1]


class Box:
    def __init__(self, name, file):
        self.name, self.samples, self.above = name, 0, {}
        text = name if name == 'translated code' else f'{name} {file}'
        self.colour = next(colour for _, part, colour in PARTS if part.search(text))

    def add(self, stack):
        self.samples += 1
        if not stack:
            return
        name, file = stack[0]
        if name not in self.above:
            self.above[name] = Box(name, file)
        self.above[name].add(stack[1:])

    def height(self, least):
        return 1 + max((box.height(least) for box in self.above.values() if box.samples >= least), default=0)


def draw(box, left, level, all_samples, rows, out):
    """The box and what stands on it; `left` in samples."""
    scale = WIDTH / all_samples
    x, width = left * scale, box.samples * scale
    y = TOP + (rows - 1 - level) * ROW
    shown = without_arguments(box.name)
    letters = int((width - 4) / LETTER)
    text = shown if len(shown) <= letters else shown[:letters - 1] + '…' if letters > 3 else ''
    share = f'{100 * box.samples / all_samples:.1f} %'
    out.append(f'<g><title>{html.escape(box.name)}: {share}</title>'
               f'<rect x="{x:.1f}" y="{y}" width="{max(width - 0.5, 0.3):.1f}" height="{ROW - 1}" fill="{box.colour}"/>'
               + (f'<text x="{x + 3:.1f}" y="{y + 12}">{html.escape(text)}</text>' if text else '') + '</g>')
    for above in sorted(box.above.values(), key=lambda one: one.name):
        if above.samples >= LEAST * all_samples:
            draw(above, left, level + 1, all_samples, rows, out)
        left += above.samples


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = Box('all', '')
    for stack in stacks(sys.stdin):
        root.add(stack)
    if root.samples == 0:
        sys.exit('flame_graph.py: there are no samples')
    rows = root.height(LEAST * root.samples)
    height = TOP + rows * ROW + BOTTOM
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="monospace" font-size="11">',
           f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
           f'<text x="6" y="20" font-size="14">{html.escape(sys.argv[1])}: {root.samples} samples</text>']
    draw(root, 0, 0, root.samples, rows, out)
    x = 6
    for name, _, colour in PARTS:
        out.append(f'<rect x="{x}" y="{height - 19}" width="12" height="12" fill="{colour}"/>'
                   f'<text x="{x + 16}" y="{height - 9}">{name}</text>')
        x += 40 + LETTER * len(name)
    out.append('</svg>')
    print('\n'.join(out))


if __name__ == '__main__':
    main()
