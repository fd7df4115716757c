#!/usr/bin/env bash
# A soak of the JIT beside the interpreter: whole boots under --engine check, one after the other, and at the same time
# random programs with other seeds each round, until the time is over or the engines differ.
#   tests/soak/run.sh BUILD_FOLDER [MINUTES] [FIRST_SEED]
# Each finished boot and each round of programs is a line. Exit 0: no difference; 1: one, with its whole output above.
set -euo pipefail
build=$1 minutes=${2:-60} seed=${3:-$(date +%s)}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
images=$build/images
end=$((SECONDS + minutes * 60))

left() { echo $((end - SECONDS)); }

# boot NAME OPTION...: to its own end, to the time in the options, or to the end of the soak.
boot() {
  local name=$1 code=0 begun=$SECONDS
  shift
  [ "$(left)" -gt 0 ] || return 0
  "$build/bin/ice86" run --engine check --max-wall "$(left)s" "$@" > "$work/boot" 2>&1 < /dev/null || code=$?
  echo "boot $name: $((SECONDS - begun)) s: $(tail -n 1 "$work/boot")"
  case $code in 0 | 1 | 3 | 33) ;; *) # 3: out of time; 1 and 33: what guests leave at the debug exit
    cat "$work/boot"
    return 1
    ;;
  esac
}

boots() {
  while [ "$(left)" -gt 0 ]; do
    boot bochs+grub --firmware bochs --disk "$images/grub.img" || return 1
    boot stack+grub --firmware stack -m 512 --disk "$images/grub.img" || return 1
    boot seabios+iso --firmware seabios --cdrom "$images/grub.iso" || return 1
    boot efi-shell --firmware ovmf -m 256 --max-time 20s || return 1
    if [ -f "$images/linux.rom" ]; then # made by ./run test --all
      boot linux-payload --firmware "$images/linux.rom" --rate 1000 --max-time 2150ms || return 1
      boot linux64 --firmware seabios -m 256 --disk "$images/linux64.img" --max-time 25s || return 1
      boot linux32 --firmware bochs -m 256 --disk "$images/linux32.img" --max-time 25s || return 1
      boot memtest --firmware seabios -m 32 --disk "$images/memtest.img" --max-time 20s || return 1
    fi
  done
}

programs() {
  local count=200
  while [ "$(left)" -gt 0 ]; do
    if ! ICE86_RANDOM_SEED=$seed ICE86_RANDOM_PROGRAMS=$count \
      "$build/bin/cpu_random_program_test" --gtest_brief=1 > "$work/programs" 2>&1; then
      cat "$work/programs"
      echo "again: ICE86_RANDOM_SEED=$seed ICE86_RANDOM_PROGRAMS=$count cpu_random_program_test"
      return 1
    fi
    echo "random programs: $count of seed $seed in each mode, as translated and as interpreted: the same"
    seed=$((seed + count))
  done
}

boots &
first=$!
programs &
second=$!
failed=0
wait -n || failed=1
if [ "$failed" -eq 0 ]; then # the one that is left, and what the first one said
  wait "$first" || failed=1
  wait "$second" || failed=1
fi
[ "$failed" -eq 1 ] || echo "no difference in $minutes minutes"
exit "$failed"
