# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs in the guest, and on the host to compare with: CPython's own tests, as Debian's package
# libpython3.11-testsuite has them.
import ctypes
import gc
import io
import json
import os
import signal
import sys
import tarfile
import tempfile
import time
import traceback
import unittest
import urllib.request

BASE = sys.argv[0].rpartition("/")[0]
SECONDS = 180  # for one test
with urllib.request.urlopen(BASE + "/testsuite.tar") as answer:
    with tarfile.open(fileobj=io.BytesIO(answer.read())) as archive:
        suite_folder = tempfile.mkdtemp()
        archive.extractall(suite_folder)
sys.path.insert(0, suite_folder)
ctypes.__path__.insert(0, os.path.join(suite_folder, "ctypes"))
os.mkdir(os.path.join(suite_folder, "work"))
os.chdir(os.path.join(suite_folder, "work"))
from test import support  # noqa: E402


class Hung(Exception):
    pass


def on_alarm(number, frame):
    raise Hung(f"not over after {SECONDS} s")


class Result(unittest.TestResult):
    """What became of each test: "ok", "skipped", or the last line of its problem and the function it came from."""

    def __init__(self):
        super().__init__()
        self.outcomes = {}
        self._class = None

    def startTest(self, test):
        super().startTest(test)
        name = test.id().rpartition(".")[0]
        if name != self._class:
            self._class = name
            print(f"  {name}", flush=True)
        self.outcomes[test.id()] = "ok"
        signal.setitimer(signal.ITIMER_REAL, SECONDS)

    def stopTest(self, test):
        signal.setitimer(signal.ITIMER_REAL, 0)
        super().stopTest(test)

    def _bad(self, test, problem):
        text = self._exc_info_to_string(problem, test)
        frames = traceback.extract_tb(problem[2])
        where = f" ({os.path.basename(frames[-1].filename)}, {frames[-1].name})" if frames else ""
        self.outcomes[test.id()] = traceback.format_exception_only(*problem[:2])[-1].strip().split("\n")[0][:200] + where
        if VERBOSE:
            print(text, flush=True)

    def addError(self, test, problem):
        self._bad(test, problem)

    def addFailure(self, test, problem):
        self._bad(test, problem)

    def addSubTest(self, test, subtest, problem):
        if problem is not None:
            self._bad(test, problem)

    def addSkip(self, test, reason):
        self.outcomes[test.id()] = "skipped"

    def addUnexpectedSuccess(self, test):
        self.outcomes[test.id()] = "unexpected success"


wanted = json.loads(urllib.request.urlopen(BASE + "/wanted").read())
VERBOSE = wanted["verbose"]
signal.signal(signal.SIGALRM, on_alarm)
found = {}
for name in wanted["modules"]:
    start = time.monotonic()
    print(name, flush=True)
    # The resource `network` is the Internet for some, and any connection for this one.
    support.use_resources = ["network"] if name == "test.test_socketserver" else []
    result = Result()
    unittest.defaultTestLoader.testNamePatterns = wanted["patterns"] or None
    try:
        suite = unittest.defaultTestLoader.loadTestsFromName(name)
    except Exception as problem:
        result.outcomes[f"{name} (import)"] = f"{type(problem).__name__}: {problem}"
    else:
        suite.run(result)
    found[name] = result.outcomes
    values = list(result.outcomes.values())
    print(f"  {len(values)} tests, {values.count('ok')} ok, {values.count('skipped')} skipped, "
          f"{time.monotonic() - start:.0f} s", flush=True)
    gc.collect()
urllib.request.urlopen(BASE + "/tested", json.dumps(found).encode())
