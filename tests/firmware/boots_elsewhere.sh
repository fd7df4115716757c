#!/usr/bin/env bash
# A ROM of ours on somebody else's machine: boots the test kernel from the disk in QEMU or in Bochs.
#   boots_elsewhere.sh qemu|bochs ROM DISK [PAYLOAD]
# PAYLOAD: the one that says "Payload 'PAYLOAD'"; adlo when there is none.
# Exit 0: it did; 1: it did not (the serial log is printed); 77: the emulator is not installed.
set -euo pipefail
where=$1 rom=$(realpath "$2") disk=$(realpath "$3") payload=${4:-adlo}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$disk" "$work/disk.img"
cd "$work"

case $where in
  qemu)
    command -v qemu-system-i386 >/dev/null || { echo "qemu-system-x86 is not installed"; exit 77; }
    timeout 300 qemu-system-i386 -M pc -m 512 -bios "$rom" -drive file=disk.img,format=raw \
      -display none -serial file:serial.log -no-reboot -nic none \
      -device pci-bridge,chassis_nr=1,id=bridge -device e1000,bus=bridge,addr=3,romfile= \
      -device isa-debug-exit,iobase=0x501,iosize=2 </dev/null || status=$?
    [ "${status:-0}" -eq 33 ] || { echo "QEMU ended with ${status:-0}, not with the kernel's 33"; failed=1; }
    ;;
  bochs)
    for tool in bochs script; do
      command -v $tool >/dev/null || { echo "$tool is not installed"; exit 77; }
    done
    # Port 501 is the VGA BIOS's panic port here; the kernel writes it before it asks for the end.
    cat > bochsrc <<TEXT
romimage: file=$rom
megs: 512
ata0-master: type=disk, path=disk.img, mode=flat, cylinders=32, heads=16, spt=63
boot: disk
pci: enabled=1, chipset=i440fx, slot1=pcivga
display_library: term
clock: sync=none, time0=1000000000
speaker: enabled=0
sound: driver=dummy
com1: enabled=1, mode=file, dev=serial.log
log: bochs.log
panic: action=report
TEXT
    printf 'c\nquit\n' > commands
    timeout 300 script -qec "bochs -q -f bochsrc -rc commands" /dev/null > output 2>&1 </dev/null || true
    ;;
esac

expect() {
  grep -aq "$1" serial.log || { echo "$where: the serial console does not say '$1'"; failed=1; }
}
[ "$where" != qemu ] || expect 'PCI: 01:03.0 8086:100e'
expect 'DRAM: 524288 KB, from CMOS'
expect "Payload '$payload': ELF"
[ "$payload" != adlo ] || expect 'ADLO: starting the BIOS'
expect 'ice86 test kernel: ok'
if [ -n "${failed:-}" ]; then
  cat serial.log
  exit 1
fi
