#!/bin/sh
# Puts a page where a person can look at it, whole or not at all, and prints where that is.
#
#   preview.sh FILE PAGE.html
set -e
mkdir -p -- "${2%/*}"
cp -- "$1" "$2.$$"
chmod u+w -- "$2.$$"
mv -fT -- "$2.$$" "$2"
printf '%s\n' "$2"
