#!/bin/sh
# Looks for paths in the bytes of the images that every build makes.
#   hold_no_paths.sh FOLDER PATH...
set -eu
folder=$1
shift
found=0
for name in test-kernel.elf grub.img grub.iso probe.img efi-python.img grub.rom \
  stack.rom stack-packed.rom stack-options.rom stack-serial.rom stack-seabios.rom; do
  image=$folder/$name
  [ -e "$image" ] || { echo "$image is missing: is it built?" >&2; exit 1; }
  for path; do
    if LC_ALL=C grep -aqF -- "$path/" "$image"; then
      echo "$image holds $path" >&2
      found=1
    fi
  done
done
exit $found
