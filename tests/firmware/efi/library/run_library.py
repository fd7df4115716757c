#!/usr/bin/python3.11
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The standard library of Python on EFI: imports all of its modules in a guest, runs CPython's own tests
there, and compares both with what docs/efi-python-library.md says.

  run_library.py modules|tests --machine ice86|host --image EFI-PYTHON.IMG [--ice86 PROGRAM] --page PAGE [--update]
                 [-k PATTERN] [--only MODULE] [-v]

--update writes the page's tables anew. `tests --machine host` runs the tests with this host's CPython instead
of a guest; --update writes what becomes of them to host.json, which the page shows beside the guest's. Exit 77: a
Debian package is missing."""
import fnmatch
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [FOLDER, os.path.join(os.path.dirname(FOLDER), "sockets")]
import limits  # noqa: E402
import peers as host_peers  # noqa: E402
import run_cases  # noqa: E402

SUITE = "libpython3.11-testsuite"
ROOT = "/usr/lib/python3.11/"
TESTS = ["test.test_socket", "test.test_select", "test.test_poll", "test.test_epoll", "test.test_selectors",
         "test.test_socketserver", "test.test_httplib", "test.test_urllib2_localnet",
         "test.test_httpservers", "test.test_json", "test.test_ctypes", "test.test_thread",
         "test.test_threading", "test.test_signal", "test.test_asyncio.test_streams"]
# What they need of the package, beside themselves.
PARTS = ("test/__init__.py", "test/support/", "test/test_socket.py", "test/test_select.py", "test/test_poll.py",
         "test/test_epoll.py", "test/test_selectors.py", "test/test_socketserver.py",
         "test/test_httplib.py", "test/test_urllib2_localnet.py", "test/test_httpservers.py",
         "test/test_json/", "test/test_ctypes.py", "test/test_thread.py", "test/test_threading.py",
         "test/test_signal.py", "test/lock_tests.py", "test/test_asyncio/", "test/audiotest.au",
         "test/certdata/", "test/keycert", "test/ssl_", "test/pycacert.pem", "test/allsans.pem",
         "test/capath/", "test/nokia.pem", "test/selfsigned", "test/idnsans.pem", "test/nosan.pem",
         "test/signalinterproctester.py", "ctypes/test/")


def read(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()


def package_files(package):
    listing = subprocess.run(["dpkg-query", "-L", package], capture_output=True, text=True, check=False)
    return listing.stdout.split() if listing.returncode == 0 else []


def test_archive():
    """What the tests need, as a tar file; None when the package is not installed."""
    files = package_files(SUITE)
    if not files:
        return None
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for path in sorted(set(files + package_files("libpython3.11-stdlib"))):
            name = path.removeprefix(ROOT)
            if name.startswith(PARTS) and os.path.isfile(path) and "__pycache__" not in name:
                archive.add(path, name, recursive=False)
    return data.getvalue()


def table(heads, rows):
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |\n" for row in lines)


def reason_of_absence(name):
    for names, reason in limits.MISSING:
        if any(name == start or name.startswith(start + ".") for start in names):
            return reason
    return None


def modules(options, peers):
    peers.files["/limits"] = json.dumps([limit[:2] for limit in limits.LIMITS]).encode()
    heard = run_cases.run_in_guest(options, peers, read("import_all.py"))
    if "/imported" not in peers.posted:
        print(f"the guest has not come to its end:\n{heard[-4000:]}")
        return None, 1
    imported, tried = json.loads(peers.posted["/imported"][1])
    problems = 0
    missing = {}
    for name, problem in imported.items():
        if problem is None:
            if reason_of_absence(name) and options.verbose:
                print(f"{name} can be imported, and limits.py says why not")
            continue
        reason = reason_of_absence(name)
        if reason is None:
            problems += 1
            print(f"{name}: {problem}")
        missing.setdefault(reason, []).append(name)
    rows = []
    for (what, statement, expected, why), problem in zip(limits.LIMITS, tried):
        if problem is None or not problem.startswith(expected):
            problems += 1
            print(f"{what}: {statement}\n  expected {expected}\n  and got  {problem}")
        rows.append([f"`{what}`", f"`{expected}`", why])
    good = sum(problem is None for problem in imported.values())
    text = (f"{good} of {len(imported)} modules can be imported, those in packages counted. The others:\n\n"
            + table(["modules", "why not"],
                    [[", ".join(f"`{name}`" for name in names), reason] for reason, names in missing.items()])
            + "\nWhat can be imported, and cannot do its work here, or a part of it:\n\n"
            + table(["what", "raises", "why"], rows))
    return text, problems


def is_like(text, raised):
    """Whether an outcome begins so, and comes from there: 'BEGINNING @ WHERE'."""
    beginning, _, where = raised.partition("@")
    return text.startswith(beginning.strip()) and where.strip() in text


def known_problems():
    known = []
    for line in read("differences.txt").splitlines():
        if line and not line.startswith("#"):
            what, _, cause = line.partition(" = ")
            pattern, _, raised = what.partition(" | ")
            known.append((pattern, raised.strip(), cause))
    return known


def printed_by(results, test):
    """What the guest has printed while the tests of this one's class ran: also what a thread or a handler of requests
    died of, which the test itself does not know."""
    _, _, rest = results.partition(f"\n  {test.rpartition('.')[0]}\n")
    lines = []
    for line in rest.split("\n"):
        if re.fullmatch(r"  [\w.]+|  \d+ tests, .*", line):
            break
        lines.append(line)
    return "\n".join(lines)


def run_on_host(options, peers, script):
    """The tests may change the host's name: that of a name space of its own."""
    with tempfile.TemporaryDirectory() as folder:
        runner = f"import sys\nsys.argv[0] = 'http://127.0.0.1:{peers.ports['control']}/guest.py'\n{script}"
        apart = ["unshare", "--uts"] if os.geteuid() == 0 else []
        done = subprocess.run([*apart, sys.executable, "-W", "ignore", "-c", runner], cwd=folder,
                              env={**os.environ, "TMPDIR": folder, "PYTHONUTF8": "1"}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=options.timeout, check=False)
        peers.posted["/results"] = {}, done.stdout.encode()
        return done.stdout + done.stderr


