#!/bin/sh
# One HTML page of a Markdown file, on standard output.
#
#   render.sh TITLE FILE.md
#
# The text comes from a model, or from an article that anybody wrote: cmark-gfm leaves raw HTML and links that run scripts
# out, with a comment in their place, and the page's policy allows no script at all.
set -e
title=$(printf %s "$1" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/"/\&quot;/g')
# Deeply nested text can keep it busy for very long.
body=$(timeout 60 cmark-gfm --validate-utf8 -e table -e strikethrough -e autolink <"$2")
cat <<END
<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src https:; style-src 'unsafe-inline'">
<title>$title</title>
<style>body { max-width: 42em; margin: 2em auto; padding: 0 1em; font: 1.05em/1.5 serif } pre { overflow: auto }</style>
</head>
<body>
$body
</body>
</html>
END
