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
    """What the sockets still hold of the firmware, after those that were closed are over."""
    try:
        from efi_net import interface, tcp
    except ImportError:
        return ()
    end = time.monotonic() + 10
    while interface.counts() != (0, 0) and time.monotonic() < end:
        tcp.reap()
        time.sleep(.01)
    return interface.counts()


cases = json.loads(fetch("/cases"))
for number, (name, text) in enumerate(cases["cases"]):
    start = time.monotonic()
    print(f"{number + 1}/{len(cases['cases'])} {name}", end="", flush=True)
    out = run(cases["prelude"], text, cases["values"])
    print(f" {time.monotonic() - start:.2f} s", flush=True)
    urllib.request.urlopen(f"{BASE}/log/{number}", out.encode())
gc.collect()
print("held", *held())
