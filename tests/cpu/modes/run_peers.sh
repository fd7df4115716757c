#!/usr/bin/env bash
# Assembles ROM programs of this folder and runs them on QEMU and Bochs, so that what they expect is
# checked against other CPUs. By hand; CTest runs them on ice86.
#   tests/cpu/modes/run_peers.sh NAME... [-- QEMU OPTIONS]
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
names=() options=(-cpu max)
while (($#)); do
  if [[ $1 == -- ]]; then shift; options=("$@"); break; fi
  names+=("$1"); shift
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
report() {
  tee "$work/out"
  at=$(sed -n 's/.*wrong at 00\{0,2\}\([0-9A-F]*\).*/\1/p' "$work/out")
  [[ -z $at ]] || grep -i -B3 "^ *[0-9]* 0*$(printf %08X $((0x$at - 0xf0000)))" "$work/listing" | tail -4
}
# What a peer is known to do differently is left out there (%ifndef QEMU, BOCHS or PEER).
assemble() {
  nasm -f bin -D "$1" -D PEER -I "$here/" -l "$work/listing" -o "$work/$name.rom" "$here/$name.asm"
}
for name in "${names[@]}"; do
  assemble QEMU || continue
  echo "== $name on QEMU"
  timeout 10 qemu-system-x86_64 -accel tcg "${options[@]}" -bios "$work/$name.rom" -debugcon stdio \
    -display none -no-reboot -device isa-debug-exit,iobase=0xf4 | report
  assemble BOCHS
  echo "== $name on Bochs"
  cat > "$work/bochsrc" <<TEXT
romimage: file=$work/$name.rom, address=0xffff0000
cpu: model=corei7_skylake_x, ips=50000000
memory: guest=64, host=64
display_library: term
clock: sync=none
port_e9_hack: enabled=1
log: $work/log
panic: action=fatal
speaker: enabled=0
sound: driver=dummy
TEXT
  echo c > "$work/rc"
  TERM=xterm timeout -k 1 5 script -qec "bochs -q -f $work/bochsrc -rc $work/rc" /dev/null < /dev/null 2>/dev/null |
    grep -aoE 'ok|wrong at [0-9A-F]*|last exception.*|[0-9A-F]{8}( [0-9A-F]{8})+' | report
done
