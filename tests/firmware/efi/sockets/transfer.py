# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs in the guest behind prelude.py: ten megabytes each way, and that nothing of the firmware's is
# left. The figures are this machine's time.
import sys

import efi

ABI = sys._xoptions.get("sockets") == "abi"  # the loader's sockets, which Python cannot look into
if ABI:
    time.sleep(6)  # longer than a farewell: of the connection that brought this
    before = len(efi.handles("Tcp4"))
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

if not ABI:
    from efi_net import interface, tcp as firmware_tcp
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


def held():
    if ABI:
        return len(efi.handles("Tcp4")) - before
    firmware_tcp.reap()
    return sum(interface.counts())


end = time.monotonic() + 30
while held() and time.monotonic() < end:
    time.sleep(.1)
assert held() == 0, held()
