#!/usr/bin/env bash
# Where the time of an ice86 command goes, as a picture that a browser opens.
#   tests/bench/flame_graph.sh BUILD_FOLDER OUT.svg WORD...
# Samples by the host's clock, a thousand a second, each with 16 KB of the stack; `perf` must be allowed to take them
# (as root, or kernel.perf_event_paranoid at most 1).
set -euo pipefail
build=$1 out=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
perf record --quiet --call-graph dwarf,16384 --event cpu-clock --freq 997 --output "$work/samples" \
  "$build/bin/ice86" "$@" < /dev/null >&2 || [ -s "$work/samples" ] # a guest's own exit code says nothing here
perf script --input "$work/samples" --fields comm,ip,sym,dso 2> "$work/messages" > "$work/stacks" || {
  cat "$work/messages" >&2
  exit 1
}
"$(dirname "$0")/flame_graph.py" "ice86 $*" < "$work/stacks" > "$work/picture"
mv "$work/picture" "$out"
