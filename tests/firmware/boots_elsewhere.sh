#!/usr/bin/env bash
# A ROM of ours on somebody else's machine: boots the test kernel from the disk in QEMU or in Bochs.
#   boots_elsewhere.sh qemu|bochs ROM DISK PAYLOAD [VGA [EXPECTED...]]
# PAYLOAD: the one that says "Payload 'PAYLOAD'". VGA: of QEMU: std or none. EXPECTED: lines on the serial port
# (regular expressions) besides those of every ROM.
# Exit 0: it did; 1: it did not (the serial log is printed); 77: the emulator is not installed.
set -euo pipefail
where=$1 rom=$(realpath "$2") disk=$(realpath "$3") payload=$4 vga=${5:-std}
expected=("${@:6}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$disk" "$work/disk.img"
cd "$work"
last='ice86 test kernel: ok'
[ "$payload" != linux ] || last='built-in shell'

case $where in
  qemu)
    command -v qemu-system-i386 >/dev/null || { echo "qemu-system-x86 is not installed"; exit 77; }
    # The test kernel ends QEMU by itself.
    timeout 600 qemu-system-x86_64 -M pc -m 512 -bios "$rom" -drive file=disk.img,format=raw -vga "$vga" \
      -display none -serial file:serial.log -no-reboot -nic none \
      -device pci-bridge,chassis_nr=1,id=bridge -device pci-bridge,chassis_nr=2,id=inner,bus=bridge \
      -device e1000,bus=inner,addr=3,romfile=/usr/lib/ipxe/qemu/pxe-e1000.rom \
      -device isa-debug-exit,iobase=0x501,iosize=2 </dev/null &
    emulator=$!
    while kill -0 $emulator 2>/dev/null; do
      [ "$payload" != linux ] || ! grep -aqs "$last" serial.log || kill $emulator
      sleep 0.2
    done
    wait $emulator || status=$?
    [ "$payload" = linux ] || [ "${status:-0}" -eq 33 ] ||
      { echo "QEMU ended with ${status:-0}, not with the kernel's 33"; failed=1; }
    # Behind both bridges: INTA# of device 3 on bus 2, itself behind device 1 of bus 1.
    expected+=('PCI: 02:03.0 8086:100e' '\$PIR: 8 entries')
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
    timeout 600 script -qec "bochs -q -f bochsrc -rc commands" /dev/null > output 2>&1 </dev/null || true
    expected+=('\$PIR: 6 entries')
    ;;
esac

expected+=('DRAM: 524288 KB, from CMOS' "Payload '$payload':" "$last")
[ "$payload" != adlo ] || expected+=('ADLO: starting the BIOS')
for line in "${expected[@]}"; do
  grep -aq -- "$line" serial.log || { echo "$where: the serial console does not say '$line'"; failed=1; }
done
if [ -n "${failed:-}" ]; then
  cat serial.log
  exit 1
fi
