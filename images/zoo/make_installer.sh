#!/bin/bash
# The Debian installer's CD as its own are made: ISOLINUX for a BIOS, GRUB for UEFI, the package's kernel
# and its initrds for text and graphics. Fetches the packages with apt-get, without installing them.
#   make_installer.sh FOLDER
# Leaves installer.iso in FOLDER. ISOLINUX asks on COM1 which to boot: `text` (on the display's text screen:
# the installer would otherwise load the kernel's bochs driver and draw its letters), `letters` (drawn) or
# `graphics`. GRUB's menu has a key for each: t (drawn as well, there is no text screen) and g.
set -euo pipefail
folder=$(mkdir -p "$1" && realpath "$1")
here=$(dirname "$(realpath "$0")")
export SOURCE_DATE_EPOCH=1055116800 TZ=UTC   # 2003-06-09, the date of the paper
work=$(mktemp -d "$folder/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

packages=(debian-installer-12-netboot-amd64 isolinux syslinux-common grub-efi-amd64-signed)
(cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "${packages[@]}")
for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done
installer=$work/root/usr/lib/debian-installer/images/12/amd64

mkdir -p "$work/cd/isolinux" "$work/cd/install"
cp "$work/root/usr/lib/ISOLINUX/isolinux.bin" "$work/root/usr/lib/syslinux/modules/bios/ldlinux.c32" "$work/cd/isolinux/"
cp "$installer/text/debian-installer/amd64/linux" "$work/cd/install/"
for kind in text gtk; do
  cp "$installer/$kind/debian-installer/amd64/initrd.gz" "$work/cd/install/initrd-$kind.gz"
done
cat > "$work/cd/isolinux/isolinux.cfg" <<'TEXT'
serial 0 115200
prompt 1
timeout 0
label text
  kernel /install/linux
  append vga=normal fb=false nomodeset initrd=/install/initrd-text.gz ---
label letters
  kernel /install/linux
  append vga=normal fb=false initrd=/install/initrd-text.gz ---
label graphics
  kernel /install/linux
  append vga=788 initrd=/install/initrd-gtk.gz ---
TEXT
cat > "$work/grub.cfg" <<'TEXT'
search --file --set=root /install/initrd-text.gz
set timeout=-1
menuentry "Install (text)" --hotkey=t {
  linux /install/linux vga=788 ---
  initrd /install/initrd-text.gz
}
menuentry "Install (graphics)" --hotkey=g {
  linux /install/linux vga=788 ---
  initrd /install/initrd-gtk.gz
}
TEXT
# From a CD, GRUB looks for its /EFI/debian on the CD itself and not in the image that UEFI has started it from.
mkdir -p "$work/cd/EFI/debian"
cp "$work/grub.cfg" "$work/cd/EFI/debian/"
"$here/../efi/make_esp.sh" -s 8 "$work/cd/efi.img" \
  "/EFI/BOOT/BOOTX64.EFI=$work/root/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"
find "$work/cd" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
xorriso -as mkisofs -quiet -R -J -V INSTALLER -uid 0 -gid 0 -o "$folder/installer.iso" \
  -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table \
  -eltorito-alt-boot -e efi.img -no-emul-boot "$work/cd" 2>"$work/log" || {
  cat "$work/log" >&2
  exit 1
}
