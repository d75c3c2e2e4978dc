#!/bin/sh
# A CGI program in shell: its environment, and how long the request's body was, as plain text.

printf 'Content-Type: text/plain; charset=utf-8\n'
printf 'Cache-Control: no-store\n'
printf '\n'

printf 'A shell script, run by %s in %s\n\n' "${SERVER_SOFTWARE:-nobody}" "$(pwd)"
env | LC_ALL=C sort
if [ -n "${CONTENT_LENGTH:-}" ]; then
	printf '\nThe body announced %s bytes and had %s.\n' "$CONTENT_LENGTH" "$(wc -c | tr -d ' ')"
fi
