#!/bin/bash
# Boot disks with Debian's own kernels, unmodified: linux-image-amd64 with a busybox initramfs, and the
# installer's i386 kernel with its own initrd. Fetches the packages with apt-get, without installing them.
#   make_linux_disks.sh FOLDER
# Leaves linux64.img, linux64-noapic.img, linux32.img, linux32-noapic.img and memtest.img in FOLDER.
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
(cd "$work/initramfs" && find . | sort | cpio --quiet -o -H newc -R 0:0 --reproducible | gzip -9n) > "$work/initrd64"

installer=$work/root/usr/lib/debian-installer/images/12/i386/text/debian-installer/i386

# disk NAME KERNEL INITRD OPTIONS
disk() {
  printf 'set timeout=0\nmenuentry "%s" {\n  linux /vmlinuz console=ttyS0 panic=1 %s\n  initrd /initrd\n}\n' \
    "$1" "$4" > "$work/grub.cfg"
  "$here/../grub/make_disk.sh" -s 80 -m linux "$folder/$1.img" "$grub" "$work/grub.cfg" "vmlinuz=$2" "initrd=$3"
}
for suffix in '' -noapic; do
  options=
  [ -n "$suffix" ] && options='noapic nolapic'
  disk "linux64$suffix" "$work"/root/boot/vmlinuz-* "$work/initrd64" "$options"
  disk "linux32$suffix" "$installer/linux" "$installer/initrd.gz" "$options rdinit=/bin/sh"
done

printf 'set timeout=0\nmenuentry memtest86+ {\n  linux16 /memtest\n}\n' > "$work/grub.cfg"
"$here/../grub/make_disk.sh" -m linux16 "$folder/memtest.img" "$grub" "$work/grub.cfg" \
  "memtest=$work/root/boot/memtest86+x64.bin"
