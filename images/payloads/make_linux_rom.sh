#!/bin/sh
# A 16 MB ROM with Debian's kernel and its busybox initramfs, both from the disk that
# images/linux/make_linux_disks.sh has made.
#   make_linux_rom.sh OUTPUT ICE86 DISK
set -eu
output=$1 ice86=$2 disk=$3
work=$(mktemp -d "$output.XXXXXX")
trap 'rm -rf "$work"' EXIT
mcopy -i "$disk@@1M" ::vmlinuz ::initrd "$work/"
"$ice86" image rom --out "$output" --size 16M --linux "$work/vmlinuz" --unpack-kernel \
  --initrd "$work/initrd" --cmdline 'console=ttyS0,115200 panic=1 quiet' --option acpi=on
