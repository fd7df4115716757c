# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the cases talk to, on the host: small TCP and UDP servers, and a web server that hands out the
cases, takes the logs, and makes calls to the case's own server."""
import hashlib
import http.server
import json
import socket
import ssl
import struct
import threading
import time
import urllib.parse

LOCAL, LOCAL6 = "127.0.0.1", "::1"


def pattern(count):
    return (bytes(range(251)) * (count // 251 + 1))[:count]


def receive_all(s):
    parts = []
    while part := s.recv(65536):
        parts.append(part)
    return b"".join(parts)


def exactly(s, count):
    data = bytearray()
    while len(data) < count:
        part = s.recv(count - len(data))
        if not part:
            break
        data += part
    return bytes(data)


def with_reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


def echo(s, peers):
    while data := s.recv(65536):
        s.sendall(data)


def lines(s, peers):
    with s.makefile("rb") as file:
        for line in file:
            s.sendall(line)


def sink(s, peers):
    size = struct.unpack("<I", exactly(s, 4))[0]
    digest = hashlib.sha256()
    while size:
        data = s.recv(min(size, 1 << 16))
        if not data:
            return
        digest.update(data)
        size -= len(data)
    s.sendall(digest.hexdigest().encode())


def source(count):
    return lambda s, peers: s.sendall(pattern(count))


def silent(s, peers):
    receive_all(s)


def close(s, peers):
    pass


def reset(s, peers):
    time.sleep(.1)
    with_reset(s)


def data_reset(s, peers):
    s.sendall(b"data")
    time.sleep(.5)
    with_reset(s)


def slow(s, peers):
    for byte in b"slow":
        s.sendall(bytes([byte]))
        time.sleep(.1)


def half(s, peers):
    s.sendall(b"answer to " + receive_all(s))


def half_peer(s, peers):
    s.sendall(b"all I say")
    s.shutdown(socket.SHUT_WR)
    peers.told.append(receive_all(s))


TCP = {"echo": echo, "lines": lines, "sink": sink, "source_1000": source(1000),
       "source_1048576": source(1 << 20), "source_10485760": source(10 << 20), "silent": silent,
       "close": close, "reset": reset, "data_reset": data_reset, "slow": slow, "half": half,
       "half_peer": half_peer}


def both_at_one_port(kind):
    """Sockets bound to the same free port of 127.0.0.1 and, where the host has IPv6, of ::1."""
    for _ in range(100):
        made = [socket.socket(socket.AF_INET, kind)]
        made[0].bind((LOCAL, 0))
        if not has_ipv6():
            return made
        made.append(socket.socket(socket.AF_INET6, kind))
        try:
            made[1].bind((LOCAL6, made[0].getsockname()[1]))
            return made
        except OSError:
            for s in made:
                s.close()
    raise RuntimeError("no port is free at both addresses")


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind((LOCAL6, 0))
        return True
    except OSError:
        return False


class Peers:
    """All of them, on free ports of 127.0.0.1 and ::1. `files` are what the web server has, by path."""

    def __init__(self):
        self.ports = {}
        self.files = {"/hello": b"hello from the host"}
        self.posted = {}
        self.told = []
        self.call_port = self.call_port6 = None  # where the cases' own server is reached
        self.results = threading.Event()
        self._callers = []
        self._kept = []
        for name, serve in TCP.items():
            self._tcp(name, serve)
        self._udp_echo()
        # Ports that are taken, and where nobody listens.
        for name, kind in ("nobody", socket.SOCK_STREAM), ("udp_nobody", socket.SOCK_DGRAM):
            made = both_at_one_port(kind)
            self.ports[name] = made[0].getsockname()[1]
            if kind == socket.SOCK_STREAM:
                self._kept += made
            else:
                for s in made:
                    s.close()
        self._control()

    def _thread(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        thread.start()
        return thread

    def _tcp(self, name, serve):
        servers = both_at_one_port(socket.SOCK_STREAM)
        self.ports[name] = servers[0].getsockname()[1]

        def one(s):
            try:
                with s:
                    serve(s, self)
            except OSError:
                pass

        def loop(server):
            while True:
                self._thread(one, server.accept()[0])

        for server in servers:
            server.listen(64)
            self._thread(loop, server)

    def _udp_echo(self):
        def loop(s):
            while True:
                data, sender = s.recvfrom(65536)
                s.sendto(data, sender)

        for s in both_at_one_port(socket.SOCK_DGRAM):
            self.ports["udp_echo"] = s.getsockname()[1]
            self._thread(loop, s)

    def dns(self, records):
        """A name server's port. records: contents by name and type; None for a question without an answer."""
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((LOCAL, 0))

        def answer(query):
            labels, at = [], 12
            while query[at]:
                labels.append(query[at + 1:at + 1 + query[at]].decode())
                at += 1 + query[at]
            kind = int.from_bytes(query[at + 1:at + 3], "big")
            name = ".".join(labels).lower()
            known = any(one == name for one, _ in records)
            found = records.get((name, kind), [])
            if found is None:
                return None
            head = query[:2] + struct.pack(">5H", 0x8180 | (0 if known else 3), 1, len(found), 0, 0)
            return head + query[12:at + 5] + b"".join(
                struct.pack(">3HIH", 0xc00c, kind, 1, 60, len(content)) + content for content in found)

        def loop():
            while True:
                query, sender = s.recvfrom(512)
                reply = answer(query)
                if reply is not None:
                    s.sendto(reply, sender)

        self._thread(loop)
        return s.getsockname()[1]

    def _caller(self, what, answers, index, ipv6):
        def say(text):
            answers[index] = text

        # One after the other: libslirp lets few wait in the host's queue.
        time.sleep(.2 + .3 * index)
        try:
            s = socket.create_connection((LOCAL6, self.call_port6) if ipv6 else (LOCAL, self.call_port), 30)
            with s:
                if what == "echo":
                    echo(s, self)
                    say("eof")
                elif what == "reset":
                    time.sleep(.3)
                    with_reset(s)
                    say("reset")
                elif what == "http":
                    s.sendall(b"GET /%d HTTP/1.0\r\n\r\n" % index)
                    say(receive_all(s).decode().partition("\r\n\r\n")[2])
                else:
                    say(f"cannot {what}")
        except OSError as problem:
            say(f"{type(problem).__name__} {problem}")

    def call(self, what, count, ipv6):
        answers = [None] * count
        threads = [self._thread(self._caller, what, answers, i, ipv6) for i in range(count)]
        self._callers.append((threads, answers))

    def answer(self):
        if not self._callers:
            return "nobody was called"
        threads, answers = self._callers.pop()
        for thread in threads:
            thread.join(30)
        return "\n".join(str(text) for text in answers)

    def _control(self):
        peers = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments):
                pass

            def reply(self, body, status=200):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(url.query))
                if url.path == "/call":
                    peers.call(query["what"], int(query["count"]), query["host"] == "6")
                    self.reply(b"")
                elif url.path == "/answer":
                    self.reply(peers.answer().encode())
                elif url.path == "/told":
                    end = time.monotonic() + 10
                    while not peers.told and time.monotonic() < end:
                        time.sleep(.01)
                    self.reply(peers.told.pop() if peers.told else b"nothing")
                elif url.path in peers.files:
                    self.reply(peers.files[url.path])
                else:
                    self.reply(b"", 404)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                peers.posted[self.path] = (dict(self.headers), body)
                self.reply(b"")
                if self.path == "/results":
                    peers.results.set()

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *arguments):
                pass

        self._server = lambda: Server((LOCAL, 0), Handler)
        server = self._server()
        self.ports["control"] = server.server_port
        self._thread(server.serve_forever)

    def tls(self, certificate, key):
        """The same web server behind TLS, and the certificate on the plain one."""
        for name, path in ("/cert.pem", certificate), ("/key.pem", key):
            with open(path, "rb") as file:
                self.files[name] = file.read()
        self.files["/data"] = pattern(1 << 20)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server = self._server()
        server.socket = context.wrap_socket(server.socket, server_side=True)
        self.ports["tls"] = server.server_port
        self._thread(server.serve_forever)


def as_json(value):
    return json.dumps(value).encode()
