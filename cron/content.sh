#!/bin/sh
# From an article to its posts: gathered, weighed, written for four places at once, reviewed, and published, each step once.
# A person is asked twice, and nothing is published before the second yes. After a no, or a failure, what was done is undone.
#
#   pipeline-run --name content-v2 --env CONTENT_REPO content.sh ARTICLE.md
#
#   CONTENT_REPO                        the local git repository that it publishes into, as posts/NAME/
#   CONTENT_TO                          who is asked; default: me
#   CONTENT_WAIT, CONTENT_CONFIRM       how long an answer may take, and an address to take the question; default: 4h, 15m
#   CONTENT_DIR                         preview/RUN.html and archive/RUN/ are made there; default: ~/content
#   NOTION_DB, ...                      see notion.sh; without it the step says so and does nothing
#
# A run has these only where --env names them. Models are asked as the agents nova, kira and lex. docs/content.md has more.
set -e

fail() {
  printf 'content.sh: %s\n' "$2" >&2
  exit "$1"
}
usage='pipeline-run --name content-v2 --env CONTENT_REPO content.sh ARTICLE.md'
[ -n "${RUN-}${STEPS-}" ] || fail 64 "is run by pipeline-run: $usage"
[ $# -eq 1 ] || fail 64 "usage: $usage"
[ -n "${CONTENT_REPO-}" ] || fail 64 "CONTENT_REPO: names no git repository: $usage"

here=$(dirname -- "$0")
directory=${CONTENT_DIR:-$HOME/content}
page=$directory/preview/$RUN.html
# A file may be called anything: -x.md is no option, and - no standard input.
case $1 in /*) article=$1 ;; *) article=./$1 ;; esac

# The name under which it is published. What was lost of the file's name stands in for itself as a hash.
name=${article##*/}
name=${name%.md}
slug=$(printf %s "$name" | LC_ALL=C tr '[:upper:]' '[:lower:]' | LC_ALL=C tr -cs a-z0-9 - | cut -c 1-48 | sed 's/^-//; s/-$//')
[ -n "$slug" ] && [ "$slug" = "$name" ] || slug=${slug:+$slug-}$(printf %s "$name" | sha256sum | cut -c 1-6)

# What is missing is said before anybody is asked or paid.
if [ ! -e "$STEPS/article" ]; then
  command -v cmark-gfm >/dev/null || fail 69 "cmark-gfm was not found: apt-get install cmark-gfm, then spool release $RUN"
  "$here/content/publish.sh" --check
  "$here/notion.sh" --check
fi

# One word for the shell that runs an undo.
quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }
# ask STEP SUBJECT PRODUCT
ask() {
  pipeline-step "$1" -- wait-approval --to "${CONTENT_TO:-me}" --timeout "${CONTENT_WAIT:-4h}" \
    --confirm-within "${CONTENT_CONFIRM:-15m}" --subject "$2" <"$STEPS/$3"
}

# What comes of the run is what its last steps say; the texts are files in $STEPS.
exec 3>&1 >/dev/null

pipeline-step article -- iconv -f UTF-8 -t UTF-8 "$article"
grep -q '[^[:space:]]' "$STEPS/article" || fail 65 "$article: is empty"
title=$(sed -n 's/^#\{1,\}[[:space:]]\{1,\}//p' "$STEPS/article" | head -n 1 | tr -d '[:cntrl:]' |
  LC_ALL=C.UTF-8 sed 's/^\(.\{100\}\).*/\1.../')
title=${title:-$slug}

pipeline-step gather -- claude-call --agent nova -f "$here/content/gather.md" --input "$STEPS/article"
pipeline-step analyze -- claude-call --agent nova -f "$here/content/analyze.md" --input "$STEPS/gather"
pipeline-step present -- "$here/content/present.sh" "Shall posts be written of this? $title" "$STEPS/analyze"
ask approval "Brief: $title" present

pipeline-step canonical -- claude-call --agent kira -f "$here/content/canonical.md" --input "$STEPS/analyze" --input "$STEPS/article"
pipeline-step linkedin -- claude-call --agent kira -f "$here/content/linkedin.md" --input "$STEPS/canonical" &
pipeline-step instagram -- claude-call --agent kira -f "$here/content/instagram.md" --input "$STEPS/canonical" &
pipeline-step medium -- claude-call --agent kira -f "$here/content/medium.md" --input "$STEPS/canonical" &
pipeline-step blog -- claude-call --agent kira -f "$here/content/blog.md" --input "$STEPS/canonical" &
wait
pipeline-step review -- claude-call --agent lex -f "$here/content/review.md" --input "$STEPS/analyze" --input "$STEPS/linkedin" \
  --input "$STEPS/instagram" --input "$STEPS/medium" --input "$STEPS/blog"

# The page as it will be, and all that is to be approved, as one text.
pipeline-step draft -- "$here/content/draft.sh" "$here/content/render.sh" "$here/content/present.sh" "$title" "$page"
ask approval-2 "Publish: $title" draft

pipeline-step render -- "$here/content/render.sh" "$title" "$STEPS/blog"
pipeline-step preview -- "$here/content/preview.sh" "$STEPS/render" "$page"
pipeline-step publish --timeout 5m --undo "$(quoted "$here/content/publish.sh") --undo $slug" -- \
  "$here/content/publish.sh" "$slug" "$title" >&3
pipeline-step notion_update --timeout 5m --attempts 3 --undo "$(quoted "$here/notion.sh") --undo $slug" -- \
  "$here/notion.sh" "$slug" "$title" <"$STEPS/publish" >&3
pipeline-step archive -- "$here/content/archive.sh" "$directory/archive" >&3
