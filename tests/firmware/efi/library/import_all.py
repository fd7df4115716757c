# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs in the guest: imports every module of the standard library, tries what limits.py says about
# some, and sends what happened.
import contextlib
import importlib
import io
import json
import pkgutil
import sys
import traceback
import urllib.request
import warnings

BASE = sys.argv[0].rpartition("/")[0]
# Tests and demonstrations, and what a word of it does when it is imported.
LEFT_OUT = {"test", "idlelib", "turtledemo", "lib2to3", "antigravity", "this", "tests", "__main__"}


def first_line(problem):
    return "".join(traceback.format_exception_only(type(problem), problem)).strip().split("\n")[-1]


def attempt(function, *arguments):
    """None, or the first line of what is raised."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            function(*arguments)
        except BaseException as problem:
            return first_line(problem)
    return None


def names():
    for name in sorted(sys.stdlib_module_names):
        if name in LEFT_OUT:
            continue
        yield name
        # Those of packages, as far as they can be imported.
        package = sys.modules.get(name)
        if hasattr(package, "__path__"):
            for found in pkgutil.walk_packages(package.__path__, name + ".", lambda name: None):
                if not LEFT_OUT.intersection(found.name.split(".")):
                    yield found.name


warnings.simplefilter("ignore")
imported = {}
for name in names():
    imported[name] = attempt(importlib.import_module, name)
print(sum(problem is None for problem in imported.values()), "of", len(imported), "modules", flush=True)

limits = json.loads(urllib.request.urlopen(BASE + "/limits").read())
tried = []
for number, (what, statement) in enumerate(limits):
    space = {}
    print(f"{number + 1}/{len(limits)} {what}", flush=True)
    tried.append(attempt(lambda: exec(compile(statement, what, "exec"), space)))
urllib.request.urlopen(BASE + "/imported", json.dumps([imported, tried]).encode())
