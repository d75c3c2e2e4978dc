#!/bin/sh
# Includes may only point downwards:
#     base <- http <- conf <--+
#     base <- net  <----------+-- server <- handlers <- main
# A file in one of these folders that includes a header of a folder not listed for it is an error.
set -u
allowed() {
	case $1 in
	base) echo 'base' ;;
	http) echo 'base http' ;;
	net) echo 'base net' ;;
	conf) echo 'base http conf' ;;
	server) echo 'base http net conf server' ;;
	handlers) echo 'base http net conf server handlers' ;;
	main) echo 'base http net conf server handlers main' ;;
	esac
}
bad=0
for layer in base http net conf server handlers main; do
	may=" $(allowed $layer) "
	for file in src/$layer/*.c include/$layer/*.h; do
		[ -f "$file" ] || continue
		for target in $(sed -n 's/^#include "\([a-z_]*\)\/.*/\1/p' "$file" | sort -u); do
			case $may in
			*" $target "*) ;;
			*)
				echo "$file: $layer may not include $target/"
				bad=1
				;;
			esac
		done
		if grep -n '^#include "[^/]*"' "$file"; then
			echo "$file: an include without its folder"
			bad=1
		fi
	done
done
[ $bad -eq 0 ] && echo 'layers: every include points downwards'
exit $bad
