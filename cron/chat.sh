#!/bin/sh
# Answers what people write to an agent's bot (telegram-relay puts it into inbox-AGENT/), in the same chat, by that agent.
# Each message is answered once, whatever is killed in between; where the agent has no answer, that is said in the chat.
#
#   chat.sh [--once] [AGENT]            default: main; --once works off what there is, for cron, else it stays
#   CHAT_TIMEOUT                        how long the agent may take; default: 4m
set -u
attempts=5

here=$(dirname "$0")
# Installed in PREFIX/share/spindle/cron: cron's PATH need not have PREFIX/bin.
[ ! -x "$here/../../../bin/spindle" ] || PATH=$(cd "$here/../../../bin" && pwd):$PATH

if [ "${1-}" != --message ]; then
  once=
  [ "${1-}" != --once ] || { once=--once; shift; }
  agent=${1:-main}
  spool init -q "inbox-$agent"
  case $0 in */*) self=$0 ;; *) self=$here/$0 ;; esac
  # shellcheck disable=SC2086
  exec spool work $once --attempts $attempts --timeout 10m "inbox-$agent" -- "$self" --message "$agent"
fi

# One message, on standard input; spool work has put its header lines into the environment.
agent=$2
: "${SPOOL_ID:?is set by spool work}" "${SPOOL_HEADER_CHAT:?the entry has no header Chat}"
answer=$(claude-call --agent "$agent" --timeout "${CHAT_TIMEOUT:-4m}" --subject "Chat with ${SPOOL_HEADER_SENDER:-somebody}" \
  --key "chat-$SPOOL_ID")
code=$? key=chat-$SPOOL_ID
case $code in
0) ;;
# Worth another try, which spool work makes, as long as it makes one.
74 | 75) [ "${SPOOL_ATTEMPT:-1}" -ge "$attempts" ] || exit $code ;;
esac
if [ $code -ne 0 ]; then
  answer="I have no answer to that now (exit $code). It is kept: spool show $SPOOL_ID tells more."
  # Under a key of its own: tried again by a person, it may have one.
  key=$key-none
fi
set -- --to "$SPOOL_HEADER_CHAT" --key "$key" --expires 12h -q
[ -z "${SPOOL_HEADER_MESSAGE-}" ] || set -- "$@" --answers "$SPOOL_HEADER_MESSAGE"
[ -z "${SPOOL_HEADER_AS-}" ] || set -- "$@" --as "$SPOOL_HEADER_AS"
printf '%s\n' "$answer" | deliver "$@" || exit
exit $code
