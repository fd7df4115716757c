#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# What is typed into a serial port and what the user network answers is in the input log, and the
# log gives the same final state without either: input_log.sh ICE86 DISK.
set -u
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
run() {
  timeout 600 "$@" 2>"$folder/err"
  code=$?
  [ "$code" -eq 3 ] || { cat "$folder/err"; echo "exit code $code, not 3"; exit 1; }
}
ice86=$1 disk=$2
has() {
  if ! grep -q "$1" "$folder/log"; then
    echo "the log has no $1"
    cut -c1-200 "$folder/log" | head -20
    exit 1
  fi
}

# Typed into the serial port: the same state, without anybody who types.
set -- "$ice86" run --firmware seabios --disk "$disk" --max-time 200ms --hash
printf 'typed' | run "$@" --serial stdio --record-input "$folder/log" >"$folder/first"
has '"serial":0,"hex":"7479706564"'
run "$@" --serial null --input "$folder/log" >"$folder/second" </dev/null
run "$@" --serial null >"$folder/third" </dev/null
state() { grep -o 'state [0-9a-f]*' "$folder/$1"; }
if [ -z "$(state first)" ] || [ "$(state first)" != "$(state second)" ]; then
  echo "repeated serial input: $(state second), not $(state first)"
  exit 1
fi
if [ "$(state first)" = "$(state third)" ]; then
  echo "what is typed does not show in the state: this test sees nothing"
  exit 1
fi

# The network card's option ROM asks for an address: the same frames, byte for byte and to the
# nanosecond, and the same screen, without a network.
set -- "$ice86" run --firmware seabios --boot n --nic user --max-time 8 --print-screen
run "$@" --pcap "$folder/first.pcap" --record-input "$folder/log" >"$folder/first" </dev/null
has '"frame":0'
run "$@" --pcap "$folder/second.pcap" --input "$folder/log" >"$folder/second" </dev/null
cmp "$folder/first.pcap" "$folder/second.pcap" || exit 1
if ! cmp "$folder/first" "$folder/second"; then
  cat "$folder/first" "$folder/second"
  exit 1
fi
echo "$(grep -c '"frame":0' "$folder/log") frames"
