# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs in the guest behind prelude.py: ten megabytes each way, and that nothing of the firmware's is
# left. The figures are this machine's time.
from efi_net import interface, tcp as firmware_tcp

SIZE = 10 << 20
data = pattern(SIZE)
digest = hashlib.sha256(data).hexdigest()


def receive():
    s = tcp("source_10485760", 60)
    found = hashlib.sha256()
    while part := s.recv(65536):
        found.update(part)
    s.close()
    return found.hexdigest()


def send():
    s = tcp("sink", 60)
    s.sendall(struct.pack("<I", SIZE))
    s.sendall(data)
    found = read_exactly(s, 64).decode()
    s.close()
    return found


for name, function in ("received", receive), ("sent", send):
    start = time.monotonic()
    assert function() == digest, name
    seconds = time.monotonic() - start
    print(f"10 MiB {name} in {seconds:.2f} s: {SIZE / seconds / 1e6:.2f} MB/s", flush=True)

times = {}
for polling in True, False:
    interface.polling = polling
    start = time.monotonic()
    s = tcp("source_1048576", 60)
    assert hashlib.sha256(read_all(s)).digest() == hashlib.sha256(pattern(1 << 20)).digest()
    s.close()
    times[polling] = time.monotonic() - start
interface.polling = True
print(f"1 MiB received in {times[True]:.2f} s with Poll, {times[False]:.2f} s without")

end = time.monotonic() + 30
while interface.counts() != (0, 0) and time.monotonic() < end:
    firmware_tcp.reap()
    time.sleep(.01)
assert interface.counts() == (0, 0), interface.counts()
