# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs in the guest behind prelude.py: names that a server of ours knows, of both versions of IP.
import sys

ABI = sys._xoptions.get("sockets") == "abi"
# Instead of the one that DHCP tells.
if ABI:
    os.remove("/etc/resolv.conf")
    with open("/etc/resolv.conf", "w", encoding="ascii") as file:
        file.write("nameserver 10.0.2.53\n")
else:
    from efi_net import interface
    interface.Interface4.name_servers = ["10.0.2.53"]
STREAM = socket.SOCK_STREAM


def found(name, family=0, flags=0):
    return [entry[4][0] for entry in socket.getaddrinfo(name, 80, family, STREAM, 0, flags)]


def fails(number, function, *arguments):
    try:
        raise SystemExit(f"{arguments}: {function(*arguments)}")
    except (socket.gaierror, socket.herror) as problem:
        assert problem.errno == number, problem


# As long as nobody has asked for IPv6 there is no address that would reach those of it. (The C library has the tables
# of RFC 3484, for which IPv6 addresses of a site are better than IPv4, and sorts also what is not reached.)
assert found("both.test")[0] == "10.0.2.2"
assert sorted(found("both.test")) == ["10.0.2.2", "2001:db8::7", "fec0::2"], found("both.test")
assert found("both.test", socket.AF_INET) == ["10.0.2.2"]
assert sorted(found("BOTH.test.", socket.AF_INET6)) == ["2001:db8::7", "fec0::2"]
assert found("four.test") == ["192.0.2.1", "192.0.2.2"]
assert found("four.test", socket.AF_INET6, socket.AI_V4MAPPED) == ["::ffff:192.0.2.1", "::ffff:192.0.2.2"]
assert sorted(found("both.test", socket.AF_INET6, socket.AI_V4MAPPED | socket.AI_ALL)) == [
    "2001:db8::7", "::ffff:10.0.2.2", "fec0::2"]
assert found("six.test") == ["fec0::2"]
assert found("deaf.test") == ["10.0.2.2"]  # its server does not answer for AAAA
fails(socket.EAI_NODATA, found, "four.test", socket.AF_INET6)
fails(socket.EAI_NODATA, found, "six.test", socket.AF_INET)
fails(socket.EAI_NODATA, socket.gethostbyname, "six.test")
fails(socket.EAI_NONAME, found, "none.test")
fails(1, socket.gethostbyaddr, "fec0::3")
assert socket.gethostbyaddr("fec0::2") == ("six.test", [], ["fec0::2"])
assert socket.getnameinfo(("fec0::2", 80), 0) == ("six.test", "http")
assert found("localhost") == ["::1", "127.0.0.1"] and found("ip6-localhost", socket.AF_INET6) == ["::1"]
if not ABI:
    assert found("both.test", flags=socket.AI_ADDRCONFIG) == ["10.0.2.2"]

if HOST6:
    s = socket.create_connection(("six.test", PORTS["echo"]), 20)
    assert s.getpeername()[:2] == (HOST6, PORTS["echo"])
    s.sendall(b"six"); assert read_exactly(s, 3) == b"six"
    s.close()
    # With an address of the site only nothing leads to 2001:db8::7.
    order = ["fec0::2", "10.0.2.2", "2001:db8::7"] if ABI else ["10.0.2.2", "fec0::2", "2001:db8::7"]
    assert found("both.test") == order, found("both.test")
