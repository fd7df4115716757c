#!/bin/bash
# Boot disks with Debian's own kernels, unmodified: linux-image-amd64 with a busybox initramfs, and the
# installer's i386 kernel with its own initrd. Fetches the packages with apt-get, without installing them.
#   make_linux_disks.sh FOLDER TEST_KERNEL
# Leaves in FOLDER: linux64.img, linux64-noapic.img, linux32.img, linux32-noapic.img; linux64-drivers.img, with
# the package's drivers of the board's devices, a frame buffer by VESA, and on its disk what the guest
# needs to make a disk that EXTLINUX boots TEST_KERNEL from; memtest.img; for UEFI grub-efi.img, systemd-boot.img (both with the 64-bit kernel) and
# memtest-efi.img.
set -euo pipefail
folder=$(mkdir -p "$1" && realpath "$1") test_kernel=$(realpath "$2")
here=$(dirname "$(realpath "$0")")
grub=/usr/lib/grub/i386-pc
work=$(mktemp -d "$folder/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

kernel=$(apt-cache depends linux-image-amd64 | awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }')
packages=("$kernel" busybox-static debian-installer-12-netboot-i386 memtest86+ extlinux syslinux-common libc6
  grub-efi-amd64-signed systemd-boot-efi)
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

# disk NAME KERNEL INITRD OPTIONS [GRUB_COMMANDS [GRUB_MODULES [NAME=FILE...]]]
disk() {
  printf 'set timeout=0\n%bmenuentry "%s" {\n  linux /vmlinuz %s console=ttyS0,115200 panic=1\n  initrd /initrd\n}\n' \
    "${5-}" "$1" "$4" > "$work/grub.cfg"
  "$here/../grub/make_disk.sh" -s 80 -m "linux ${6-}" "$folder/$1.img" "$grub" "$work/grub.cfg" "vmlinuz=$2" "initrd=$3" "${@:7}"
}
for suffix in '' -noapic; do
  options=
  [ -n "$suffix" ] && options='noapic nolapic'
  disk "linux64$suffix" "$work"/root/boot/vmlinuz-* "$work/initrd64" "$options"
  disk "linux32$suffix" "$installer/linux" "$installer/initrd.gz" "$options rdinit=/bin/sh"
done
printf 'serial 0 115200\nprompt 1\ntimeout 0\nlabel test\n  kernel mboot.c32\n  append kernel.elf\n' \
  > "$work/extlinux.conf"
bios=$work/root/usr/lib/syslinux/modules/bios
extlinux_modules=("mboot.c32=$bios/mboot.c32" "libcom32.c32=$bios/libcom32.c32")
disk linux64-drivers "$work"/root/boot/vmlinuz-* "$work/initrd64-drivers" console=tty0 \
  'terminal_output console\nset gfxpayload=800x600x32\n' 'vbe video' "extlinux=$work/root/usr/bin/extlinux" \
  "ld.so=$(realpath "$work"/root/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2)" \
  "libc.so.6=$work/root/lib/x86_64-linux-gnu/libc.so.6" "extlinux.conf=$work/extlinux.conf" \
  "kernel.elf=$test_kernel" "${extlinux_modules[@]}"

printf 'set timeout=0\nmenuentry memtest86+ {\n  linux16 /memtest\n}\n' > "$work/grub.cfg"
"$here/../grub/make_disk.sh" -m linux16 "$folder/memtest.img" "$grub" "$work/grub.cfg" \
  "memtest=$work/root/boot/memtest86+x64.bin"

# UEFI: the loaders as removable media have them. GRUB is the signed one, whose prefix is /EFI/debian.
esp() { "$here/../efi/make_esp.sh" -s 48 "$folder/$1" "${@:2}"; }
console='console=tty0 console=ttyS0,115200 panic=1'
printf 'set timeout=0\nmenuentry linux64 {\n  linux /vmlinuz %s\n  initrd /initrd\n}\n' "$console" > "$work/grub.cfg"
esp grub-efi.img "/EFI/BOOT/BOOTX64.EFI=$work/root/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed" \
  "/EFI/debian/grub.cfg=$work/grub.cfg" "/vmlinuz=$(echo "$work"/root/boot/vmlinuz-*)" "/initrd=$work/initrd64"
printf 'timeout 3\ndefault debian.conf\n' > "$work/loader.conf"
printf 'title Debian\nlinux /vmlinuz\ninitrd /initrd\noptions %s\n' "$console" > "$work/debian.conf"
esp systemd-boot.img "/EFI/BOOT/BOOTX64.EFI=$work/root/usr/lib/systemd/boot/efi/systemd-bootx64.efi" \
  "/loader/loader.conf=$work/loader.conf" "/loader/entries/debian.conf=$work/debian.conf" \
  "/vmlinuz=$(echo "$work"/root/boot/vmlinuz-*)" "/initrd=$work/initrd64"
esp memtest-efi.img "/EFI/BOOT/BOOTX64.EFI=$work/root/boot/memtest86+x64.efi"
