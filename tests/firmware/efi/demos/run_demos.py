#!/usr/bin/python3.11
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Python on EFI shows what it can do with a network: a person's session at the prompt with this host as the other
side, and a browser.

  run_demos.py --image EFI-PYTHON.IMG [--ice86 PROGRAM] [--pictures FOLDER] [-v]

--pictures keeps what the screen and the browser show."""
import argparse
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(FOLDER), "sockets"))
import peers as host_peers  # noqa: E402
from run_cases import free_port  # noqa: E402

PROMPT = ">>> "
SECONDS = 60  # of the host's, for each answer
SERVE, CHAT, WEB = 5001, 5000, 8000  # the guest's ports


class Failed(Exception):
    pass


def expect(condition, text):
    if not condition:
        raise Failed(text)


class Machine:
    """The machine, its serial line, and its monitor for programs."""

    def __init__(self, options, folder, forwarded):
        forwards = "".join(f",hostfwd=tcp:127.0.0.1:{host}-:{guest}" for guest, host in forwarded.items())
        self._qmp_path = os.path.join(folder, "qmp")
        self._process = subprocess.Popen(
            [options.ice86, "run", "--firmware", "ovmf", "--memory", "128", "--drive",
             f"file={options.image},format=raw,snapshot=on", "--nic", f"user,model=e1000{forwards}", "--serial", "stdio",
             "--display", "none", "--pace", "real", "--qmp", f"unix:{self._qmp_path}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.heard = ""
        self._read = 0  # what earlier waits have matched
        self._news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while part := self._process.stdout.read1(65536):
            with self._news:
                self.heard += part.decode("utf-8", "replace").replace("\r", "")
                self._news.notify_all()

    def wait(self, text):
        """What was heard until then."""
        end = time.monotonic() + SECONDS
        with self._news:
            while (at := self.heard.find(text, self._read)) < 0:
                if not self._news.wait(end - time.monotonic()):
                    raise Failed(f"no {text!r} on the serial line after\n{self.heard[self._read:][-2000:]}")
            before = self.heard[self._read:at]
            self._read = at + len(text)
        return before

    def type(self, text):
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def start(self, line):
        """Types a line whose answer somebody else will see first."""
        self.type(line + "\r")
        self.wait("\n")

    def ask(self, line):
        """The answer to a line."""
        self.start(line)
        return self.wait(PROMPT).strip("\n")

    def screen(self, path):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self._qmp_path)
            with s.makefile("rw") as stream:
                stream.readline()
                for command in {"execute": "qmp_capabilities"}, {
                        "execute": "screendump", "arguments": {"filename": path, "format": "png"}}:
                    stream.write(json.dumps(command) + "\n")
                    stream.flush()
                    answer = json.loads(stream.readline())
                    while "event" in answer:
                        answer = json.loads(stream.readline())
                    expect("return" in answer, f"QMP: {answer}")

    def stop(self):
        self._process.kill()
        self._process.wait()


def as_client(machine, peers, forwarded, pictures):
    """A client by hand; what recv has left is to be seen."""
    machine.ask("import socket")
    machine.start(f"s = socket.create_connection(('10.0.2.2', {peers.ports['control']}))")
    expect("IP configuration complete: 10.0.2.15/255.255.255.0" in machine.wait(PROMPT), "no address")
    expect(machine.ask(r"s.send(b'GET /hello HTTP/1.0\r\n\r\n')") == "23", "send")
    expect(machine.ask("s.recv(1)") == "b'H'", "recv(1)")
    queue = machine.ask("s._recv_queue")
    expect(queue.startswith("b'TTP/1.") and r"Content-Length: 5\r\n" in queue, f"_recv_queue: {queue}")
    rest = machine.ask("s.makefile('rb').read()")
    expect(rest.startswith("b'TTP/1.") and rest.endswith(r"\r\n\r\nhello'"), f"the rest: {rest}")
    expect(machine.ask("s._recv_queue, s.close()") == "(b'', None)", "close")


def as_server(machine, peers, forwarded, pictures):
    """A server by hand; who has called is to be seen before accept."""
    machine.ask(f"l = socket.create_server(('', {SERVE})); l.settimeout(60)")
    machine.ask("import time")
    with socket.create_connection(("127.0.0.1", forwarded[SERVE]), SECONDS) as caller:
        caller.sendall(b"from the host")
        machine.type("while not l._accept_queue: time.sleep(.1)\r\r")
        machine.wait(PROMPT)
        expect(machine.ask("l._accept_queue").startswith("[('10.0.2.2', "), "_accept_queue")
        machine.ask("c, address = l.accept()")
        expect(machine.ask("c.recv(100)") == "b'from the host'", "recv")
        expect(machine.ask("c.sendall(b'from the firmware'); c.close(); l.close()") == "", "sendall")
        expect(b"".join(iter(lambda: caller.recv(100), b"")) == b"from the firmware", "the host's recv")


def by_http(machine, peers, forwarded, pictures):
    """GET and POST to the host."""
    base = f"http://10.0.2.2:{peers.ports['control']}"
    machine.ask("import urllib.request")
    expect(machine.ask(f"urllib.request.urlopen('{base}/hello').read()") == "b'hello'", "GET")
    expect(machine.ask(f"urllib.request.urlopen('{base}/greeting', b'from the firmware').status") == "200", "POST")
    expect(peers.posted.get("/greeting", ({}, b""))[1] == b"from the firmware", "what was POSTed")


def until(stream, text):
    heard = b""
    while text not in heard:
        part = stream.recv(1000)
        expect(part, f"chat: the end instead of {text!r} after {heard!r}")
        heard += part
    return heard


def chat(machine, peers, forwarded, pictures):
    """Three people talk; one leaves."""
    machine.start(f"from demos import chat; chat.serve({CHAT})")
    machine.wait("chatting on port")
    people = {}
    for name in "Ada", "Grace", "Edsger":
        people[name] = s = socket.create_connection(("127.0.0.1", forwarded[CHAT]), SECONDS)
        s.settimeout(SECONDS)
        until(s, b"Your name? ")
        if name == "Grace":
            s.sendall(b"Ada\n")
            until(s, b"That one is here already. Your name? ")
        s.sendall(name.encode() + b"\r\n")
        until(s, f"* {name} is here\r\n".encode())
    until(people["Ada"], b"* Edsger is here\r\n")
    until(people["Grace"], b"* Edsger is here\r\n")
    people["Ada"].sendall("hello from Ada, \u00e9\n".encode())
    for name in people:
        until(people[name], "<Ada> hello from Ada, \u00e9\r\n".encode())
    people["Grace"].sendall(b"/who\n")
    until(people["Grace"], b"* Ada, Grace, Edsger\r\n")
    people["Grace"].close()
    until(people["Ada"], b"* Grace has left\r\n")
    people["Ada"].sendall(b"/quit\n")
    until(people["Edsger"], b"* Ada has left\r\n")
    people["Edsger"].close()
    machine.wait("* Edsger has left")
    machine.type("\x03")
    machine.wait("the room is closed")
    machine.wait(PROMPT)
    for s in people.values():
        s.close()


# Types lines into the page, and marks it when the last answer has come.
DRIVER = """<script>
(async () => {
  for (const text of %s) {
    document.getElementById('line').value = text;
    document.getElementById('form').requestSubmit();
  }
  const log = document.getElementById('log');
  for (let i = 0; i < 400 && !log.textContent.endsWith('the end\\n'); ++i) await new Promise(done => setTimeout(done, 50));
  document.documentElement.dataset.done = 'yes';
})();
</script>"""
TYPED = ["import sys, efi", "sum(range(101))", "for i in range(3):", "    print('row', i)", "", "1/0",
         "efi.system_table.FirmwareRevision >> 16 > 0", "print('the', 'end')"]
SHOWN = ["5050\n", "row 0\nrow 1\nrow 2\n", "ZeroDivisionError: division by zero\n", "True\n",
         "...&nbsp;    print('row', i)", "the end\n", 'data-done="yes"']


def through(target):
    """A web server that hands on to the guest's, with the driver in the page."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def _hand_on(self, data=None):
            headers = {} if data is None else {"Content-Type": self.headers["Content-Type"]}
            request = urllib.request.Request(f"http://127.0.0.1:{target}{self.path}", data, headers)
            try:
                with urllib.request.urlopen(request, timeout=SECONDS) as answer:
                    status, kind, body = 200, answer.headers["Content-Type"], answer.read()
            except urllib.error.HTTPError as problem:
                status, kind, body = problem.code, "text/plain", b""
            if self.path == "/":
                body = body.replace(b"</body>", (DRIVER % json.dumps(TYPED)).encode() + b"</body>")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self._hand_on()

        def do_POST(self):
            self._hand_on(self.rfile.read(int(self.headers["Content-Length"])))

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def posted(url, body, kind):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": kind}), timeout=SECONDS) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as problem:
        return problem.code, b""


