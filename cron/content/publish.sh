#!/bin/sh
# Publishes what was approved of a run as one commit on the branch that is checked out in CONTENT_REPO: one for each run,
# however often it is begun or killed. --undo takes just that commit back, by another one.
#
#   publish.sh SLUG TITLE               as posts/SLUG/
#   publish.sh --undo SLUG
#   publish.sh --check                  whether there is a repository
#
# A commit is found again by its trailer, `Run:` or `Undone-Run:`. It is made beside the index, and is there when the branch has
# moved; then the index and the work tree follow, in these files alone. Git's hooks are not run.
# Exit 69: a person must do something first; 75: another git is at work. Nothing was published then.
set -eu

fail() {
  printf 'publish.sh: %s: %s\n' "$CONTENT_REPO" "$2" >&2
  exit "$1"
}
: "${CONTENT_REPO:?names the git repository}"
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
export GIT_OPTIONAL_LOCKS=0
# core.fsync: what is done is done after a power cut, too; by itself git flushes no loose objects.
git() { command git -C "$CONTENT_REPO" -c core.fsync=all -c core.filesRefLockTimeout=3000 "$@"; }
path() { git rev-parse --path-format=absolute "$@"; }

# ---- Where

command -v git >/dev/null || fail 69 'git was not found: apt-get install git'
[ -d "$CONTENT_REPO" ] || fail 69 'is not there: git init it'
common=$(path --git-common-dir) || fail 69 'is no git repository that can be used: git init it'
[ -z "$(git rev-parse --show-prefix)" ] || fail 78 "is a directory in a repository: name $(git rev-parse --show-toplevel)"
[ "${1-}" != --check ] || exit 0
: "${RUN:?is set by pipeline-run}" "${STEPS:?is set by pipeline-run}"
undo=
[ "$1" != --undo ] || { undo=1; shift; }
place=posts/$1 title=${2-}
products='render linkedin instagram medium blog'
file_of() { if [ "$1" = render ]; then echo "$place/index.html"; else echo "$place/$1.md"; fi; }
paths=$(for product in $products; do file_of "$product"; done)
git var GIT_COMMITTER_IDENT >/dev/null 2>&1 ||
  export GIT_AUTHOR_NAME=Spindle GIT_AUTHOR_EMAIL=spindle@localhost GIT_COMMITTER_NAME=Spindle GIT_COMMITTER_EMAIL=spindle@localhost

# ---- One publisher at a time. Each git that it starts inherits the lock: whoever gets it knows that no earlier one lives.

own=$common/spindle
mkdir -p "$own"
exec 8>>"$own/lock"
flock -w 120 8 || fail 75 'another run is publishing'
rm -rf "$own"/work.*
work=$(mktemp -d "$own/work.XXXXXX")
trap 'unlock_index; rm -rf "$work"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# The index is locked as git does it, by making index.lock; ours says whose it is, and so is known after a kill -9.
index=$(path --git-path index)
bare=$(git rev-parse --is-bare-repository)
unlock_index() { if [ "$(head -c 8 "$index.lock" 2>/dev/null)" = 'spindle ' ]; then rm -f "$index.lock"; fi; }
lock_index() {
  [ "$bare" = false ] || return 0
  unlock_index
  printf 'spindle %s\n' "$RUN" >"$work/lock"
  for _ in 1 2 3 4 5 6; do
    ! ln "$work/lock" "$index.lock" 2>/dev/null || return 0
    sleep 0.5
  done
  fail 75 "$index.lock is there: another git is at work, or was killed, and then rm it"
}
lock_index

branch=$(git symbolic-ref -q HEAD) || fail 75 'is on no branch: git switch to the one to publish on'
[ ! -e "$(path --git-path MERGE_HEAD)" ] || fail 75 'is in the middle of a merge'
head=$(git rev-parse -q --verify 'HEAD^{commit}') || head=
# `published COMMIT` or `undone COMMIT`, by the last commit that names this run; or nothing.
find_state() {
  [ -n "$head" ] || return 0
  git log -F --grep="$RUN" \
    --format='%H|%(trailers:key=Run,valueonly,separator=%x2C)|%(trailers:key=Undone-Run,valueonly,separator=%x2C)' >"$work/log"
  awk -F'|' -v run="$RUN" '$2 == run { print "published", $1; exit } $3 == run { print "undone", $1; exit }' "$work/log"
}

nothing=$(git hash-object --stdin </dev/null | tr 0-9a-f 0)
# entry COMMIT PATH: as git update-index --index-info reads it, also where it is not there.
entry() {
  if [ -n "$1" ] && git rev-parse -q --verify "$1:$2" >/dev/null; then git ls-tree "$1" -- "$2"; else printf '0 %s\t%s\n' "$nothing" "$2"; fi
}

