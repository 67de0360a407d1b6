#!/bin/busybox sh
# /init of the machine whose power is cut. As `load` it works on the disk and says on the second serial line what was
# acknowledged; as `check` it mounts the disk that a cut has left, hands it out as it is, mends it as its user or cron
# would, and hands it out again. What it has to do comes as environment, from the kernel's command line:
#   role=load fs=ext4 shape=together|alone first=N [eat=fsync]
#   role=check fs=ext4 keys=N-N,... deliveries=N-N,...      role=trial
# shellcheck shell=dash
export PATH=/bin HOME=/root SPOOL_DIR=/disk/spool
: "${role=}" "${fs=}" "${shape=}" "${first=1}" "${eat=}" "${keys=}" "${deliveries=}" "${SPOOL_ID=}"

# One line, in one write, with its length: what was cut off or mixed up is not taken for whole.
say() { words="$*"; printf '<%s %s>\n' "${#words}" "$words" >/dev/ttyS1; }

# The text called KIND-N: its name, on as many lines as N says.
text() {
  number=${1##*-}
  if [ $((number % 16)) -eq 0 ]; then count=3000; else count=$((number % 11 + 1)); fi
  yes "$1" | head -n "$count"
}

# ------------------------------------------------------------------ the load: each does the N-th of its kind

put_it() { # NAME [OPTION...]
  name=$1
  shift
  if id=$(text "$name" | spool put a "$@"); then say entry a "$name" "$id"; else say failed "spool put $*"; fi
}
put() { put_it "$1-$2"; }
# All publishers of a kind race for the same keys.
put_keyed() { put_it "$1-$2" --key "$1-$2"; }

put_lines() { # KIND N
  ids=$(seq 8 | sed "s,^,$1-$2.," | spool put a --lines) || say failed "spool put --lines"
  line=0
  for id in $ids; do
    line=$((line + 1))
    say entry a "$1-$2.$line" "$id"
  done
}

# The ID is printed when the message is accepted, before it is sent; exit 0 without a word on stderr: it was sent.
deliver_it() { # NAME [OPTION...]
  name=$1
  shift
  {
    text "$name" | deliver --to file:/disk/inbox --subject "$name" "$@" 2>"/run/said.$name" || say failed deliver
    [ -s "/run/said.$name" ] || echo
  } | {
    read -r id && say entry deliveries "$name" "$id"
    read -r _ && say delivered "$id"
  }
  cat "/run/said.$name" >&2
}
deliver_keyed() { deliver_it "$1-$2" --key "$1-$2"; }
deliver_plain() { deliver_it "$1-$2"; }

drop() { # KIND N
  text "$1-$2" >"/run/$1"
  cp "/run/$1" "/disk/spool/a/drop/$1-$2" && sync "/disk/spool/a/drop/$1-$2" && say dropped "$1-$2"
}

work() { # WORKER
  : >"/run/ran.$1"
  if spool work a --to b --once -- /init step "$1"; then
    while read -r id; do say handed "$id"; done <"/run/ran.$1"
  else
    say failed "spool work"
  fi
}

step() { # WORKER: what spool work runs
  say ran "$SPOOL_ID"
  echo "$SPOOL_ID" >>"/run/ran.$1"
  exec tr a-z A-Z
}

forever() { # COMMAND...
  n=$first
  while :; do
    until [ -e /run/go ]; do sleep 0.1; done
    "$@" "$n"
    n=$((n + 1))
  done
}

is_idle() {
  for file in /disk/spool/a/new/* /disk/spool/a/run/* /disk/spool/a/drop/*; do [ ! -e "$file" ] || return 1; done
}

together() {
  forever put p &
  forever put_keyed k &
  forever put_keyed k &
  forever put_lines l &
  forever deliver_keyed dk &
  forever deliver_plain d &
  forever drop f &
  for worker in 1 2; do
    while :; do
      work "$worker"
      sleep 0.1
    done &
  done
  # Now and then the publishers stop, else the workers would never be done, and hand-overs never acknowledged.
  while :; do
    : >/run/go
    sleep 0.2
    rm /run/go
    until is_idle; do sleep 0.1; done
    sleep 0.2
  done
}

# One after the other, so that no fsync of somebody else makes good for one that is missing.
alone() {
  n=$first
  while :; do
    put p "$n"
    put_keyed k "$n"
    deliver_keyed dk "$n"
    put_lines l "$n"
    deliver_plain d "$n"
    drop f "$n"
    work 1
    n=$((n + 1))
  done
}

# ------------------------------------------------------------------ the check

run() { # COMMAND...: whose exit is part of the report
  { "$@"; } >/run/out 2>&1
  code=$?
  echo "$code $*" >>/report/exits
  { echo "\$ $*   (exit $code)"; cat /run/out; } >>/report/transcript
  return "$code"
}

again() { # KIND RANGES REMAINDER COMMAND...: once more under those keys whose number, halved, leaves this
  kind=$1 ranges=$2 remainder=$3
  shift 3
  for n in $(echo "$ranges" | tr ',-' '\n ' | while read -r from to; do seq "$from" "$to"; done); do
    [ $((n % 2)) -eq "$remainder" ] || continue
    text "$kind-$n" | run "$@" --subject "$kind-$n" --key "$kind-$n" &&
      echo "$kind-$n $(tail -n 1 /run/out)" >>/report/again
  done
}

# Half of the keys are used again before anything is mended, half after that.
all_again() { # REMAINDER
  again k "$keys" "$1" spool put a
  again dk "$deliveries" "$1" deliver --to file:/disk/inbox
}

mend() {
  run spool sweep
  run spool work a --to b --once -- tr a-z A-Z
  run deliver --recover
}

check() {
  mkdir /report
  : >/report/again
  tar -C / -cf /dev/vdb disk || return
  spool check >/report/found 2>&1
  all_again 1
  mend
  all_again 0
  mend
  run spool check
  tar -C / -cf /dev/vdc disk report || return
  sync
  say checked
}

# ------------------------------------------------------------------ booting

mount_disk() {
  while read -r module; do insmod "$module"; done <"/modules/$fs"
  case $fs in
  ext4 | btrfs) options=commit=60 ;;
  xfs) options=defaults ;;
  esac
  mount -t "$fs" -o "$options" /dev/vda /disk || return
  # Nothing is to be flushed but by who asks for it.
  sysctl -q -w vm.dirty_writeback_centisecs=0
  [ "$fs" != xfs ] || sysctl -q -w fs.xfs.xfssyncd_centisecs=720000
}

boot() {
  /bin/busybox --install -s /bin
  hostname powercut
  mount -t proc proc /proc
  mount -t sysfs sysfs /sys
  mount -t devtmpfs devtmpfs /dev
  stty -F /dev/ttyS1 raw
  # Held open: its last close would wait until all is sent. And all that the tools say goes to the console.
  exec 3>/dev/ttyS1 >/dev/ttyS0 2>&1
  # Should nobody be left who cuts our power.
  { sleep 900; poweroff -f; } &
  case $role in
  trial) say up ;;
  load)
    mount_disk || say failed mount
    spool init a b || say failed "spool init"
    if [ "$eat" ]; then eat-fsync /init "$shape"; else "$shape"; fi
    ;;
  check) if mount_disk; then check; else say failed mount; fi ;;
  esac
  # The kernel panics when its init ends.
  while :; do sleep 60; done
}

[ $# -gt 0 ] || boot
"$@"
