#!/bin/sh
# Ten lines in three seconds: as a page, or bare with the query `plain`. Each line is one write, and the
# server passes on what it gets at once.

end_quietly() { # the reader went away
	exit 0
}
trap end_quietly PIPE TERM

open= close=
if [ "${QUERY_STRING:-}" = plain ]; then
	printf 'Content-Type: text/plain; charset=utf-8\nCache-Control: no-store\n\n'
else
	open='<li>' close='</li>'
	printf 'Content-Type: text/html; charset=utf-8\nCache-Control: no-store\n\n'
	cat <<'PAGE'
<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Slowly · webserv</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/site.css"></head><body>
<header class="top"><nav class="wrap" aria-label="Site"><a class="brand" href="/"><img src="/assets/icon.svg" alt="" width="32" height="32">webserv</a>
<ul><li><a href="/programs">Programs</a></li></ul></nav></header>
<main class="wrap"><p class="eyebrow">A slow answer</p><h1>One line after the other.</h1><ol class="stream">
PAGE
fi

n=1
while [ "$n" -le 10 ]; do
	printf '%sline %d of 10, sent at %s%s\n' "$open" "$n" "$(date +%T)" "$close"
	n=$((n + 1))
	sleep 0.3
done

if [ -n "$open" ]; then
	printf '</ol><p>That was all.</p></main></body></html>\n'
fi
