#!/bin/sh
# A morning briefing that always arrives: today's agenda, told by the agent `calendar`, or plain where there is no
# reply; or why the calendar could not be read. Run as often as you like, it is delivered once a day.
#
#   briefing.sh [CALENDAR.ics ...]      default: $BRIEFING_CALENDAR, else ~/calendar.ics
#   BRIEFING_TO                         who gets it; default: me
#   BRIEFING_TIMEOUT                    how long the agent may take; default: 2m
set -u

here=$(dirname "$0")
# Installed in PREFIX/share/spindle/cron: cron's PATH need not have PREFIX/bin.
[ ! -x "$here/../../../bin/spindle" ] || PATH=$(cd "$here/../../../bin" && pwd):$PATH
[ $# -gt 0 ] || set -- "${BRIEFING_CALENDAR:-$HOME/calendar.ics}"
today=$(date +%F)

if agenda=$("$here/agenda.sh" "$@" 2>&1); then
  text=$(printf '%s\n' "$agenda" |
    claude-call --agent calendar --timeout "${BRIEFING_TIMEOUT:-2m}" --subject "Briefing $today" --key "briefing-$today" --fallback -) || text=$agenda
  # What could not be read is not left to a model to mention.
  unread=$(printf '%s\n' "$agenda" | sed -n 's/^  (\(.* could not be read.*\))$/\1/p')
  case $text in *"$unread"*) ;; *) text="$text

$unread" ;; esac
else
  text="The calendar could not be read: $agenda"
fi
printf '%s\n' "$text" |
  deliver --to "${BRIEFING_TO:-me}" --subject "Briefing $today" --key "briefing-$today" --expires 12h