def browser(machine, peers, forwarded, pictures):
    """A prompt in Chromium; GET and POST from the host."""
    machine.start(f"from demos import web_repl; web_repl.serve({WEB})")
    machine.wait("a prompt for browsers")
    url = f"http://127.0.0.1:{forwarded[WEB]}"
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:
        expect(b"<title>Python on EFI</title>" in answer.read(), "GET")
    expect(posted(url + "/run", b'{"line": "6*7"}', "application/json") == (200, b'{"output": "42\\n", "more": false}'), "POST")
    expect(posted(url + "/run", b'{"line": "6*7"}', "text/plain")[0] == 404, "a POST that any page can make")
    expect(posted(url + "/run", b'["line"]', "application/json")[0] == 400, "a POST of something else")
    if shutil.which("chromium") is None:
        print("  without a browser: the Debian package chromium is not installed")
    else:
        with tempfile.TemporaryDirectory() as profile, through(forwarded[WEB]) as server:
            more = [f"--screenshot={pictures}/browser.png"] if pictures else ["--dump-dom"]
            command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
                       "--window-size=900,700", "--virtual-time-budget=30000", *more, f"http://127.0.0.1:{server.server_port}/"]
            done = subprocess.run(command, capture_output=True, text=True, timeout=2 * SECONDS, check=False)
            if pictures:
                done = subprocess.run([part if "screenshot" not in part else "--dump-dom" for part in command],
                                      capture_output=True, text=True, timeout=2 * SECONDS, check=False)
            server.shutdown()
        for text in SHOWN:
            expect(text in done.stdout, f"the page is without {text!r}:\n{done.stdout[-3000:]}")
    machine.type("\x03")
    machine.wait("the prompt is closed")
    machine.wait(PROMPT)


