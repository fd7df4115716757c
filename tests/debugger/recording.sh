#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# A recorded run is repeated with other observers and the other engine, without its network and
# without anybody who types; what is not the recorded machine is refused: recording.sh ICE86 DISK.
set -u
ice86=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$2" "$folder/disk.img" && chmod u+w "$folder/disk.img" && cd "$folder" || exit 1

fail() {
  echo "$1"
  cat err
  exit 1
}
# run CODE MESSAGE WORDS...: the exit code, and what is said.
run() {
  wanted=$1 said=$2
  shift 2
  timeout 600 "$@" >out 2>err
  code=$?
  [ "$code" -eq "$wanted" ] || fail "$*: exit code $code, not $wanted"
  grep -q -- "$said" err || fail "$*: does not say '$said'"
}

# Typed into the serial port; the last picture and the state are the same.
printf 'typed' | timeout 600 "$ice86" record run.rec --firmware seabios -hda disk.img --serial stdio \
  --max-time 300ms --hash --print-screen >first 2>err || [ $? -eq 3 ] || fail "record: $?"
grep -q '"serial":0,"hex":"7479706564"' run.rec || fail "the typed bytes are not in the recording"
[ "$(grep -c '"check"' run.rec)" -ge 3 ] || fail "there are no checks in the recording"
run 3 'as recorded, in' "$ice86" replay run.rec --hash --print-screen
cmp out first || fail "the replay ends in another state"
run 3 'as recorded, in' "$ice86" replay run.rec --engine interp --hash --print-screen
cmp out first || fail "the replay with the other engine ends in another state"

# Other observers.
run 3 'as recorded, in' "$ice86" replay run.rec --trace calls.jsonl --html calls.html
grep -q '"service":"disk: extended read"' calls.jsonl || fail "the replay's trace has no disk reads"
grep -q '<html' calls.html || fail "no page"
printf 'lb 0x7c00\nc\nr\nrs 1\nc\nquit\n' >script
timeout 600 "$ice86" replay run.rec -S --monitor stdio <script >out 2>err || fail "replay under a debugger: $?"
grep -q 'breakpoint at 0x7c00' out || fail "the breakpoint was not reached"

# From another folder, and what was recorded is found.
mkdir elsewhere && cd elsewhere && cp ../err . || exit 1
run 3 'as recorded, in' "$ice86" replay ../run.rec --run-dir kept
[ -s kept/state.txt ] || [ -n "$(ls kept)" ] || fail "the run directory is not here"
cd ..

# A network that is not there any more: the same frames to the nanosecond.
timeout 600 "$ice86" record net.rec --firmware seabios --boot n --nic user --max-time 8 --pcap one.pcap \
  >out 2>err || [ $? -eq 3 ] || fail "record: $?"
grep -q '"frame":0' net.rec || fail "no frames in the recording"
run 3 'as recorded, in' "$ice86" replay net.rec --pcap two.pcap
cmp one.pcap two.pcap || fail "the replay has other frames"

# A recorder that was killed: all that is whole is repeated.
head -c "$(($(wc -c <run.rec) - 200))" run.rec >cut.rec
run 0 'its recorder died' "$ice86" replay cut.rec

# What is not the recorded machine, and what is no recording.
sed 's/"check":"[0-9a-f]\{4\}/"check":"0000/' run.rec >wrong.rec
run 5 'is not its recording' "$ice86" replay wrong.rec
sed '1s/"ice86":"[^"]*"/"ice86":"0.0.1"/' run.rec >old.rec
run 6 'recorded by ice86 0.0.1' "$ice86" replay old.rec
sed '1s/"disk.img"/"disk.img,write=on"/' run.rec >hostile.rec
before=$(cksum disk.img)
run 6 'would write to files' "$ice86" replay hostile.rec
[ "$before" = "$(cksum disk.img)" ] || fail "a recording has written to a disk"
printf 'x' | dd of=disk.img bs=1 seek=1000000 conv=notrunc 2>/dev/null
run 6 'disk disk.img is not the disk disk.img of the recording' "$ice86" replay run.rec
printf '{"format":"ice86-input","version":1}\n' >plain.rec
run 2 'input log without a machine' "$ice86" replay plain.rec
run 2 'write to files' "$ice86" record w.rec --disk disk.img,write=on
run 6 'nothing.rec' "$ice86" replay nothing.rec
