#!/bin/bash
# Disks on which boot loaders other than GRUB 2 start Debian's kernel without being asked, through its
# real-mode code, which calls the BIOS itself. Fetches the loaders' packages with apt-get, without installing
# them.
#   make_linux_loaders.sh FOLDER LINUX_DISK
# LINUX_DISK: linux64.img of make_linux_disks.sh, for its kernel and initramfs. Leaves in FOLDER:
# syslinux-linux.img (SYSLINUX), grub-legacy-linux.img (GRUB 0.97).
set -euo pipefail
folder=$(mkdir -p "$1" && realpath "$1") linux=$(realpath "$2")
export SOURCE_DATE_EPOCH=1055116800 TZ=UTC   # 2003-06-09, the date of the paper
work=$(mktemp -d "$folder/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

packages=(grub-legacy syslinux syslinux-common)
(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "${packages[@]}")
for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done
lib=$work/root/usr/lib
first=2048 sectors=$((40 * 2048))
for file in vmlinuz initrd; do
  mcopy -n -i "$linux@@$((first * 512))" "::/$file" "$work/$file"
done
append='console=ttyS0,115200 panic=1'

# disk FILE MBR: one active FAT16 partition with the kernel.
disk() {
  truncate -s $((sectors * 512)) "$1"
  dd if="$2" of="$1" bs=440 count=1 conv=notrunc status=none
  printf '\200\001\001\000\016\376\377\377\000\010\000\000\000\070\001\000' |
    dd of="$1" bs=1 seek=446 conv=notrunc status=none
  printf '\125\252' | dd of="$1" bs=1 seek=510 conv=notrunc status=none
  mformat -i "$1@@$((first * 512))" -T $((sectors - first)) -h 16 -s 63 -H "$first" -N 1CE86002 -v LINUX ::
  touch -d "@$SOURCE_DATE_EPOCH" "$work/vmlinuz" "$work/initrd"
  mcopy -m -i "$1@@$((first * 512))" "$work/vmlinuz" "$work/initrd" ::/
}
# put FILE NAME: into the root of the disk $disk.
put() {
  touch -d "@$SOURCE_DATE_EPOCH" "$1"
  mcopy -m -i "$disk@@$((first * 512))" "$1" "::/$2"
}

disk=$work/syslinux.img
disk "$disk" "$lib/syslinux/mbr/mbr.bin"
printf 'prompt 0\ndefault linux\nlabel linux\n  kernel vmlinuz\n  initrd initrd\n  append %s\n' "$append" \
  > "$work/syslinux.cfg"
put "$work/syslinux.cfg" syslinux.cfg
"$work/root/usr/bin/syslinux" --offset $((first * 512)) --install "$disk"
mv "$disk" "$folder/syslinux-linux.img"

# GRUB's own shell installs it, on an image as on a disk.
disk=$work/legacy.img
disk "$disk" /dev/null
mmd -i "$disk@@$((first * 512))" ::/boot ::/boot/grub
printf 'default 0\ntimeout 0\ntitle linux\nroot (hd0,0)\nkernel /vmlinuz %s\ninitrd /initrd\n' "$append" \
  > "$work/menu.lst"
for file in stage1 stage2 fat_stage1_5; do put "$lib/grub/x86_64-pc/$file" "boot/grub/$file"; done
put "$work/menu.lst" boot/grub/menu.lst
printf '(hd0) %s\n' "$disk" > "$work/device.map"
"$work/root/usr/sbin/grub" --batch --no-floppy --device-map="$work/device.map" > "$work/log" <<TEXT
device (hd0) $disk
geometry (hd0) 81 16 63
root (hd0,0)
setup (hd0)
quit
TEXT
grep -q 'succeeded' "$work/log" || {
  cat "$work/log" >&2
  exit 1
}
mv "$disk" "$folder/grub-legacy-linux.img"
