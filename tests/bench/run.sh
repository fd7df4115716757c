#!/usr/bin/env bash
# Benchmarks: the same guest programs on ice86's two engines and their peers (QEMU's TCG, Debian's Bochs) in the same
# run, ratios in one table. What counts is user CPU time; start-up (the same guest with 0 rounds) is taken off, and all
# must print the same checksum. The fast two run ten times as many rounds.
#   tests/bench/run.sh BUILD_FOLDER [RUNS] [GUEST...]
# Then whole boots beside QEMU (boots.sh).
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

# User CPU seconds of a command; its output goes to $work/out. (The guests end some with a code.)
cpu_seconds() {
  local TIMEFORMAT=%U
  { time timeout 600 "$@" > "$work/out" 2>&1 < /dev/null; } 2>&1 || true
}
on_ice86() {
  cpu_seconds "$build/bin/ice86" run --engine "$1" --firmware bochs -m 32 --disk "$work/$2.img" --debugcon stdio
}
on_interp() { on_ice86 interp "$1"; }
on_jit() { on_ice86 jit "$1"; }
on_tcg() {
  cpu_seconds qemu-system-i386 -M pc -accel tcg -m 32 -display none -monitor none -serial none -nic none \
    -debugcon stdio -device isa-debug-exit,iobase=0x501,iosize=1 -drive "file=$work/$1.img,format=raw,snapshot=on"
}
on_bochs() { cpu_seconds script -qec "bochs -q -f $work/$1.bochsrc -rc $work/rc" /dev/null; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# net ENGINE: sets `seconds`, the median of the loop alone, and `checksum`.
net() {
  local full=() empty=() i
  for ((i = 0; i < runs; ++i)); do
    full+=("$("on_$1" full)")
    checksum=$(grep -aoE '\b[0-9A-F]{8}\b' "$work/out" | head -1)
    empty+=("$("on_$1" empty)")
  done
  seconds=$(awk -v a="$(printf '%s\n' "${full[@]}" | median)" -v b="$(printf '%s\n' "${empty[@]}" | median)" \
    'BEGIN { print (a - b > 0.001 ? a - b : 0.001) }')
}
image() { nasm -i "$here/guests/" -D ROUNDS="$2" -f bin -o "$work/$3.img" "$here/guests/$1.asm"; }

# bench KIND GUEST ROUNDS: one row, for a guest of integer or floating-point work.
bench() {
  local interp jit tcg bochs of_interp of_jit
  image "$2" 0 empty
  image "$2" "$3" full
  net interp; interp=$seconds of_interp=$checksum
  net bochs; bochs=$seconds
  [[ $checksum == "$of_interp" ]] || { echo "$2: ice86 $of_interp, Bochs $checksum" >&2; exit 1; }
  image "$2" $((10 * $3)) full
  net jit; jit=$seconds of_jit=$checksum
  net tcg; tcg=$seconds
  [[ $checksum == "$of_jit" ]] || { echo "$2: ice86 $of_jit, QEMU $checksum" >&2; exit 1; }
  awk -v kind="$1" -v name="$2" -v interp="$interp" -v jit="$jit" -v tcg="$tcg" -v bochs="$bochs" 'BEGIN {
    jit /= 10; tcg /= 10
    printf "%-8s %-16s %8.3f %8.3f %8.3f %8.3f %10.2f %10.1f %10.2f\n",
      kind, name, interp, jit, tcg, bochs, tcg / jit, bochs / jit, bochs / interp }' | tee -a "$work/table"
}

wanted() { [[ $# -eq 1 || " ${*:2} " == *" $1 "* ]]; }
printf '%-8s %-16s %8s %8s %8s %8s %10s %10s %10s\n' "" "CPU seconds" interp jit TCG Bochs TCG/jit Bochs/jit Bochs/interp
while read -r kind guest rounds; do
  if wanted "$guest" "$@"; then bench "$kind" "$guest" "$rounds"; fi
done <<'TEXT'
integer integer_loop 2000
integer crc32 100
integer sieve 8
integer quicksort 10
integer bytecode 1000
integer recursion 15
integer carry_chain 600
integer copy 200
integer divide 400
integer int_calls 1000
integer self_modifying 10000
integer paging_mix 20000
float x87_matrix 150
float sse2_mix 3000
TEXT
if [ -f "$work/table" ]; then
  awk '{ n[$1]++; a[$1] += log($7); b[$1] += log($8); c[$1] += log($9) }
    END { for (kind in n) printf "%-8s %-52s %10.2f %10.1f %10.2f\n", kind, "geometric mean of " n[kind],
      exp(a[kind] / n[kind]), exp(b[kind] / n[kind]), exp(c[kind] / n[kind]) }' "$work/table"
fi
for boot in seabios_grub stack_grub ovmf_shell linux_prompt; do
  if wanted "$boot" "$@"; then "$here/boots.sh" "$build" "$runs" "$boot"; fi
done
