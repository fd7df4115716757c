#!/bin/sh
# GRUB as an ELF payload that knows the LinuxBIOS table and no BIOS.
#   make_grub.sh OUTPUT GRUB_DIRECTORY GRUB_CFG
set -eu
output=$1 grub=$2 cfg=$3
work=$(mktemp -d "$output.XXXXXX")
trap 'rm -rf "$work"' EXIT
cp "$cfg" "$work/grub.cfg"
echo 'normal (memdisk)/grub.cfg' > "$work/early.cfg"
tar --create --file "$work/memdisk.tar" --directory "$work" --owner=0 --group=0 --mtime=@1055116800 \
  --format=ustar grub.cfg
grub-mkimage --format=i386-coreboot --directory="$grub" --output="$output" --memdisk="$work/memdisk.tar" \
  --config="$work/early.cfg" --prefix='(memdisk)/' \
  memdisk tar serial terminal normal configfile test part_msdos fat ata pata linux multiboot echo ls cbls lsmmap
