# SPDX-License-Identifier: LGPL-2.1-or-later
"""What this Python can do, as programs: chat, mandelbrot, snake, video, web_repl. Each is also run as
`python3 -m demos.NAME`; Ctrl-C ends it."""
