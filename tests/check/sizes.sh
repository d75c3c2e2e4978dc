#!/bin/sh
# Functions: at most 80 lines, 95 of 100 at most 50, median at most 15. Files: at most 500 lines, median
# at most 200. A function's braces stand alone at the start of a line, so awk can measure it; const
# tables end in "};" and do not count.
set -u
lengths=$(mktemp) files=$(mktemp)
trap 'rm -f "$lengths" "$files"' EXIT
awk 'FNR == 1 { start = 0 }
	/^{$/ { start = FNR }
	/^}$/ && start { print FNR - start + 1, FILENAME ":" start; start = 0 }' src/*/*.c |
	sort -n >"$lengths"
wc -l src/*/*.c | awk '$2 != "total" { print $1, $2 }' | sort -n >"$files"
nth() { awk -v share="$2" '{ line[NR] = $1 } END { i = int(NR * share + 0.999); print line[i < 1 ? 1 : i] }' "$1"; }
bad=0
limit() { # what, figure, bound
	echo "$1: $2 (at most $3)"
	[ "$2" -le "$3" ] || bad=1
}
limit 'longest function' "$(nth "$lengths" 1)" 80
limit 'functions, 95th percentile' "$(nth "$lengths" 0.95)" 50
limit 'functions, median' "$(nth "$lengths" 0.5)" 15
limit 'longest file' "$(nth "$files" 1)" 500
limit 'files, median' "$(nth "$files" 0.5)" 200
[ $bad -eq 0 ] || { tail -n 3 "$lengths"; tail -n 3 "$files"; }
exit $bad
