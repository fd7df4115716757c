#!/bin/bash
# Boot disks with Debian's own kernels, unmodified: linux-image-amd64 with a busybox initramfs, and the
# installer's i386 kernel with its own initrd. Fetches the packages with apt-get, without installing them.
#   make_linux_disks.sh FOLDER
# Leaves in FOLDER: linux64.img, linux64-noapic.img, linux32.img, linux32-noapic.img; linux64-drivers.img, with
# the package's drivers of the board's devices and a frame buffer by VESA; memtest.img.
set -euo pipefail
folder=$(mkdir -p "$1" && realpath "$1")
here=$(dirname "$(realpath "$0")")
grub=/usr/lib/grub/i386-pc
work=$(mktemp -d "$folder/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

kernel=$(apt-cache depends linux-image-amd64 | awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }')
packages=("$kernel" busybox-static debian-installer-12-netboot-i386 memtest86+)
(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "${packages[@]}")
for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done

# An initramfs with busybox and a script that ends in a shell.
mkdir -p "$work/initramfs/bin"
cp "$work/root/bin/busybox" "$work/initramfs/bin/"
cp "$here/init" "$work/initramfs/init"
chmod +x "$work/initramfs/init"
# archive FOLDER OUTPUT
archive() { (cd "$1" && find . | sort | cpio --quiet -o -H newc -R 0:0 --reproducible | gzip -9n) > "$2"; }
archive "$work/initramfs" "$work/initrd64"

# The same with the drivers of the board's devices and some file systems, and what those need.
release=$(basename "$work"/root/lib/modules/*)
busybox=$work/root/bin/busybox
modules=lib/modules/$release
"$busybox" depmod -b "$work/root" "$release"
cp -r "$work/initramfs" "$work/drivers"
for module in e1000 ata_piix ata_generic sd_mod sr_mod ext4 vfat nls_cp437 nls_ascii isofs crc32c_generic crct10dif_generic; do
  sed -n "s|:||; /\/$module\.ko\( \|\$\)/{ /^[^ ]*\/$module\.ko/p }" "$work/root/$modules/modules.dep"
done | tr ' ' '\n' | sort -u | while read -r file; do
  [ -n "$file" ] && install -D -m 644 "$work/root/$modules/$file" "$work/drivers/$modules/$file"
done
cp "$work/root/$modules"/modules.{builtin,order} "$work/drivers/$modules/"
"$busybox" depmod -b "$work/drivers" "$release"
install -D "$here/udhcpc.script" "$work/drivers/etc/udhcpc/default.script"
archive "$work/drivers" "$work/initrd64-drivers"

installer=$work/root/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386

# disk NAME KERNEL INITRD OPTIONS [GRUB_COMMANDS [GRUB_MODULES]]
disk() {
  printf 'set timeout=0\n%bmenuentry "%s" {\n  linux /vmlinuz %s console=ttyS0,115200 panic=1\n  initrd /initrd\n}\n' \
    "${5-}" "$1" "$4" > "$work/grub.cfg"
  "$here/../grub/make_disk.sh" -s 80 -m "linux ${6-}" "$folder/$1.img" "$grub" "$work/grub.cfg" "vmlinuz=$2" "initrd=$3"
}
for suffix in '' -noapic; do
  options=
  [ -n "$suffix" ] && options='noapic nolapic'
  disk "linux64$suffix" "$work"/root/boot/vmlinuz-* "$work/initrd64" "$options"
  disk "linux32$suffix" "$installer/linux" "$installer/initrd.gz" "$options rdinit=/bin/sh"
done
disk linux64-drivers "$work"/root/boot/vmlinuz-* "$work/initrd64-drivers" console=tty0 \
  'terminal_output console\nset gfxpayload=800x600x32\n' 'vbe video'

printf 'set timeout=0\nmenuentry memtest86+ {\n  linux16 /memtest\n}\n' > "$work/grub.cfg"
"$here/../grub/make_disk.sh" -m linux16 "$folder/memtest.img" "$grub" "$work/grub.cfg" \
  "memtest=$work/root/boot/memtest86+x64.bin"
