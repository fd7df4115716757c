#!/usr/bin/env bash
# What our firmware leaves in the memory of somebody else's machine: QEMU with a network card behind a PCI bridge
# boots the disk that asks the BIOS, and `ice86 firmware lint` reads QEMU's memory.
#   lint_elsewhere.sh ICE86 ROM PROBE_DISK
# The ROM is one with console=serial. Exit 0: sound; 1: not; 77: QEMU is not installed.
set -euo pipefail
ice86=$(realpath "$1") rom=$(realpath "$2") disk=$(realpath "$3")
command -v qemu-system-i386 >/dev/null || { echo "qemu-system-x86 is not installed"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$disk" "$work/disk.img"
cd "$work"
{
  for _ in $(seq 600); do
    grep -aqs 'The BIOS has answered' serial.log && break
    sleep 0.5
  done
  echo 'pmemsave 0 0x2000000 "memory.bin"'
  echo quit
} | timeout 400 qemu-system-i386 -M pc -m 32 -bios "$rom" -drive file=disk.img,format=raw -vga none -display none \
  -serial file:serial.log -monitor stdio -nic none \
  -device pci-bridge,chassis_nr=1,id=bridge -device e1000,bus=bridge,addr=3,romfile= >monitor.log 2>&1
"$ice86" firmware lint --memory-dump memory.bin > report || { cat report serial.log; exit 1; }
for line in '\$PIR) *at ' 'MP table *at ' 'APM BIOS *1.2' 'PCI BIOS *2.10' 'INT 15h E820 *[3-9] ranges' '^0 errors'; do
  grep -q -- "$line" report || { echo "the report does not say '$line'"; cat report serial.log; exit 1; }
done
