# SPDX-License-Identifier: LGPL-2.1-or-later
"""What of the standard library does not work without an operating system, and why."""

# Modules that are not there: their names, or the beginnings of them, and the reason.
MISSING = [
    (("_msi", "_overlapped", "_scproxy", "_winapi", "msilib", "msvcrt", "nt", "winreg", "winsound",
      "asyncio.windows_events", "asyncio.windows_utils", "multiprocessing.popen_spawn_win32",
      "encodings.mbcs", "encodings.oem", "ctypes.wintypes", "ctypes.macholib"),
     "of Windows or macOS; not on Linux either"),
    (("_dbm", "_gdbm", "dbm.gnu", "dbm.ndbm"), "in Debian packages of their own; `dbm.dumb` works"),
    (("_tkinter", "tkinter", "turtle", "ensurepip", "distutils"),
     "in Debian packages of their own"),
]

# Those that can be imported, and cannot do all they should: what is tried, and what it must raise.
_NO_PROCESSES = "OSError: [Errno 38] Function not implemented"
LIMITS = [
    ("os.fork, os.spawn*, os.posix_spawn", "import os; os.fork()", _NO_PROCESSES,
     "there are no processes: one address space, and the firmware's page tables"),
    ("pty.fork", "import pty; pty.fork()", "OSError", "the same, and no pseudo-terminals"),
    ("subprocess, os.system", "import subprocess; subprocess.run(['/usr/bin/python3'])", _NO_PROCESSES,
     "the same"),
    ("multiprocessing", "import multiprocessing as m; m.Process(target=print).start()", _NO_PROCESSES,
     "the same; `multiprocessing.dummy` has threads"),
    ("multiprocessing: locks, queues", "import multiprocessing as m; m.Lock()", "FileNotFoundError",
     "semaphores are files of a shared mapping"),
    ("concurrent.futures.ProcessPoolExecutor",
     "from concurrent.futures import ProcessPoolExecutor as P; P(1).submit(print).result()",
     "FileNotFoundError", "the same; `ThreadPoolExecutor` works"),
    ("mmap: shared and written to", "import mmap; f = open('/tmp/x', 'w+b'); f.write(bytes(9)); f.flush(); "
     "mmap.mmap(f.fileno(), 9)[0] = 1", "OSError", "a mapping is a copy; private ones and anonymous ones work"),
    ("signal.pthread_kill of others", "import os; os.kill(4711, 9)", "ProcessLookupError",
     "signals to itself work"),
    ("ossaudiodev", "import ossaudiodev; ossaudiodev.open('w')", "FileNotFoundError",
     "no driver of the firmware's makes a sound"),
    ("os.chroot, os.mount, os.sched_setaffinity", "import os; os.chroot('/tmp')", _NO_PROCESSES,
     "what only a kernel has"),
    ("socket.SOCK_RAW", "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW)", "PermissionError",
     "EFI_IP4_PROTOCOL would carry it; nothing asks for it yet"),
]
