#!/usr/bin/env bash
# CPU seconds from power-on to a text on COM1, on ice86's engines and on QEMU's TCG, with the same firmware and
# disk. A process that does not end by itself is looked at every tenth of a second.
#   tests/bench/boots.sh BUILD_FOLDER RUNS BOOT...
# Boots: seabios_grub, stack_grub (GRUB 2 from a disk, three seconds of its menu, a kernel to its end, on SeaBIOS and
# on our stack), ovmf_shell (OVMF to the UEFI shell), linux_prompt (SeaBIOS, GRUB, Debian's kernel to a shell; its disk
# is made by './run test --all').
set -euo pipefail
build=$1 runs=$2
shift 2
most=1200   # seconds of real time for one boot
work=$(mktemp -d)
emulator=
trap '[ -z "$emulator" ] || kill "$emulator" 2>/dev/null; rm -rf "$work"' EXIT
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ticks=$(getconf CLK_TCK)

# until_text TEXT COMMAND...: sets `seconds`, of user and system time, until the command's output has it.
until_text() {
  local text=$1 end=$((SECONDS + most)) stat
  shift
  : > "$work/out"
  "$@" > "$work/out" 2>&1 < /dev/null &
  emulator=$!
  until grep -aq -- "$text" "$work/out"; do
    if ! kill -0 "$emulator" 2>/dev/null || [ "$SECONDS" -gt "$end" ]; then
      echo "boots.sh: no '$text' from: $*" >&2
      exit 1
    fi
    sleep 0.1
  done
  read -ra stat < "/proc/$emulator/stat"
  kill "$emulator"
  wait "$emulator" 2>/dev/null || true
  emulator=
  seconds=$(awk -v spent="$((stat[13] + stat[14]))" -v ticks="$ticks" 'BEGIN { print spent / ticks }')
}

# until_end TEXT COMMAND...: the same of one that ends by itself, behind that text.
until_end() {
  local text=$1 TIMEFORMAT='%U %S'
  shift
  seconds=$({ time timeout "$most" "$@" > "$work/out" 2>&1 < /dev/null; } 2>&1 || true)
  if ! grep -aq -- "$text" "$work/out"; then
    echo "boots.sh: no '$text' from: $*" >&2
    exit 1
  fi
  seconds=$(awk '{ print $1 + $2 }' <<< "$seconds")
}

# measure NAME UNTIL TEXT: with ours_command and theirs_command set up.
measure() {
  local i interp=() jit=() theirs=()
  for ((i = 0; i < runs; ++i)); do
    "$2" "$3" "${ours_command[@]}" --engine interp
    interp+=("$seconds")
    "$2" "$3" "${ours_command[@]}" --engine jit
    jit+=("$seconds")
    "$2" "$3" "${theirs_command[@]}"
    theirs+=("$seconds")
  done
  awk -v name="$1" -v runs="$runs" -v a="$(printf '%s\n' "${interp[@]}" | median)" \
    -v b="$(printf '%s\n' "${jit[@]}" | median)" -v c="$(printf '%s\n' "${theirs[@]}" | median)" 'BEGIN {
    printf "%-32s %10s\n", name ", median of " runs, "CPU s"
    printf "%-32s %10.2f\n%-32s %10.2f\n", "ice86 --engine interp", a, "ice86 --engine jit", b
    printf "%-32s %10.2f\n", "QEMU 7.2 -accel tcg (Debian)", c
    printf "TCG takes %.2f times as long as jit\n", c / b
  }'
}

qemu=(qemu-system-x86_64 -M pc -accel tcg -m 256 -display none -monitor none -serial stdio -nic none)
ice86=("$build/bin/ice86" run -m 256 --serial stdio)
for boot; do
  case $boot in
    seabios_grub | stack_grub)
      disk=$build/images/grub.img
      ours_command=("${ice86[@]}" --firmware "${boot%_grub}" --disk "$disk")
      theirs_command=("${qemu[@]}" -drive "file=$disk,format=raw,snapshot=on"
        -device isa-debug-exit,iobase=0x501,iosize=2)
      if [ "$boot" = stack_grub ]; then theirs_command+=(-bios "$build/images/stack.rom"); fi
      measure "$boot" until_end 'test kernel: ok'
      ;;
    ovmf_shell)
      cp /usr/share/OVMF/OVMF_VARS_4M.fd "$work/vars.fd"
      ours_command=("${ice86[@]}" --firmware ovmf)
      theirs_command=("${qemu[@]}"
        -drive if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd
        -drive "if=pflash,format=raw,snapshot=on,file=$work/vars.fd")
      measure "$boot" until_text 'Shell>'
      ;;
    linux_prompt)
      disk=$build/images/linux64.img
      if [ ! -f "$disk" ]; then
        echo "linux_prompt: no $disk ('./run test --all' makes it)" >&2
        continue
      fi
      ours_command=("${ice86[@]}" --firmware seabios --disk "$disk")
      theirs_command=("${qemu[@]}" -drive "file=$disk,format=raw,snapshot=on")
      measure "$boot" until_text 'built-in shell'
      ;;
    *)
      echo "boots.sh: there is no boot '$boot'" >&2
      exit 2
      ;;
  esac
done
