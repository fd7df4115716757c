#!/usr/bin/python3.11
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Socket conformance of Python on EFI: runs cases.txt on this host's CPython and in a guest, and compares
what they print.

  run_cases.py --machine ice86|qemu|host --image EFI-PYTHON.IMG [--ice86 PROGRAM] [-k WORD] [-v]

Differences that differences.txt does not list, and such of the list that are none, make it fail. Exit
77: the machine's program is not installed."""
import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peers as host_peers  # noqa: E402

FOLDER = os.path.dirname(os.path.abspath(__file__))
SERVE = 5001
GUEST6 = "fec0::5054:ff:fe12:3456"  # what the card's first MAC address makes of the user network's prefix
OVMF = "/usr/share/OVMF/OVMF_%s_4M.fd"


def read(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
        return file.read()


def load_cases(word):
    cases = []
    ipv6 = host_peers.has_ipv6()
    for part in read("cases.txt").split("\n#### ")[1:]:
        name, _, text = part.partition("\n")
        if word in name and (ipv6 or not name.startswith("ipv6")):
            cases.append((name, text))
    if not ipv6:
        print("this host has no address ::1: without the cases of IPv6")
    return cases


def load_differences(options):
    """Those of `NAME [abi]` are such of the loader's sockets only, of `NAME [qemu]` such of that machine."""
    known = {}
    marks = {" [abi]": "sockets=abi" in options.arguments, " [qemu]": options.machine == "qemu"}
    for line in read("differences.txt").splitlines():
        if line and not line.startswith("#"):
            name, _, cause = line.partition(" = ")
            mark = next((mark for mark in marks if name.endswith(mark)), "")
            if marks.get(mark, True):
                known[name.removesuffix(mark)] = cause
    return known


def free_port(host="127.0.0.1"):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as s:
        s.bind((host, 0))
        return s.getsockname()[1]


def take_logs(peers, count):
    logs = [peers.posted.pop(f"/log/{i}", (None, None))[1] for i in range(count)]
    return [None if log is None else log.decode() for log in logs]


def offer(peers, cases, host, host6, serve):
    peers.files["/cases"] = host_peers.as_json(
        {"prelude": read("prelude.py"), "cases": cases,
         "values": {"HOST": host, "HOST6": host6, "PORTS": peers.ports, "SERVE": serve}})


def run_on_host(cases, peers):
    peers.call_port = peers.call_port6 = free_port()
    offer(peers, cases, "127.0.0.1", "::1", peers.call_port)
    runner = (f"import sys\nsys.argv[0] = 'http://127.0.0.1:{peers.ports['control']}/guest.py'\n"
              + read("guest_runner.py"))
    done = subprocess.run([sys.executable, "-I", "-W", "ignore", "-c", runner], capture_output=True,
                          text=True, timeout=300, check=False)
    if done.returncode:
        sys.exit(f"the cases on the host: {done.stdout[-500:]}{done.stderr}")
    return take_logs(peers, len(cases))


def start_tls(peers):
    """A web server with a certificate of its own, and files of the control server to trust it."""
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = (os.path.join(folder, name) for name in ("key.pem", "cert.pem"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out",
                        certificate, "-days", "30", "-subj", "/CN=ice86", "-addext",
                        "subjectAltName=IP:10.0.2.2,IP:127.0.0.1"], check=True, capture_output=True)
        peers.tls(certificate, key)


def start_dns(peers):
    """A name server, at 10.0.2.53 for the guest: the option of the card."""
    def four(text):
        return socket.inet_pton(socket.AF_INET, text)

    def six(text):
        return socket.inet_pton(socket.AF_INET6, text)

    a, ptr, aaaa = 1, 12, 28
    port = peers.dns({
        ("both.test", a): [four("10.0.2.2")], ("both.test", aaaa): [six("fec0::2"), six("2001:db8::7")],
        ("four.test", a): [four("192.0.2.1"), four("192.0.2.2")], ("six.test", aaaa): [six("fec0::2")],
        ("deaf.test", a): [four("10.0.2.2")], ("deaf.test", aaaa): None,
        ("2." + "0." * 27 + "0.c.e.f.ip6.arpa", ptr): [b"\3six\4test\0"],
    })
    return f",guestfwd=udp:10.0.2.53:53-udp:127.0.0.1:{port}"


def machine_command(options, arguments, forwarded, folder):
    fw_cfg = f"name=opt/efi-python/arguments,string={arguments.replace(',', ',,')}"
    network = f"hostfwd=tcp:127.0.0.1:{forwarded[0]}-:{SERVE}"
    if options.machine == "ice86":
        if forwarded[1]:
            network += f",hostfwd=tcp:[::1]:{forwarded[1]}-[{GUEST6}]:{SERVE}"
        return [options.ice86, "run", "--firmware", "ovmf", "--memory", options.memory, "--drive",
                f"file={options.image},format=raw,snapshot=on", "--nic",
                f"user,model=e1000,{network}{options.impair}", "--serial", "stdio",
                "--fw-cfg", fw_cfg, "--display", "none", *options.more.split()]
    variables = os.path.join(folder, "vars.fd")
    shutil.copy(OVMF % "VARS", variables)
    return ["qemu-system-x86_64", "-M", "pc", "-m", str(max(256, int(options.memory))), "-nographic", "-no-reboot",
            "-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={OVMF % 'CODE'}",
            "-drive", f"if=pflash,unit=1,format=raw,file={variables}",
            "-drive", f"file={options.image},format=raw,snapshot=on",
            "-netdev", f"user,id=n0,{network}", "-device", "e1000,netdev=n0", "-fw_cfg", fw_cfg]


def run_in_guest(options, peers, script, script_arguments=""):
    """The guest's console; the script's results are among what was posted."""
    forwarded = peers.call_port, peers.call_port6 = free_port(), free_port("::1") if host_peers.has_ipv6() else None
    base = f"http://10.0.2.2:{peers.ports['control']}"
    peers.files["/guest.py"] = script.encode()
    arguments = (f"--shutdown {options.arguments} -m efi_script {base}/guest.py "
                 f"--results {base}/results {script_arguments}")
    with tempfile.TemporaryDirectory() as folder:
        command = machine_command(options, arguments.strip(), forwarded, folder)
        start = time.monotonic()
        with open(os.path.join(folder, "console"), "wb") as console:
            with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console,
                                  stderr=subprocess.STDOUT) as machine:
                try:
                    machine.wait(options.timeout)
                except subprocess.TimeoutExpired:
                    print(f"the guest did not end within {options.timeout} s")
                finally:
                    machine.kill()
                if machine.wait():
                    print(f"{command[0]} ended with status {machine.returncode}")
        with open(os.path.join(folder, "console"), "rb") as console:
            heard = console.read().decode("utf-8", "replace")
    usage = os.times()
    print(f"{options.machine}: {time.monotonic() - start:.1f} s, "
          f"{usage.children_user + usage.children_system:.1f} CPU seconds")
    return heard


