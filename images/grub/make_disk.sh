#!/bin/sh
# Makes the GRUB boot disk: MBR, core image in the gap behind it, one FAT partition. No root, no loop
# devices; the same inputs give the same bytes.
#   make_disk.sh [-s MIB] [-m "GRUB_MODULE..."] OUTPUT GRUB_DIRECTORY GRUB_CFG [NAME=FILE...]
# The files go into the root of the partition.
set -eu
mib=16 modules=
while getopts s:m: option; do
  case $option in
    s) mib=$OPTARG ;;
    m) modules=$OPTARG ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
output=$1 grub=$2 cfg=$3
shift 3
export SOURCE_DATE_EPOCH=1055116800 TZ=UTC   # 2003-06-09, the date of the paper
sectors=$((mib * 2048))
first=2048                                   # the partition begins at 1 MiB
work=$(mktemp -d "$output.XXXXXX")
trap 'rm -rf "$work"' EXIT

# A byte string in little-endian order: le NUMBER BYTES
le() {
  number=$1 count=$2
  while [ "$count" -gt 0 ]; do
    printf "\\$(printf %03o $((number & 255)))"
    number=$((number >> 8)) count=$((count - 1))
  done
}

# shellcheck disable=SC2086  # a list of words
grub-mkimage --format=i386-pc --directory="$grub" --output="$work/core.img" \
  --prefix='(hd0,msdos1)/boot/grub' \
  biosdisk part_msdos fat normal configfile echo halt sleep multiboot ls test $modules
size=$(wc -c < "$work/core.img")
if [ $(((size + 511) / 512)) -ge "$first" ]; then
  echo "make_disk.sh: the GRUB core image ($size bytes) does not fit before the partition" >&2
  exit 1
fi

truncate -s $((sectors * 512)) "$work/disk.img"
# The boot code; the partition table follows at byte 446. boot.img loads the core from sector 1 as it is.
dd if="$grub/boot.img" of="$work/disk.img" bs=440 count=1 conv=notrunc status=none
{
  printf '\200\001\001\000\016\376\377\377'  # active; CHS beyond reach; type 0E: FAT16 by LBA
  le "$first" 4
  le $((sectors - first)) 4
} | dd of="$work/disk.img" bs=1 seek=446 conv=notrunc status=none
printf '\125\252' | dd of="$work/disk.img" bs=1 seek=510 conv=notrunc status=none
dd if="$work/core.img" of="$work/disk.img" bs=512 seek=1 conv=notrunc status=none

partition="$work/disk.img@@$((first * 512))"
mformat -i "$partition" -T $((sectors - first)) -h 16 -s 63 -H "$first" -N 1CE86000 -v ICE86 ::
mmd -i "$partition" ::/boot ::/boot/grub
cp "$cfg" "$work/grub.cfg"
touch -d "@$SOURCE_DATE_EPOCH" "$work/grub.cfg"
mcopy -m -i "$partition" "$work/grub.cfg" ::/boot/grub/grub.cfg
for file; do
  cp "${file#*=}" "$work/file"
  touch -d "@$SOURCE_DATE_EPOCH" "$work/file"
  mcopy -m -i "$partition" "$work/file" "::/${file%%=*}"
done
mv "$work/disk.img" "$output"
