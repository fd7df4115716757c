#!/bin/sh
# Makes the GRUB boot CD: ISO 9660 with an El Torito boot image without emulation. The same inputs give
# the same bytes.
#   make_cd.sh OUTPUT GRUB_DIRECTORY GRUB_CFG KERNEL
set -eu
output=$1 grub=$2 cfg=$3 kernel=$4
export SOURCE_DATE_EPOCH=1055116800 TZ=UTC   # 2003-06-09, the date of the paper
work=$(mktemp -d "$output.XXXXXX")
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/cd/boot/grub"
grub-mkimage --format=i386-pc-eltorito --directory="$grub" --output="$work/cd/boot/grub/eltorito.img" \
  --prefix='(cd)/boot/grub' \
  biosdisk iso9660 normal configfile echo halt sleep multiboot ls test
cp "$cfg" "$work/cd/boot/grub/grub.cfg"
cp "$kernel" "$work/cd/kernel.elf"
find "$work/cd" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
# GRUB's boot image finds the rest of itself through the boot information table (mkisofs's manual
# page, "EL TORITO BOOT INFORMATION TABLE").
xorriso -as mkisofs -quiet -R -V ICE86 -uid 0 -gid 0 -o "$work/cd.iso" \
  -b boot/grub/eltorito.img -no-emul-boot -boot-load-size 4 -boot-info-table "$work/cd" 2>"$work/log" || {
  cat "$work/log" >&2
  exit 1
}
mv "$work/cd.iso" "$output"