move_branch() {
  echo "$made" >"$pending"
  echo "$branch" >"$own/moving"
  git update-ref -m "$1" HEAD "$made" "$head" || {
    rm -f "$own/moving" "$pending"
    fail 75 "$branch could not be moved: another git is at work"
  }
  rm -f "$own/moving"
  head=$made
}

# change_branch SUBJECT: a commit of what there is with the entries in $work/new, if that is anything new; its message goes on
# with $work/trailer. The branch moves to it, and the work tree follows. The commit is $made.
change_branch() {
  # shellcheck disable=SC2086
  [ "$bare" = true ] || [ -z "$(git status --porcelain --untracked-files=all --ignored -- $paths)" ] ||
    fail 69 "$place has changes that are in no commit: git commit them, or take them away; then spool release $RUN"
  for path in posts "$place" $paths; do
    case $path:$(git cat-file -t "${head:-HEAD}:$path" 2>/dev/null) in
    posts:tree | "$place:tree" | *.*:blob | *:) ;;
    *) fail 69 "$path is something else there" ;;
    esac
  done
  export GIT_INDEX_FILE="$work/tree"
  if [ -n "$head" ]; then git read-tree "$head"; else git read-tree --empty; fi
  git update-index --add --index-info <"$work/new"
  tree=$(git write-tree)
  unset GIT_INDEX_FILE
  made=$head
  if [ -n "$head" ] && [ "$tree" = "$(git rev-parse "$head^{tree}")" ]; then return 0; fi
  made=$({ printf '%s\n\n' "$1"; cat "$work/trailer"; } | git commit-tree "$tree" ${head:+-p "$head"})
  move_branch "$1"
  follow
}

# $pending has the commit to which index and work tree have yet to follow; it is written before the branch moves.
follow() {
  if [ "$bare" = false ]; then
    [ ! -e "$index" ] || cp -p "$index" "$work/index"
    for path in $paths; do entry "$head" "$path"; done >"$work/entries"
    export GIT_INDEX_FILE="$work/index"
    git update-index --add --index-info <"$work/entries"
    sed -n '/^0 /d; s/.*\t//p' "$work/entries" | git checkout-index -q -f -u --stdin
    unset GIT_INDEX_FILE
    # As git does it: a directory goes with its last file.
    sed -n 's/^0 [0-9]*\t//p' "$work/entries" |
      (cd -- "$CONTENT_REPO" && xargs -r rm -f -- && rmdir -p --ignore-fail-on-non-empty -- "$place" 2>/dev/null) || :
    mv -f "$work/index" "$index"
  fi
  rm -f "$pending"
}

# ---- What was begun is ended first

# While the branch moves git holds locks, for an instant. Where a publisher died in it, they are left.
if [ -e "$own/moving" ]; then
  sleep 1
  rm -f "$common/$(cat "$own/moving").lock" "$(path --git-path HEAD.lock)" "$own/moving"
fi
pending=$own/$RUN
if [ -e "$pending" ]; then
  if [ -n "$head" ] && git merge-base --is-ancestor "$(cat "$pending")" "$head" 2>/dev/null; then follow; else rm -f "$pending"; fi
fi
# `published COMMIT` or `undone COMMIT`, by the last commit that names this run; or nothing.
state=$(find_state)
commit=${state#* }

# ---- And then

if [ -z "$undo" ]; then
  case $state in
  published*) ;;
  *)
    for product in $products; do
      printf '100644 %s\t%s\n' "$(git hash-object -w --no-filters -- "$STEPS/$product")" "$(file_of "$product")"
    done >"$work/new"
    printf 'Run: %s\n' "$RUN" >"$work/trailer"
    change_branch "Publish: $title"
    commit=$made
    ;;
  esac
  printf '%s, commit %s\n' "$(file_of render)" "$commit"
  exit
fi

case $state in
published*)
  for path in $paths; do
    was=$(entry "$commit^" "$path") published=$(entry "$commit" "$path") is=$(entry "$head" "$path")
    case $is in
    "$published") printf '%s\n' "$was" ;;
    "$was") ;;
    *) fail 69 "$path was changed since: take commit $commit back by hand" ;;
    esac
  done >"$work/new"
  printf 'This reverts commit %s.\n\nUndone-Run: %s\n' "$commit" "$RUN" >"$work/trailer"
  change_branch "Revert \"$(git log -1 --format=%s "$commit")\""
  echo "commit $commit is taken back by $made"
  ;;
undone*) echo "commit $commit has taken it back" ;;
*) echo 'nothing was published' ;;
esac
