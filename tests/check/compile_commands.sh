#!/bin/sh
# Prints compile_commands.json for clang-tidy and editors: the command, then the files.
command=$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g')
shift
sep='['
for file in "$@"; do
	printf "%s\n{\"directory\":\"%s\",\"file\":\"%s\",\"command\":\"%s -c %s\"}" "$sep" "$PWD" "$file" "$command" "$file"
	sep=','
done
printf '\n]\n'
