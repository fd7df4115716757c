#!/bin/sh
# run_if_present.sh PROGRAM FOLDER [OPTION...]: the vectors, or exit code 77 (skipped) where there are none.
if [ ! -d "$2" ]; then
  echo "no recorded vectors in $2: skipped"
  exit 77
fi
program=$1 folder=$2
shift 2
exec "$program" "$@" "$folder"
