#!/bin/sh
# The spool protocol, sections 2 to 9, in plain sh: the second implementation, which proves the first and the document.
#   twin.sh put QUEUE <BODY | put-key QUEUE KEY <BODY | work QUEUE NEXT COMMAND... | sweep QUEUE
# put prints the ID; work works off what is ready, once. Left to spool: O_NOFOLLOW, drop/ (it needs leases), a journal.
# shellcheck shell=dash disable=SC1010,SC2015,SC2094
set -u && umask 077 && IFS=$(printf '\n\t')
[ $# -ge 2 ] || { sed -n 's/^#   //p' "$0" >&2 && exit 64; }
exec 3>&2 2>/dev/null # what mv and sh say when a race is lost is no news
verb=$1 queue=$2 next='' body='' child='' stop='' trouble='' here=$PWD host=$(uname -n | tr -c 'A-Za-z0-9.\n-' _)
form='[0-9]{8}T[0-9]{6}\.[0-9]{6}Z-[0-9b-df-hj-np-tv-xz]{6}(-[a-z0-9-]{1,24})?(\.[1-9][0-9]*)*(,(0d|[1-9][0-9]*d?))?'
say() { printf 'twin: %s: %s\n' "$queue" "$1" >&3; }
die() { say "$2" && exit "$1"; }
field() { sed -n "/^\$/q; s/^$1: *//p" "$2"; }
new_id() { id=$(date -u +%Y%m%dT%H%M%S.%6NZ)-$(tr -dc 0-9bcdfghjklmnpqrstvwxz </dev/urandom | head -c 6); }
durable() { sync "$@" || die 74 "cannot sync $*"; } # an fsync that fails is never repeated
move() { case $(LC_ALL=C mv -nTv "$1" "$2") in renamed*) ;; *) return 1 ;; esac; } # over nothing, into nothing
place() { move "$1" "$2" && durable "${2%/*}" || { [ ! -e "$1" ] || { say "$2 exists"; trouble=70; }; false; }; }
# $at is where the entry in hand lies; fd 9 is its file, with its lock, and what runs here inherits it.
locked() { flock -w "$1" 9 && [ "$at" -ef /dev/fd/9 ]; } # and the name still leads to it
due() { find "$@" \( -path 'new/*' -o ! -newermt now -o -newermt '+24 hours' \) -printf '%f\t%p\n'; }
log() { printf '== %s twin: attempt %s: %s\n' "$(date -uIs)" $((k + 1)) "$1" >>"log/$id.log"; }
quarantine() { place "$at" "bad/$name" && say "bad/$name: $1"; return 1; }
parse() { # its ID, k earlier attempts, and d where it is in doubt
  name=${at##*/} name=${name%@*} id=${name%%,*} k=${name#"$id"} k=${k#,} d=${k#"${k%d}"} k=${k%d} k=${k:-0}
  [ "$(find "$at" -type f -links 1 -size -65537k)" ] && printf %s "$name" | grep -zEqx "$form" || quarantine 'no entry'
}
entry() ( # FILE HEADER...: $id with the body $body, complete and fsynced, under a name that was free
  file=$1 && shift && umask 227 && set -C && exec 7>"$file" && flock -n 7 && printf '%s\n' 'Spool: 1' "Id: $id" "$@" \
    "Length: $(wc -c <"$body")" "Sha256: $(sha256sum <"$body" | head -c 64)" '' >&7 && cat "$body" >&7 && sync "$file")
finish_key() { durable "$ledger"; place "$ledger/.$id" "new/$id" || durable new; } # ENOENT: it is published
finish() { # beats (b) and (c); the product lies in out/ID
  case $at in done/*) durable done ;;
  *) durable out; place "$at" "done/$id" || { [ -e "$at" ] || say "$at was moved: out/$id/ stays"; return 1; } ;; esac
  for file in "out/$id"/*; do
    to=$(field To "$file") && to=../${to:-$next}/new/${file##*/} && [ "${file##*/}" != re ] || to=re/$id
    [ ! -d "${to%/*}" ] || place "$file" "$to"
  done
  rmdir "out/$id" || say "out/$id/ is not handed over: run spool check $queue"
}
rest() { # ROOM NAME WHY [PAUSE]: an attempt ends without a product; hence false
  [ "$1" != wait ] || touch -d "+${4:-0} seconds" "$at"
  place "$at" "$1/$2" && log "$3"; return 1
}
attempt() { # COMMAND...: true when out/ID is there
  dir=tmp/$id.$$ body=$dir.out && rm -rf "$dir" && sed '1,/^$/d' "$at" >"$dir.in" && exec 8<"$dir.in" || die 74 "$dir"
  size=$(stat -c %s "$dir.in") sum=$(sha256sum <"$dir.in") expires=$(field Expires "$at") && rm "$dir.in"
  [ "$(head -n 1 "$at")/$(field Id "$at")" = "Spool: 1/$id" ] && grep -aq '^$' "$at" && ! sed '/^$/q' "$at" | grep -E \
    '^(Length|Sha256):' | grep -Fvxq -e "Length: $size" -e "Sha256: ${sum%% *}" || quarantine 'not whole' || return
  [ -z "$expires" ] || [ "$(date -d "$expires" +%s)" -gt "$(date +%s)" ] || rest fail "$name" expired || return
  [ "$k" -lt "${TWIN_ATTEMPTS:-5}" ] || rest fail "$name" 'given up' || return
  (cd "$here" && exec env SPOOL_ID="$id" SPINDLE_LOCK_FD=9 setpriv --pdeathsig TERM timeout -k 5 1h "$@") \
    <&8 8<&- 3>&- >"$body" 2>>"log/$id.log" &
  child=$!; [ -z "$stop" ] || kill "$child"; wait "$child"; status=$?; [ -z "$stop" ] || wait "$child"
  kill -s KILL -- "-$child"; child='' # what is left of its process group
  case $stop$status/$((k + 1 < ${TWIN_ATTEMPTS:-5})) in
  0/*) mkdir "$dir" && entry "$dir/$id" "From: $queue" "To: $next" && durable "$dir" && move "$dir" "out/$id" ;;
  stop*) rest wait "$name" 'the worker was asked to stop' ;;
  74/1 | 75/1 | 124/1 | 129/1 | 1[3-8]?/1 | 19[0-2]/1) # 124 is timeout's own
    rest wait "$id,$((k + 1))$d" "exit $status" $(((k < 7 ? 30 << k : 3600) * $(shuf -i 90-110 -n 1) / 100)) ;;
  *) rest fail "$name" "exit $status" ;; esac
}
left() { # what a process has left at $at: an entry, or one that waits beside the link of its key
  locked 0 || return
  case $at in keys/*) ledger=${at%/*} id=${at##*/.} &&
    if [ "$(find "$ledger" -lname "$id")" ]; then finish_key; else find "$at" -mmin +2160 -delete; fi; return ;; esac
  parse && { [ ! -d "out/$id" ] || { finish; false; }; } || return
  case $at/$queue in run/*/runs | run/*/approvals) ;; run/*) name=$id,$((k + 1))$d ;; *) return ;; esac
  durable run && rest wait "$name" 'its worker died'
}
sweep() { # [KEYS]; 36 h in tmp/: a writer lives 24 h at most
  for at in run/* ${1-} $(find out -mindepth 1 -printf 'done/%f\nhold/%f*\n'); do [ ! -f "$at" ] || left 9<"$at"; done
  find tmp -mindepth 1 -maxdepth 1 -mmin +2160 -exec flock -n {} rm -rf {} \; || :
}
cd "${SPOOL_DIR:-$HOME/spool}/$queue" || die 69 'no such queue'
case $verb in put*)
  stat -fc '%a %b %d %c %S' . | awk '{ exit $1 * $5 < 512e6 && $1 < $2 / 20 || $3 < $4 / 100 }' || die 75 'no space'
  body=tmp/$host.$$.in && trap 'rm -f "$body"' EXIT && cat >"$body" && [ -s "$body" ] || die 65 'stdin is empty' ;; esac
case $verb in
put) # EEXIST: a new ID
  until new_id && entry "tmp/$id" From:\ twin && move "tmp/$id" "new/$id"; do [ -e "new/$id" ] || die 74 "tmp/$id"; done
  durable new && echo "$id" ;;
put-key)
  hash=$(printf %s "$3" | sha256sum | head -c 64) && ledger=keys/$(printf %.2s "$hash") && new_id
  [ -h "$ledger/$hash" ] || { mkdir -p "$ledger" && durable keys && entry "$ledger/.$id" 'From: twin' "Key: $3" &&
    durable "$ledger" && { ln -sT "$id" "$ledger/$hash" || rm "$ledger/.$id"; }; }
  id=$(readlink "$ledger/$hash") && finish_key || die 74 "$ledger/$hash"
  for at in fail/"$id"*; do [ ! -e "$at" ] || die 69 "$at: $(tail -n 1 "log/$id.log"): spool retry $id"; done
  known=$(cat new/"$id"* run/"$id"* wait/"$id"* hold/"$id"* done/"$id" | field Sha256 -)
  sha256sum <"$body" | grep -q "^$known" || say "$id is known with another text: the first one counts"
  echo "$id" ;;
work)
  next=$3 && shift 3 && trap 'stop=stop; [ -z "$child" ] || kill "$child"' TERM INT HUP && sweep
  for at in $(due new wait -mindepth 1 -maxdepth 1 | LC_ALL=C sort | cut -f 2); do
    parse && { held=run/$name@$host.$$ && locked .05 && [ "$(due "$at")" ] && move "$at" "$held" && durable run &&
      at=$held && { [ -d "out/$id" ] || attempt "$@"; } && finish && log done; flock -u 9; rm -f "$body"; } 9<"$at"
    [ -z "$stop" ] || exit 143
  done ;;
sweep) sweep 'keys/*/.[!.]*' ;;
esac; exit "${trouble:-$?}"
