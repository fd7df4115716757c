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
