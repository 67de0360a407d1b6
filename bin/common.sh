# shellcheck shell=sh
# What the scripts of bin/ share. Sourced, not run; sets $top.

top=$(cd "$(dirname "$0")/.." && pwd -P)

# Needed to build and to run; then to test.
# shellcheck disable=SC2034
packages_run='libinotifytools0-dev libsqlite3-dev libsimdjson-dev g++ libcurl4-openssl-dev binutils python3 python3-icalendar python3-recurring-ical-events python3-jsonschema tzdata git cmark-gfm curl jq'
# shellcheck disable=SC2034
packages_test='cron systemd strace e2fsprogs faketime qemu-system-x86 busybox-static kmod gcc libc6-dev procps util-linux mandoc shellcheck inotify-tools iproute2 msmtp-mta apprise python3-aiosmtpd python3-venv python3-websockets chromium chromium-driver python3-selenium'

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

missing_packages() {
  for package in "$@"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || status=
    [ "$status" = installed ] || printf '%s ' "$package"
  done
}

# Installs those Debian packages that are missing; says which.
need_packages() {
  command -v dpkg-query >/dev/null || die "this is no Debian: install by hand what stands in for: $*"
  # shellcheck disable=SC2046,SC2086
  set -- $(missing_packages "$@")
  [ $# -gt 0 ] || return 0
  say "installing: $*"
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "not root, and no sudo: run as root: apt-get install $*"
    as_root=sudo
  fi
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  $as_root apt-get update >"$log" 2>&1 || { cat "$log" >&2; die 'apt-get update failed'; }
  $as_root apt-get install -y --no-install-recommends "$@" >"$log" 2>&1 || { tail -n 20 "$log" >&2; die 'apt-get install failed'; }
  rm -f "$log"
}

need_swift() {
  command -v swift >/dev/null || die 'swift was not found: install Swift 6.3 or newer from swift.org, then try again'
}

# Runs a build: its progress as one short line now and then, the whole of it where it fails.
show_progress() {
  log=$(mktemp)
  ("$@" 2>&1; echo "exit $?") | tee "$log" | awk -v tty="$([ -t 1 ] && echo 1)" '
    match($0, /^\[[0-9]+\/[0-9]+\]/) {
      split(substr($0, 2, RLENGTH - 2), n, "/")
      if (tty) { printf "\r  %d of %d ", n[1], n[2]; fflush() }
      else if (n[1] >= next_line) { printf "  %d of %d\n", n[1], n[2]; fflush(); next_line = n[1] + 100 }
    }
    END { if (tty) printf "\r                    \r" }'
  result=$(tail -n 1 "$log")
  if [ "$result" != 'exit 0' ]; then
    grep -vE '^\[[0-9]+/[0-9]+\]' "$log" | tail -n 60 >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}

# A product that tests need, from the objects of the release; prints its path.
build_test_product() {
  need_swift
  (cd "$top" && show_progress swift build -c release --static-swift-stdlib --disable-local-rpath --product "$1") >&2 || return 1
  printf '%s/%s\n' "$(cd "$top" && swift build -c release --static-swift-stdlib --disable-local-rpath --show-bin-path)" "$1"
}

# --disable-local-rpath: no library lies beside them, and the loader would look there first.
# The release: one static executable that is every tool by the name that it is called by; one for what speaks over sockets, which uses
# the system's libcurl; and one for the memory, which uses its libsqlite3 and libsimdjson.
build_release() {
  need_swift
  for product in spindle spindle-web spindle-memory; do
    (cd "$top" && show_progress swift build -c release --static-swift-stdlib --disable-local-rpath --product $product) || return 1
  done
}
