#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Samples as `perf script` writes them, and the boxes that flame_graph.py makes of them."""
import pathlib
import re
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree

TOOL = pathlib.Path(__file__).with_name('flame_graph.py')

RUN = """ice86
\t          5ddf1e ice86::PortSpace::read (/opt/ice86)
\t          3c779c ice86::cpu::jit::Jit::read_port (/opt/ice86)
\t             2b8 [unknown] (/memfd:ice86-code (deleted))

"""
TRANSLATED = """ice86
\t            cdb4 [unknown] (/memfd:ice86-code (deleted))

"""
DECODING = """ice86
\t           19579 ZydisDecoderDecodeFull (/usr/lib/libZydis.so.4.0.0.0)
\t          502de9 ice86::cpu::(anonymous namespace)::Form<(ice86::cpu::String)0>::run<true> (/opt/ice86)
\t           1bccb _dl_start_final (inlined)
\t           8cc30 _start (/opt/ice86)

"""


def boxes(samples):
    """{name: (share, width, y, text)} of the picture."""
    run = subprocess.run([sys.executable, TOOL, 'a < b'], input=samples, capture_output=True, text=True, check=True)
    picture = ElementTree.fromstring(run.stdout)
    space = '{http://www.w3.org/2000/svg}'
    found = {}
    for group in picture.iter(space + 'g'):
        name, share = group.find(space + 'title').text.rsplit(': ', 1)
        rectangle, text = group.find(space + 'rect'), group.find(space + 'text')
        found[name] = (share, float(rectangle.get('width')), int(rectangle.get('y')),
                       text.text if text is not None else '')
    return found


class FlameGraph(unittest.TestCase):
    def test_a_function_is_as_wide_as_its_samples_and_stands_on_its_caller(self):
        found = boxes(RUN * 2 + TRANSLATED + DECODING)
        self.assertEqual({name: box[0] for name, box in found.items()}, {
            'all': '100.0 %', 'translated code': '75.0 %', 'ice86::cpu::jit::Jit::read_port': '50.0 %',
            'ice86::PortSpace::read': '50.0 %', '_start': '25.0 %', 'ZydisDecoderDecodeFull': '25.0 %',
            'ice86::cpu::(anonymous namespace)::Form<(ice86::cpu::String)0>::run<true>': '25.0 %'})
        self.assertAlmostEqual(found['translated code'][1], 900, delta=1)
        heights = [found[name][2] for name in ('all', 'translated code', 'ice86::cpu::jit::Jit::read_port',
                                               'ice86::PortSpace::read')]
        self.assertEqual(heights, sorted(heights, reverse=True))

    def test_names_are_shown_without_arguments(self):
        text = boxes(DECODING)['ice86::cpu::(anonymous namespace)::Form<(ice86::cpu::String)0>::run<true>'][3]
        self.assertEqual(text, 'cpu::Form::run')

    def test_what_is_too_small_is_left_out_and_the_rest_keeps_its_place(self):
        found = boxes(TRANSLATED * 2000 + DECODING)
        self.assertNotIn('_start', found)
        self.assertEqual(found['translated code'][0], '100.0 %')

    def test_without_samples_there_is_no_picture(self):
        run = subprocess.run([sys.executable, TOOL, 'x'], input='', capture_output=True, text=True)
        self.assertEqual(run.returncode, 1)
        self.assertRegex(run.stderr, re.escape('there are no samples'))


if __name__ == '__main__':
    unittest.main()
