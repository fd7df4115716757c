#!/usr/bin/env bash
# Benchmarks, each beside a peer in the same run: the same guest program on ice86's interpreter and on
# Debian's Bochs. What counts is CPU time; start-up (the same guest with 0 rounds) is taken off.
#   tests/bench/run.sh BUILD_FOLDER [RUNS] [GUEST...]
# Then whole boots beside QEMU (boots.sh): ovmf_shell, linux_prompt.
set -euo pipefail
build=$1 runs=${2:-3}
shift $(($# < 2 ? $# : 2))
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo c > "$work/rc"
for image in full empty; do
  cat > "$work/$image.bochsrc" <<TEXT
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/vgabios/vgabios.bin
memory: guest=32, host=32
ata0-master: type=disk, path=$work/$image.img, mode=flat, cylinders=4, heads=16, spt=63
boot: disk
display_library: term
clock: sync=none, time0=1000000000
speaker: enabled=0
sound: driver=dummy
port_e9_hack: enabled=1
log: /dev/null
panic: action=fatal
TEXT
done

# User CPU seconds of a command; its output goes to $work/out.
cpu_seconds() {
  local TIMEFORMAT=%U
  { time "$@" > "$work/out" 2>&1 < /dev/null; } 2>&1 || true
}
ice86() { "$build/bin/ice86" run --firmware bochs -m 32 --disk "$work/$1.img" --debugcon stdio; }
bochs_run() { script -qec "bochs -q -f $work/$1.bochsrc -rc $work/rc" /dev/null; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# net ENGINE CHECKSUM: median CPU seconds of the loop alone.
net() {
  local full=() empty=() i
  for ((i = 0; i < runs; ++i)); do
    full+=("$(cpu_seconds "$1" full)")
    grep -q "$2" "$work/out" || { echo "$1: wrong checksum" >&2; exit 1; }
    empty+=("$(cpu_seconds "$1" empty)")
  done
  awk -v a="$(printf '%s\n' "${full[@]}" | median)" -v b="$(printf '%s\n' "${empty[@]}" | median)" 'BEGIN { print a - b }'
}

# bench GUEST ROUNDS CHECKSUM MILLIONS: of instructions in all rounds.
bench() {
  nasm -D ROUNDS="$2" -f bin -o "$work/full.img" "$here/guests/$1.asm"
  nasm -D ROUNDS=0 -f bin -o "$work/empty.img" "$here/guests/$1.asm"
  local ours theirs
  ours=$(net ice86 "$3")
  theirs=$(net bochs_run "$3")
  awk -v ours="$ours" -v theirs="$theirs" -v runs="$runs" -v name="$1" -v instructions="$4" 'BEGIN {
    printf "%-24s %10s %10s\n", name ", median of " runs, "CPU s", "MIPS"
    printf "%-24s %10.2f %10.0f\n", "ice86 interpreter", ours, instructions / ours
    printf "%-24s %10.2f %10.0f\n", "Bochs 2.7 (Debian)", theirs, instructions / theirs
    printf "ice86 is %.2f times as fast\n", theirs / ours
  }'
}

wanted() { [[ $# -eq 1 || " ${*:2} " == *" $1 "* ]]; }
if wanted integer_loop "$@"; then bench integer_loop 20000 058AECE4 409.3; fi
if wanted x87_matrix "$@"; then bench x87_matrix 600 EC17EA26 150.6; fi
if wanted sse2_mix "$@"; then bench sse2_mix 6000 F50C9996 67.6; fi
if wanted paging_mix "$@"; then bench paging_mix 200000 2EE4D9E9 139.0; fi
for boot in ovmf_shell linux_prompt; do
  if wanted "$boot" "$@"; then "$here/boots.sh" "$build" "$runs" "$boot"; fi
done
