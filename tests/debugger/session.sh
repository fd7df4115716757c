#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# One scripted session of Debian's GDB with a run: session.sh ICE86 SCRIPT.py HELPER.py RUN-OPTION...
# Another GDB than 'gdb': in the variable ICE86_GDB.
# The script ends GDB with exit code 0 when all that it looked at was right.
set -u
ice86=$1 script=$2 helper=$3
shift 3
folder=$(mktemp -d)
"$ice86" run "$@" -S --gdb "unix:$folder/gdb" >"$folder/run.log" 2>&1 </dev/null &
machine=$!
cleanup() {
  kill "$machine" 2>/dev/null
  wait "$machine" 2>/dev/null
  rm -rf "$folder"
}
trap cleanup EXIT
waited=0
while [ ! -S "$folder/gdb" ]; do
  if ! kill -0 "$machine" 2>/dev/null || [ "$waited" -ge 300 ]; then
    cat "$folder/run.log"
    exit 1
  fi
  sleep 0.1
  waited=$((waited + 1))
done
ICE86_SOCKET="$folder/gdb" ICE86_HELPER="$helper" \
  timeout 500 "${ICE86_GDB:-gdb}" -nx -batch -ex "python import sys; sys.path.insert(0, '$(dirname "$script")')" -x "$script"
result=$?
# GDB has ended the run.
wait "$machine"
ended=$?
if [ "$result" -eq 0 ] && [ "$ended" -ne 0 ]; then
  echo "the run ended with exit code $ended"
  result=1
fi
if [ "$result" -ne 0 ]; then
  echo "--- the run said:"
  cat "$folder/run.log"
fi
exit "$result"
