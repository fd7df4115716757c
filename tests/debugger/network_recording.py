#!/usr/bin/python3.11
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A session of Python on EFI with a web server of the host is recorded; with the server gone it is replayed by both
engines: the console and the capture must be the same bytes.

  network_recording.py ICE86 EFI-PYTHON.IMG

What the server answers is random, so that nobody but the recording can know it."""
import hashlib
import http.server
import os
import subprocess
import sys
import tempfile
import threading

GUEST = """
import hashlib, urllib.request
base = "http://10.0.2.2:PORT"
page = urllib.request.urlopen(base + "/page").read()
print("page", len(page), hashlib.sha256(page).hexdigest())
print("told", urllib.request.urlopen(base + "/tell", data=page[:1000]).read().decode())
try:
    urllib.request.urlopen(base + "/nothing")
except urllib.error.HTTPError as error:
    print("error", error.code)
"""


class Handler(http.server.BaseHTTPRequestHandler):
    page = os.urandom(300_000)
    told = []
    script = b""

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        pages = {"/script.py": self.script, "/page": self.page}
        self.answer(200 if self.path in pages else 404, pages.get(self.path, b""))

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.told.append(body)
        self.answer(200, hashlib.sha256(body).hexdigest().encode())

    def log_message(self, *_):
        pass


def run(words):
    """The console; what ice86 itself says."""
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=1200, check=False)
    said = done.stderr.decode(errors="replace")
    if done.returncode != 0:
        sys.exit(f"{' '.join(words)}: exit code {done.returncode}\n{said}{done.stdout[-2000:].decode(errors='replace')}")
    return done.stdout, said


def same(what, first, second):
    if first == second:
        return
    place = next((i for i, (a, b) in enumerate(zip(first, second)) if a != b), min(len(first), len(second)))
    sys.exit(f"{what}: {len(second)} bytes, not {len(first)}; they differ from byte {place} on:\n"
             f"{first[place:place + 80]!r}\n{second[place:place + 80]!r}")


def read(name):
    with open(name, "rb") as file:
        return file.read()


def main():
    ice86, image = (os.path.abspath(name) for name in sys.argv[1:3])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port = server.server_address[1]
    Handler.script = GUEST.replace("PORT", str(port)).encode()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        recorded, _ = run([
            ice86, "record", "net.rec", "--firmware", "ovmf", "-m", "128", "--drive",
            f"file={image},format=raw,snapshot=on", "--nic", "user,model=e1000", "--serial", "stdio",
            "--display", "none", "--pcap", "recorded.pcap", "--fw-cfg",
            "name=opt/efi-python/arguments,string=--shutdown -m efi_script "
            f"http://10.0.2.2:{port}/script.py"])
        server.shutdown()
        server.server_close()
        for line in (f"page 300000 {hashlib.sha256(Handler.page).hexdigest()}\r\n",
                     f"told {hashlib.sha256(Handler.page[:1000]).hexdigest()}\r\n", "error 404\r\n"):
            if line.encode() not in recorded:
                sys.exit(f"the guest did not print {line!r}:\n{recorded[-3000:].decode(errors='replace')}")
        if Handler.told != [Handler.page[:1000]]:
            sys.exit("the server was told something else")
        frames = read("recorded.pcap")
        for engine, option in ("default", []), ("interp", ["--engine", "interp"]):
            console, said = run([ice86, "replay", "net.rec", *option, "--pcap", f"{engine}.pcap"])
            if "as recorded, in" not in said:
                sys.exit(f"the replay does not say that it is as recorded:\n{said}")
            same(f"the console, {engine}", recorded, console)
            same(f"the capture, {engine}", frames, read(f"{engine}.pcap"))
            print(f"{engine}: {len(console)} bytes of the console and {len(frames)} of the capture are the same; "
                  f"{said.strip().splitlines()[-1]}")


if __name__ == "__main__":
    main()
