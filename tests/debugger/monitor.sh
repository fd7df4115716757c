#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The monitor as a script uses it: monitor.sh ICE86 DISK. Forwards to the boot sector, back, and on.
set -u
said=$(printf '%s\n' 'lb 0x7c00' c 'u /1' 'rs 3' 's 3' 'x /2bx 0x7dfe' 'goto start' 'goto +1' \
  'int 13 2' history nonsense quit |
  timeout 250 "$1" run --firmware seabios --disk "$2" -S --monitor stdio 2>&1)
result=$?
echo "$said"
if [ "$result" -ne 0 ]; then
  echo "exit code $result, not 0"
  exit 1
fi
for wanted in 'breakpoint 1 at 0x7c00' 'breakpoint at 0x7c00 at instruction' \
  'stepped back (in the past)' '00007dfe: 55 aa' 'moved (in the past) at instruction 1,' \
  'f000:0000e05b' 'is no command' 'from instruction 0 to'; do
  case $said in
    *"$wanted"*) ;;
    *)
      echo "missing: $wanted"
      exit 1
      ;;
  esac
done
# Three steps forward are where three steps back came from.
places=$(echo "$said" | grep -c '^0000:00007c00')
if [ "$places" -ne 2 ]; then
  echo "the boot sector was reached $places times, not 2"
  exit 1
fi

# The way back can be stopped: the machine is where it was. The second INT 10h is that of a count of
# stops; memory goes into a file; the profile has samples.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
said=$(printf '%s\n' 'profile start 1000' 'lb 0x7c00' c 'profile 3' rc stop rc 'goto end' \
  'pmemsave 0x7c00 512 '"$folder/sector" 'goto int 10 2' 'goto int 13 9999' 'goto start' 'd 1' 'int 10' c c r quit |
  timeout 250 "$1" run --firmware seabios --disk "$2" -S --monitor stdio 2>&1)
result=$?
[ "$result" -eq 0 ] || { echo "$said"; echo "exit code $result, not 0"; exit 1; }
for wanted in 'stopped on the way back: it is where it was at' 'history begins here' ' samples at ' \
  'interrupt 10h, the 2. of them (in the past)' 'interrupts 13h'; do
  case $said in
    *"$wanted"*) ;;
    *)
      echo "$said"
      echo "missing: $wanted"
      exit 1
      ;;
  esac
done
at() { echo "$said" | grep "$1" | tail -1 | grep -o 'at instruction [0-9]*'; }
if [ "$(at 'the 2. of them')" != "$(at 'interrupt 10h from')" ]; then
  echo "$said"
  echo "goto int 10 2 is not the second stop at INT 10h"
  exit 1
fi
if ! head -c 512 "$2" | cmp - "$folder/sector"; then
  echo "pmemsave has not saved the boot sector"
  exit 1
fi

# Who wrote the boot sector? A diskette's comes by DMA, byte by byte, which is seen backwards and forwards; and before it a BIOS
# asks for no reset.
head -c 1474560 "$2" >"$folder/floppy"
said=$(printf '%s\n' resetbp 'lb 0x7c00' c 'd 2' 'watch 0x7c00 2' rc c blist quit |
  timeout 250 "$1" run --firmware seabios --fda "$folder/floppy" -boot a -S --monitor stdio 2>&1)
result=$?
[ "$result" -eq 0 ] || { echo "$said"; echo "exit code $result, not 0"; exit 1; }
stops=$(echo "$said" | grep -c 'DMA to physical 0x7c01')
if [ "$stops" -ne 2 ]; then
  echo "$said"
  echo "the DMA was seen $stops times, not 2"
  exit 1
fi
case $said in
  *'1  a reset'*) ;;
  *) echo "$said"; echo "blist has no reset"; exit 1 ;;
esac