WIDTH, HEIGHT, PICTURES = 320, 240, 40


def picture(number):
    """A disc that rolls over a field of colours."""
    x0, y0, radius = WIDTH * number // PICTURES, HEIGHT // 2, 40
    rows = []
    for y in range(HEIGHT):
        row = bytearray().join(bytes((x * 255 // WIDTH, y * 255 // HEIGHT, 96)) for x in range(WIDTH))
        if abs(y - y0) < radius:
            half = int((radius ** 2 - (y - y0) ** 2) ** .5)
            left, right = max(0, x0 - half), min(WIDTH, x0 + half)
            row[3 * left:3 * right] = b"\xff\xff\x40" * (right - left)
        rows.append(bytes(row))
    return b"P6\n%d %d\n255\n" % (WIDTH, HEIGHT) + b"".join(rows)


def video(machine, peers, forwarded, pictures):
    """Pictures as a web camera sends them, onto the frame buffer."""
    shown = [picture(number) for number in range(PICTURES)]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
            self.end_headers()
            for body in shown:
                self.wfile.write(b"--picture\r\nContent-Type: image/x-portable-pixmap\r\nContent-Length: %d\r\n\r\n%s\r\n"
                                 % (len(body), body))
            self.wfile.write(b"--picture--\r\n")

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        machine.ask("from demos import video; import efi")
        machine.start("print('\\x1b[2J\\x1b[H')")  # the prompt goes to the top: nothing scrolls what is shown
        machine.wait(PROMPT)
        found = machine.ask(f"video.play('http://10.0.2.2:{server.server_port}/video')")
        server.shutdown()
    count, seconds = json.loads(found.replace("(", "[").replace(")", "]"))
    print(f"  {count} pictures of {WIDTH} x {HEIGHT} in {seconds:.1f} s of the machine's time: {count / seconds:.1f} a second")
    expect(count == PICTURES, f"{count} pictures")
    if pictures:
        machine.screen(os.path.join(pictures, "video.png"))
    # The last one is on the screen, but for where the prompt has written.
    last = shown[-1][-3 * WIDTH * HEIGHT:]
    machine.ask("g = efi.Graphics(); x, y = (g.width - %d) // 2, (g.height - %d) // 2" % (WIDTH, HEIGHT))
    for column, row in ((310, 5), (250, 200), (312, 120), (300, 235)):
        red, green, blue = last[3 * (row * WIDTH + column):][:3]
        seen = machine.ask(f"list(g.read(x + {column}, y + {row}, 1, 1)[:3])")
        expect(seen == str([blue, green, red]), f"the pixel at {column}, {row} is {seen}")


DEMOS = (as_client, as_server, by_http, chat, browser, video)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--image", required=True)
    parser.add_argument("--ice86", default="ice86")
    parser.add_argument("--pictures")
    parser.add_argument("-v", dest="verbose", action="store_true")
    options = parser.parse_args()
    if options.pictures:
        options.pictures = os.path.abspath(options.pictures)
        os.makedirs(options.pictures, exist_ok=True)
    peers = host_peers.Peers()
    peers.files["/hello"] = b"hello"
    forwarded = {port: free_port() for port in (SERVE, CHAT, WEB)}
    problems = 0
    with tempfile.TemporaryDirectory() as folder:
        machine = Machine(options, folder, forwarded)
        try:
            machine.wait(PROMPT)
            for demo in DEMOS:
                print(f"{demo.__name__}: {demo.__doc__}", flush=True)
                demo(machine, peers, forwarded, options.pictures)
            counts = "from efi_net import interface, tcp; tcp.finish(20); interface.counts()"
            left = machine.ask(counts)
            expect(left == "(0, 0)", f"of the firmware's children and events are left: {left}")
        except (Failed, OSError) as problem:
            problems += 1
            print(f"  failed: {problem}")
        finally:
            machine.stop()
        if problems or options.verbose:
            print(machine.heard[-6000:])
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
