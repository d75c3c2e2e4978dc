#!/bin/sh
# Runs each fuzz target for so many seconds on a copy of its corpus; two at a time.
set -u
seconds=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
run_one() {
	name=$(basename "$1" | sed 's/^fuzz_//')
	mkdir -p "$work/$name"
	if "$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -artifact_prefix="$work/$name-" \
		"$work/$name" "tests/fuzz/corpus/$name" >"$work/$name.log" 2>&1; then
		echo "fuzz $name: no finding in $seconds s ($(grep -ac NEW "$work/$name.log") new inputs)"
	else
		tail -n 40 "$work/$name.log"
		echo "fuzz $name: FOUND SOMETHING"
		touch "$work/failed"
	fi
}
while [ $# -gt 0 ]; do
	run_one "$1" &
	shift
	[ $# -gt 0 ] && { run_one "$1" & shift; }
	wait
done
[ ! -e "$work/failed" ]