def compare(options, cases, host, guest):
    known = load_differences(options)
    problems = 0
    for (name, _), expected, got in zip(cases, host, guest):
        if got == expected:
            if name in known:
                problems += 1
                print(f"'{name}' is listed in differences.txt, and there is none")
            continue
        if name not in known:
            problems += 1
        if name not in known or options.verbose:
            print(f"---- {name}: {known.get(name, 'not listed')}\nhost:\n{expected}guest:\n"
                  f"{got if got is not None else '(no log)'}")
    listed = sum(name in known for name, _ in cases)
    print(f"{len(cases)} cases, {len(cases) - problems - listed} alike, {listed} listed differences, "
          f"{problems} problems")
    return problems


def arguments_of(description):
    """What every program that runs something in the guest is told."""
    parser = argparse.ArgumentParser(description=description,
                                     formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--machine", choices=("ice86", "qemu", "host"), required=True)
    parser.add_argument("--image", default="")
    parser.add_argument("--ice86", default="ice86")
    parser.add_argument("--memory", default="128", help="of the machine, in MB")
    parser.add_argument("--arguments", default="", help="more for the guest's Python")
    parser.add_argument("--impair", default="", help="of the card, such as ',loss=1%%'")
    parser.add_argument("--more", default="", help="options of ice86")
    parser.add_argument("--timeout", type=int, default=600)
    return parser


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--script", help="run this one in the guest instead of the cases")
    parser.add_argument("--tls", action="store_true", help="with a peer 'tls'")
    parser.add_argument("--dns", action="store_true", help="with a name server at 10.0.2.53")
    parser.add_argument("-k", dest="word", default="")
    parser.add_argument("-v", dest="verbose", action="store_true")
    options = parser.parse_args()
    if options.machine == "qemu" and shutil.which("qemu-system-x86_64") is None:
        print("the Debian package qemu-system-x86 is not installed")
        return 77
    peers = host_peers.Peers()
    if options.tls:
        if shutil.which("openssl") is None:
            print("the Debian package openssl is not installed")
            return 77
        start_tls(peers)
        # The certificate is valid from now on.
        options.more += time.strftime(" --cpu haswell --rtc %Y-%m-%dT%H:%M:%S",
                                      time.gmtime(time.time() + 3600))
    if options.dns:
        options.impair += start_dns(peers)
    if options.script:
        with open(options.script, encoding="utf-8") as file:
            text = file.read()
        values = {"HOST": "10.0.2.2", "HOST6": "fec0::2" if host_peers.has_ipv6() else None,
                  "PORTS": peers.ports, "SERVE": SERVE}
        setting = "".join(f"{name} = {value!r}\n" for name, value in values.items())
        heard = run_in_guest(options, peers, setting + read("prelude.py") + text)
        headers, body = peers.posted.get("/results", ({}, b""))
        print(body.decode() or heard)
        return 0 if headers.get("X-Status") == "0" else 1
    cases = load_cases(options.word)
    host = run_on_host(cases, peers)
    if options.machine == "host":
        for (name, _), log in zip(cases, host):
            print(f"---- {name}\n{log}", end="")
        return 0
    peers.told.clear()
    offer(peers, cases, "10.0.2.2", "fec0::2", SERVE)
    heard = run_in_guest(options, peers, read("guest_runner.py"))
    guest = take_logs(peers, len(cases))
    problems = compare(options, cases, host, guest)
    if "/results" not in peers.posted:
        problems += 1
        print(f"the guest has not come to its end:\n{heard[-6000:]}")
    elif "held 0 0 0\n" not in peers.posted["/results"][1].decode():
        problems += 1
        print("events or children are left:", peers.posted["/results"][1].decode()[-300:])
    elif options.verbose:
        print(peers.posted["/results"][1].decode())
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