def counted(outcomes):
    values = list(outcomes.values())
    passed, skipped = values.count("ok"), values.count("skipped")
    return [passed, skipped, len(values) - passed - skipped]


def host_table(found):
    """host.json."""
    for outcomes in found.values():
        for name, text in outcomes.items():
            if text not in ("ok", "skipped"):
                print(f"{name}: {text}")
    lines = [f"  {json.dumps(module)}: {json.dumps(counted(outcomes))}" for module, outcomes in found.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def tests(options, peers):
    archive = test_archive()
    if archive is None:
        print(f"the Debian package {SUITE} is not installed")
        return None, 77
    peers.files["/testsuite.tar"] = archive
    wanted = options.only.split(",") if options.only else TESTS
    peers.files["/wanted"] = json.dumps({"modules": wanted, "verbose": options.verbose,
                                         "patterns": options.patterns}).encode()
    run = run_on_host if options.machine == "host" else run_cases.run_in_guest
    heard = run(options, peers, read("run_tests.py"))
    if "/tested" not in peers.posted:
        print(f"they have not come to their end:\n{heard[-6000:]}")
        return None, 1
    if options.verbose:
        print(peers.posted["/results"][1].decode())
    found = json.loads(peers.posted["/tested"][1])
    if options.machine == "host":
        return host_table(found), 0
    host = json.loads(read("host.json"))
    problems = 0
    used = set()
    rows, causes = [], {}
    for module, outcomes in found.items():
        bad = {name: text for name, text in outcomes.items() if text not in ("ok", "skipped")}
        for name, text in bad.items():
            for number, (pattern, raised, cause) in enumerate(known_problems()):
                if fnmatch.fnmatchcase(name, pattern) and is_like(text, raised):
                    used.add(number)
                    causes[cause] = causes.get(cause, 0) + 1
                    break
            else:
                problems += 1
                print(f"{name}: {text}")
                if not options.verbose:
                    print(printed_by(peers.posted["/results"][1].decode(), name))
        rows.append([f"`{module}`", len(outcomes), *counted(outcomes), *host.get(module, ["", "", ""])])
    if not options.only and not options.patterns:
        for number, (pattern, raised, cause) in enumerate(known_problems()):
            if number not in used:
                problems += 1
                print(f"'{pattern} | {raised}' is listed in differences.txt, and fails nowhere")
    text = (table(["test file", "tests", "passed", "skipped", "failed", "on Linux: passed", "skipped", "failed"], rows)
            + "\nWhy some fail:\n\n"
            + table(["tests", "cause"], [[count, cause] for cause, count in causes.items()]))
    return text, problems


def put(page, what, text, update):
    """Compares a table with the page's, between its two marks, or writes it there."""
    with open(page, encoding="utf-8") as file:
        whole = file.read()
    begin, end = f"<!-- {what}: begin -->\n", f"<!-- {what}: end -->\n"
    before, _, rest = whole.partition(begin)
    old, _, after = rest.partition(end)
    if old == text:
        return 0
    if not update:
        print(f"{page} says\n{old}\nand this is\n{text}\nrun_library.py --update writes it")
        return 1
    with open(page, "w", encoding="utf-8") as file:
        file.write(before + begin + text + end + after)
    return 0


def main():
    parser = run_cases.arguments_of(__doc__)
    # With random numbers, as some modules want them, and on a day on which the tests' certificates are valid.
    parser.set_defaults(memory="512", timeout=1500, more="--cpu haswell --rtc 2023-06-01T12:00:00")
    parser.add_argument("what", choices=("modules", "tests"))
    parser.add_argument("--page", required=True)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--only", default="", help="these modules of tests, separated by commas")
    parser.add_argument("-k", dest="patterns", action="append", default=[], help="tests, as unittest's -k has them")
    parser.add_argument("-v", dest="verbose", action="store_true")
    options = parser.parse_args()
    peers = host_peers.Peers()
    text, problems = {"modules": modules, "tests": tests}[options.what](options, peers)
    if text is None:
        return problems
    if options.only or options.patterns or (options.machine == "host" and not options.update):
        print(text)
    elif options.machine == "host":
        with open(os.path.join(FOLDER, "host.json"), "w", encoding="utf-8") as file:
            file.write(text)
    else:
        problems += put(options.page, options.what, text, options.update)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
