#!/usr/bin/python3.11
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AFL++'s inputs come back: afl_exchange.py ICE86 [AFL-FUZZ]. What is in a queue of afl-fuzz is executed and kept in the
corpus, and the queue stays as it was. With afl-fuzz the queue is one that it has made."""
import hashlib
import os
import subprocess
import sys
import tempfile

STEP = 32
# INT 13h, AH=42h with a packet of count 0: BIOS-bochs-latest overruns the buffer (docs/fuzzing-findings.md).
OVERRUN = bytes([0, 0, 0x42, 0, 0, 0, 0, 0x80]).ljust(STEP, b"\0")
READ = bytes([0, 1, 2, 0, 0, 2, 0, 0x80]).ljust(STEP, b"\0")


def check(condition, text):
    if not condition:
        sys.exit(text)


def contents(folder):
    files = {}
    for where, _, names in os.walk(folder):
        for name in names:
            with open(os.path.join(where, name), "rb") as file:
                files[os.path.relpath(os.path.join(where, name), folder)] = file.read()
    return files


def campaign(ice86, folder, seeds):
    """Nothing of its own but one execution: exit code and corpus."""
    corpus = os.path.join(folder, "corpus")
    result = subprocess.run([ice86, "fuzz", "int13", "--firmware", "bochs", "--executions", "1", "--quiet",
                             "--corpus", corpus, "--seeds", seeds, "--crashes", os.path.join(folder, "crashes")],
                            capture_output=True, text=True, timeout=600)
    return result, contents(corpus)


def queue_by_hand(ice86, folder):
    queue = os.path.join(folder, "queue")
    os.makedirs(os.path.join(queue, ".state"))
    for name, data in {"id:000000,time:0,execs:0,orig:read": READ, ".state/ignored": OVERRUN}.items():
        with open(os.path.join(queue, name), "wb") as file:
            file.write(data)
    before = contents(queue)
    result, corpus = campaign(ice86, folder, queue)
    check(result.returncode == 0, f"reads of a sector: {result.stdout}{result.stderr}")
    check(READ in corpus.values(), f"not in the corpus: {corpus}")
    check(hashlib.sha256(READ).hexdigest()[:16] in corpus, f"names: {list(corpus)}")
    with open(os.path.join(queue, "id:000001,src:000000,time:7,execs:9,op:havoc,rep:2"), "wb") as file:
        file.write(OVERRUN)
    before["id:000001,src:000000,time:7,execs:9,op:havoc,rep:2"] = OVERRUN
    result, corpus = campaign(ice86, folder, queue)
    check(result.returncode == 1 and "buffer-overrun" in result.stdout, f"no finding: {result.stdout}{result.stderr}")
    check(contents(queue) == before, "the queue has changed")
    with open(os.path.join(folder, "crashes", "index.html")) as file:
        check("buffer-overrun" in file.read(), "the list has no finding")


def queue_of_afl(ice86, afl_fuzz, folder):
    seeds, out = os.path.join(folder, "seeds"), os.path.join(folder, "afl")
    os.makedirs(seeds)
    with open(os.path.join(seeds, "read"), "wb") as file:
        file.write(READ)
    settings = dict(os.environ, AFL_SKIP_CPUFREQ="1", AFL_NO_AFFINITY="1", AFL_NO_UI="1",
                    AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES="1")
    run = subprocess.run([afl_fuzz, "-i", seeds, "-o", out, "-t", "5000", "-V", "20", "-s", "1", "--",
                          ice86, "fuzz", "int13", "--firmware", "bochs", "--afl"],
                         env=settings, capture_output=True, text=True, timeout=600)
    queue = os.path.join(out, "default", "queue")
    found = [data for name, data in contents(queue).items() if name.startswith("id:")]
    check(len(found) > 5, f"afl-fuzz has found {len(found)} inputs\n{run.stdout[-2000:]}{run.stderr[-2000:]}")
    _, corpus = campaign(ice86, folder, queue)
    kept = set(corpus.values()) & set(found)
    check(len(kept) > 5, f"of {len(found)} inputs {len(kept)} have come into the corpus")
    print(f"{len(kept)} of afl-fuzz's {len(found)} inputs reach something new, and are in the corpus")


def main():
    ice86 = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) > 2:
            queue_of_afl(ice86, sys.argv[2], folder)
        else:
            queue_by_hand(ice86, folder)


main()
