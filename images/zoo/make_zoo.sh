#!/bin/bash
# Boot loaders and firmware of other projects, from Debian's packages (fetched, not installed), each on
# a medium of its own:
#   make_zoo.sh FOLDER TEST_KERNEL
# Leaves in FOLDER: u-boot-x86.rom, u-boot-x86_64.rom, grub-firmware.bin (ROMs); syslinux.img (FAT disk,
# SYSLINUX), isolinux.iso (ISOLINUX), grub-legacy.img (diskette, GRUB 0.97), tftp/ (a TFTP server's folder with
# PXELINUX). The loaders load TEST_KERNEL, a multiboot kernel, where they can.
set -euo pipefail
folder=$(mkdir -p "$1" && realpath "$1") kernel=$(realpath "$2")
export SOURCE_DATE_EPOCH=1055116800 TZ=UTC   # 2003-06-09, the date of the paper
work=$(mktemp -d "$folder/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

packages=(u-boot-qemu grub-firmware-qemu grub-legacy syslinux syslinux-common isolinux pxelinux)
(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "${packages[@]}")
for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done
lib=$work/root/usr/lib

cp "$lib/u-boot/qemu-x86/u-boot.rom" "$folder/u-boot-x86.rom"
cp "$lib/u-boot/qemu-x86_64/u-boot.rom" "$folder/u-boot-x86_64.rom"
cp "$work/root/usr/share/qemu/grub.bin" "$folder/grub-firmware.bin"

# SYSLINUX and ISOLINUX with the same configuration: on the serial port, the kernel through mboot.c32.
cat > "$work/syslinux.cfg" <<'TEXT'
serial 0 115200
prompt 1
timeout 0
label test
  kernel mboot.c32
  append kernel.elf
TEXT
modules=$lib/syslinux/modules/bios
files=("$work/syslinux.cfg" "$modules/mboot.c32" "$modules/libcom32.c32" "$modules/ldlinux.c32")
cp "$kernel" "$work/kernel.elf"
touch -d "@$SOURCE_DATE_EPOCH" "${files[@]}" "$work/kernel.elf"

# A disk without partitions would need no MBR; with one, SYSLINUX's own finds the active partition.
truncate -s 16M "$work/disk.img"
first=2048 sectors=$((16 * 2048))
dd if="$lib/syslinux/mbr/mbr.bin" of="$work/disk.img" conv=notrunc status=none
printf '\200\001\001\000\016\376\377\377\000\010\000\000\000\170\000\000' |
  dd of="$work/disk.img" bs=1 seek=446 conv=notrunc status=none
printf '\125\252' | dd of="$work/disk.img" bs=1 seek=510 conv=notrunc status=none
partition="$work/disk.img@@$((first * 512))"
mformat -i "$partition" -T $((sectors - first)) -h 16 -s 63 -H "$first" -N 1CE86001 -v SYSLINUX ::
mcopy -m -i "$partition" "${files[@]}" "$work/kernel.elf" ::/
"$work/root/usr/bin/syslinux" --offset $((first * 512)) --install "$work/disk.img"
mv "$work/disk.img" "$folder/syslinux.img"

mkdir -p "$work/cd/isolinux"
cp "$lib/ISOLINUX/isolinux.bin" "$modules/mboot.c32" "$modules/libcom32.c32" "$modules/ldlinux.c32" \
  "$work/kernel.elf" "$work/cd/isolinux/"
cp "$work/syslinux.cfg" "$work/cd/isolinux/isolinux.cfg"
find "$work/cd" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
xorriso -as mkisofs -quiet -R -V ISOLINUX -uid 0 -gid 0 -o "$folder/isolinux.iso" \
  -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table \
  "$work/cd" 2>"$work/log" || {
  cat "$work/log" >&2
  exit 1
}

rm -rf "$folder/tftp"
mkdir -p "$folder/tftp/pxelinux.cfg"
cp "$lib/PXELINUX/pxelinux.0" "${files[@]:1}" "$work/kernel.elf" "$folder/tftp/"
cp "$work/syslinux.cfg" "$folder/tftp/pxelinux.cfg/default"

# GRUB Legacy as its manual describes a boot floppy: stage 1, stage 2, and nothing else.
truncate -s 1440K "$work/floppy.img"
dd if="$lib/grub/x86_64-pc/stage1" of="$work/floppy.img" bs=512 conv=notrunc status=none
dd if="$lib/grub/x86_64-pc/stage2" of="$work/floppy.img" bs=512 seek=1 conv=notrunc status=none
mv "$work/floppy.img" "$folder/grub-legacy.img"
