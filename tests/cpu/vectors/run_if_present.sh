#!/bin/sh
# run_if_present.sh PROGRAM FOLDER: the vectors, or exit code 77 (skipped) where there are none.
if [ ! -d "$2" ]; then
  echo "no recorded vectors in $2: skipped"
  exit 77
fi
exec "$1" "$2"
