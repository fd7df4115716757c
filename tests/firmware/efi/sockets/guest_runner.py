# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs in the guest: takes the cases from the host, sends each one's log back."""
import contextlib
import gc
import io
import json
import sys
import time
import traceback
import urllib.request

try:
    import efi
except ImportError:  # on the host
    efi = None

BASE = sys.argv[0].rpartition("/")[0]


def fetch(path):
    return urllib.request.urlopen(BASE + path).read()


def run(prelude, case, values):
    log = io.StringIO()
    space = dict(values, __name__="__main__")
    with contextlib.redirect_stdout(log):
        try:
            exec(compile(prelude, "prelude.py", "exec"), space)
            exec(compile(case, "case", "exec"), space)
        except BaseException as problem:
            print("".join(traceback.format_exception_only(type(problem), problem)).strip())
            if not isinstance(problem, (OSError, AssertionError)):
                traceback.print_exc()
    space.clear()
    gc.collect()
    return log.getvalue()


def held():
    """What the sockets hold of the firmware: instances of TCP and UDP, as it counts them itself, and,
    where sockets are Python's, their events. Closed ones first come to their end."""
    events = 0
    if "efi_net.tcp" in sys.modules:
        from efi_net import interface, tcp
        tcp.reap()
        events = interface.counts()[1]
    return *(len(efi.handles(f"{kind}4")) + len(efi.handles(f"{kind}6")) for kind in ("Tcp", "Udp")), events


def settle(expected=None):
    """Waits for that, at most 10 seconds; without knowing, for 6, which is longer than a farewell."""
    end = time.monotonic() + (6 if expected is None else 10)
    found = held()
    while found != expected and time.monotonic() < end:
        time.sleep(.1)
        found = held()
    return found


cases = json.loads(fetch("/cases"))
if efi is not None:
    before = settle()
for number, (name, text) in enumerate(cases["cases"]):
    start = time.monotonic()
    print(f"{number + 1}/{len(cases['cases'])} {name}", end="", flush=True)
    out = run(cases["prelude"], text, cases["values"])
    print(f" {time.monotonic() - start:.2f} s", flush=True)
    urllib.request.urlopen(f"{BASE}/log/{number}", out.encode())
gc.collect()
if efi is not None:
    after = settle(before)
    print("held", *(now - then for now, then in zip(after, before)))
