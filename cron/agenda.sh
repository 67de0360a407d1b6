#!/bin/sh
# agenda.sh: prints today's events from iCalendar files, as plain text.
#
#   agenda.sh [--date YYYY-MM-DD] [--tz Area/City] FILE.ics|DIRECTORY|- ...
#
# This only finds agenda.py beside it, through symbolic links too, and runs it;
# agenda.py says what is promised. It ends with 69 when something it needs is
# not installed.

fail() {
  printf 'agenda.sh: %s\n' "$1" >&2
  exit 69
}

python=/usr/bin/python3
program=$(dirname -- "$(readlink -f -- "$0")")/agenda.py

[ -x "$python" ] ||
  fail "$python: not installed: apt-get install python3-icalendar python3-recurring-ical-events"
[ -r "$program" ] ||
  fail "$program: not there: put it beside agenda.sh"

# -I keeps the caller's Python settings and current directory out; Debian's
# packages stay visible.
exec "$python" -I "$program" "$@"
