#!/bin/sh
# Runs Criterion programs one after the other and sums up: `N passed, N failed` alone on the last line.
set -u
total=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for program in "$@"; do
	echo "== $program"
	"$program" -j "${JOBS:-2}" --color=never >"$log" 2>&1
	status=$?
	line=$(grep -a 'Synthesis:' "$log" | tail -n 1)
	if [ $status -ne 0 ] || [ -z "$line" ]; then
		cat "$log"
	else
		echo "$line"
	fi
	tested=$(echo "$line" | sed -n 's/.*Tested: \([0-9]*\).*/\1/p')
	passing=$(echo "$line" | sed -n 's/.*Passing: \([0-9]*\).*/\1/p')
	total=$((total + ${passing:-0}))
	failed=$((failed + ${tested:-1} - ${passing:-0}))
	[ $status -eq 0 ] || [ "${tested:-0}" != "${passing:-1}" ] || failed=$((failed + 1))
done
echo "$total passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$total" -gt 0 ]
