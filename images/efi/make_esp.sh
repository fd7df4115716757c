#!/bin/sh
# Makes a disk that UEFI firmware reads: one FAT file system over all of it. No root, no loop devices;
# the same inputs give the same bytes.
#   make_esp.sh [-s MIB] OUTPUT PATH=FILE...
# PATH is absolute on the disk, such as /EFI/BOOT/BOOTX64.EFI; its folders are made.
set -eu
mib=8
while getopts s: option; do
  case $option in
    s) mib=$OPTARG ;;
    *) exit 2 ;;
  esac
done
shift $((OPTIND - 1))
output=$1
shift
export SOURCE_DATE_EPOCH=1055116800 TZ=UTC
work=$(mktemp -d "$output.XXXXXX")
trap 'rm -rf "$work"' EXIT
truncate -s "${mib}M" "$work/disk.img"
mformat -i "$work/disk.img" -T $((mib * 2048)) -h 16 -s 63 -N 1CE86E51 -v ICE86ESP ::
for file; do
  path=${file%%=*}
  folder=
  rest=${path#/}
  while [ "$rest" != "${rest#*/}" ]; do
    folder=$folder/${rest%%/*}
    rest=${rest#*/}
    [ -d "$work/tree$folder" ] && continue
    mkdir -p "$work/tree$folder"
    mmd -i "$work/disk.img" "::$folder"
  done
  cp "${file#*=}" "$work/file"
  touch -d "@$SOURCE_DATE_EPOCH" "$work/file"
  mcopy -m -i "$work/disk.img" "$work/file" "::$path"
done
mv "$work/disk.img" "$output"
