# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs in the guest behind prelude.py: TLS with certificate check by urllib, SSLSocket and asyncio, a
# server of its own, and a refusal. The CPU must have RDRAND.
import asyncio
import http.server
import ssl

URL = f"https://{HOST}:{PORTS['tls']}"
base = f"http://{HOST}:{PORTS['control']}"
for name in "cert.pem", "key.pem":
    with open("/tmp/" + name, "wb") as file:
        file.write(urllib.request.urlopen(f"{base}/{name}").read())
context = ssl.create_default_context(cafile="/tmp/cert.pem")

assert urllib.request.urlopen(URL + "/hello", context=context).read() == b"hello from the host"
assert urllib.request.urlopen(URL + "/data", context=context).read() == pattern(1 << 20)
try:
    urllib.request.urlopen(URL + "/hello")
    raise SystemExit("a certificate that nobody has signed was taken")
except urllib.error.URLError as problem:
    assert "CERTIFICATE_VERIFY_FAILED" in str(problem), problem

with context.wrap_socket(tcp("tls"), server_hostname=HOST) as s:
    print(s.version(), s.getpeercert()["subject"])
    s.sendall(b"GET /hello HTTP/1.0\r\n\r\n")
    assert s.makefile("rb").read().endswith(b"hello from the host")


async def ask():
    r, w = await asyncio.open_connection(HOST, PORTS["tls"], ssl=context)
    w.write(b"GET /hello HTTP/1.0\r\n\r\n")
    data = await r.read()
    w.close()
    return data


assert asyncio.run(ask()).endswith(b"hello from the host")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"from the guest")

    def log_message(self, *arguments):
        pass


with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain("/tmp/cert.pem", "/tmp/key.pem")
    server.socket = own.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.handle_request).start()
    address = f"https://127.0.0.1:{server.server_port}/"
    assert urllib.request.urlopen(address, context=context).read() == b"from the guest"


def echo(end):
    with own.wrap_socket(end, server_side=True) as s:
        while part := s.recv(65536):
            s.sendall(part)


def both_ways():
    """One thread sends and another receives, of the same connection."""
    far, near = here()
    threading.Thread(target=echo, args=(far,)).start()
    with context.wrap_socket(near, server_hostname="127.0.0.1") as s:
        data = pattern(600000)
        sender = threading.Thread(target=s.sendall, args=(data,))
        sender.start()
        assert read_exactly(s, len(data)) == data
        sender.join()


both_ways()
print("TLS works")
