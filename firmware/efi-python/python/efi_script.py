# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a script of a web server: edit, boot and run without a disk that is written to.

  python3 -m efi_script http://10.0.2.2:8080/script.py [--results URL] [ARGUMENT...]

With --results, what it prints is also POSTed there when it has ended, with its status in the header
X-Status (0, what it gave to sys.exit, or 1 after an exception)."""
import io
import linecache
import sys
import traceback
import types
import urllib.request


class _Tee(io.TextIOBase):
    def __init__(self, stream):
        self._stream = stream
        self.parts = []

    def write(self, text):
        self.parts.append(text)
        return self._stream.write(text)

    def flush(self):
        self._stream.flush()

    @property
    def encoding(self):
        return self._stream.encoding


def run(url, arguments):
    """The status of the script."""
    source = urllib.request.urlopen(url).read().decode("utf-8")
    linecache.cache[url] = (len(source), None, source.splitlines(True), url)
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    sys.argv = [url, *arguments]
    try:
        exec(compile(source, url, "exec"), vars(module))
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException as problem:
        trace = problem.__traceback__.tb_next  # without this function
        sys.stderr.write("".join(traceback.format_exception(type(problem), problem, trace)))
        return 1
    return 0


def main(arguments):
    if not arguments or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    url, *arguments = arguments
    results = None
    if arguments[:1] == ["--results"]:
        if len(arguments) < 2:
            print("efi_script: --results wants a URL", file=sys.stderr)
            return 2
        results, arguments = arguments[1], arguments[2:]
    if results is None:
        return run(url, arguments)
    tee = _Tee(sys.stdout)
    plain = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = tee
    try:
        status = run(url, arguments)
    finally:
        sys.stdout, sys.stderr = plain
    urllib.request.urlopen(urllib.request.Request(
        results, "".join(tee.parts).encode("utf-8"),
        {"Content-Type": "text/plain; charset=utf-8", "X-Status": str(status)})).read()
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
