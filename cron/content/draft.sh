#!/bin/sh
# What the second question puts to a person: what the review found, and all four texts; the page lies there to be looked at.
#
#   draft.sh RENDER PRESENT TITLE PAGE.html        the first two are the scripts that it uses
set -e
mkdir -p -- "${4%/*}"
"$1" "$3" "$STEPS/blog" >"$4.$$"
mv -fT -- "$4.$$" "$4"
omitted=$(grep -c 'raw HTML omitted' "$4") || omitted=0
question="Publish this? $3
The page, to be looked at: $4"
[ "$omitted" = 0 ] || question="$question
HTML that stood in the text was left out of it, on $omitted lines."
cd -- "$STEPS"
"$2" "$question" review linkedin instagram medium blog
