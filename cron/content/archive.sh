#!/bin/sh
# Copies what a run has made into DIRECTORY/RUN, whole or not at all, and prints where that is.
#
#   archive.sh DIRECTORY
set -e
target=$1/$RUN
if [ ! -d "$target" ]; then
  mkdir -p -- "$1"
  # What an attempt that was killed has left.
  rm -rf -- "$1/.$RUN".*
  mkdir -- "$1/.$RUN.$$"
  cp -p -- "$STEPS"/* "$1/.$RUN.$$/"
  sync -- "$1/.$RUN.$$"/* "$1/.$RUN.$$"
  mv -T -- "$1/.$RUN.$$" "$target"
  sync -- "$1"
fi
printf '%s\n' "$target"
