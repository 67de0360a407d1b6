#!/bin/sh
# Keeps one page about a thing in a Notion database: made the first time, brought up to date from then on.
#
#   notion.sh KEY TITLE                 what is on standard input becomes the text of a new page
#   notion.sh --undo KEY                the page goes to the trash, if this run (RUN) has made it; standard input: what was printed
#   notion.sh --check                   whether the settings are whole; asks nobody
#
#   NOTION_DB                           the database's ID; without it this says so, and does nothing, with success
#   NOTION_TOKEN_FILE                   the integration's token, mode 0600; default: $SPOOL_DIR/secrets/notion.token
#   NOTION_KEY                          the database's text property that holds KEY; default: Slug
#   NOTION_API                          default: https://api.notion.com
#
# A page is looked for before it is made, so that what was cut off can be done again (not within the seconds in which Notion's
# queries may lag behind: hence no retry in here). Exit 75: rate limit, overload, no network: later; 77: token refused; 69: the
# database is not there, or not shared with the integration; 78: settings.
set -eu

version=2025-09-03
fail() {
  printf 'notion.sh: %s\n' "$2" >&2
  exit "$1"
}

if [ -z "${NOTION_DB-}" ]; then
  [ "${1-}" = --check ] || echo 'skipped: NOTION_DB is not set'
  exit 0
fi
case $NOTION_DB in *[!0-9A-Fa-f-]*) fail 78 'NOTION_DB: is no ID: 32 hexadecimal digits, as in the address of the database' ;; esac
api=${NOTION_API:-https://api.notion.com}
case $api in
https://* | http://127.0.0.1:* | http://localhost:*) ;;
*) fail 78 "NOTION_API: $api: the token is sent by https only" ;;
esac
for tool in curl jq; do command -v $tool >/dev/null || fail 69 "$tool was not found: apt-get install $tool"; done
file=${NOTION_TOKEN_FILE:-${SPOOL_DIR:-$HOME/spool}/secrets/notion.token}
[ -f "$file" ] || fail 78 "$file: is not there: write the integration's token into it, chmod 600"
[ -z "$(find -L "$file" -perm /077)" ] || fail 77 "$file: others may read it: chmod 600"
token=$(cat -- "$file")
# It goes into a line of curl's settings.
case $token in '' | *[!0-9A-Za-z_-]*) fail 78 "$file: holds no token, or more than one" ;; esac
[ "${1-}" != --check ] || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 143' TERM
trap 'exit 130' INT

# request METHOD PATH: the body, where there is to be one, is $work/body; the answer is in $work/answer. The token is in no
# argument, for ps shows those.
request() {
  method=$1 url=$api/v1/$2
  set --
  [ "$method" = GET ] || set -- -X "$method" -H 'Content-Type: application/json' --data-binary "@$work/body"
  status=$(printf 'header = "Authorization: Bearer %s"\n' "$token" |
    curl -q -sS -K - "$@" -H "Notion-Version: $version" --connect-timeout 10 --max-time 90 \
      -D "$work/headers" -o "$work/answer" -w '%{http_code}' "$url") || fail 75 'there was no answer'
  case $status in 2*) return 0 ;; esac
  words="$status $(jq -r '[.code, .message] | join(": ")' "$work/answer" 2>/dev/null | tr -d '[:cntrl:]' | cut -c 1-300)"
  case $status in
  401 | 403) fail 77 "$words: see $file" ;;
  404) fail 69 "$words" ;;
  409 | 5*) fail 75 "$words" ;;
  429) fail 75 "$words: try again after $(sed -n 's/^retry-after: *\([0-9]\{1,\}\).*/\1/Ip' "$work/headers" | grep . || echo some) s" ;;
  *) fail 78 "$words" ;;
  esac
}

undo=
[ "${1-}" != --undo ] || { undo=1; shift; }
[ -n "${1-}" ] || fail 64 'usage: notion.sh [--undo] KEY [TITLE]'
key=$1 title=${2:-$1} property=${NOTION_KEY:-Slug}
text=$(cat)
# What it printed says that it has made nothing.
case $undo$text in 1updated* | 1skipped*) exit 0 ;; esac

# A database holds its pages by way of a data source.
request GET "databases/$NOTION_DB"
source=$(jq -r '.data_sources | if length == 1 then .[0].id else empty end' "$work/answer")
[ -n "$source" ] || fail 78 "NOTION_DB: $NOTION_DB: has not one data source"
jq -n --arg property "$property" --arg key "$key" \
  '{filter: {property: $property, rich_text: {equals: $key}}, page_size: 2}' >"$work/body"
request POST "data_sources/$source/query"
# Its ID, and the minute in which it was made.
page=$(jq -r '.results | map(select(.in_trash | not)) | .[0] // empty | .id + " " + (.created_time // "" | .[:16])' "$work/answer")
id=${page%% *} made=${page#* }

if [ -n "$undo" ]; then
  [ -n "$id" ] || { echo 'there is no page'; exit 0; }
  # Where it was killed before it could say so, a page that is no older than the run was made by it.
  case $text in
  created*) ;;
  *)
    began=$(printf %s "${RUN:?is set by pipeline-run}" | sed 's/^\(....\)\(..\)\(..T..\)\(..\).*/\1-\2-\3:\4/')
    [ "$(printf '%s\n' "$began" "$made" | sort | head -n 1)" = "$began" ] || { echo "page $id is older than this run"; exit 0; }
    ;;
  esac
  echo '{"in_trash": true}' >"$work/body"
  request PATCH "pages/$id"
  echo "page $id is in the trash"
  exit
fi

# A database's title has the ID `title`, whatever it is called. Notion takes 2,000 characters of text in one piece.
properties=$(jq -n --arg property "$property" --arg key "$key" --arg title "$title" \
  '{title: {title: [{text: {content: $title[:2000]}}]}, ($property): {rich_text: [{text: {content: $key[:2000]}}]}}')
if [ -n "$id" ]; then
  jq -n --argjson properties "$properties" '{properties: $properties}' >"$work/body"
  request PATCH "pages/$id"
  echo "updated page $id"
else
  jq -n --arg source "$source" --argjson properties "$properties" --arg text "$text" \
    '{parent: {type: "data_source_id", data_source_id: $source}, properties: $properties,
      children: [{object: "block", type: "paragraph", paragraph: {rich_text: [{type: "text", text: {content: $text[:2000]}}]}}]}' >"$work/body"
  request POST pages
  echo "created page $(jq -r '.id // empty' "$work/answer")"
fi
