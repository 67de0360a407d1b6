#!/bin/sh
# A question and the texts that it is about, as one text for a person.
#
#   present.sh QUESTION FILE ...
set -e
printf '%s\n' "$1"
shift
for file; do
  printf '\n---- %s\n\n' "${file##*/}"
  cat -- "$file"
done
