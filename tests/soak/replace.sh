#!/bin/bash
# Reloads and upgrades under load: wrk on connections that are kept, ab with one for each request. Not one
# request may fail, and descriptors and memory of the first process must not grow.
#
#     replace.sh WEBSERV RELOADS UPGRADES
set -euo pipefail
binary=$(realpath "$1")
reloads=$2
upgrades=$3
room=$(mktemp -d)
cd "$room"
cp "$binary" ws
mkdir www
head -c 2000 /dev/zero | tr '\0' a >www/index.html

fail() { echo "replace: $*" >&2; exit 1; }
pid() { cat "$room/s.pid"; }
trap 'kill -9 $(cat "$room/s.pid" 2>/dev/null) 2>/dev/null || true
	kill $(jobs -p) 2>/dev/null || true; rm -rf "$room"' EXIT

# Two ports that are free now: the one that stays, and the one that comes and goes.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
other=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.2", 0)); print(s.getsockname()[1])')

# config NAME: a file whose answers carry X-Version: NAME; two also listens on another port.
config() {
	local extra=''
	[ "$1" = two ] && extra="listen 127.0.0.2:$other;"
	cat >"$1.conf" <<-END
		pid s.pid; error_log error.log notice; worker_processes 2;
		server { listen 127.0.0.1:$port; $extra add_header X-Version $1; }
	END
}
config one
config two
use() { cp "$1.conf" site.conf; }

seen() {
	curl -sf -o headers -D - "http://127.0.0.1:$port/" | grep -qi "^X-Version: $1" || fail "version $1 is not seen"
	if [ "$1" = two ]; then
		curl -sf -o /dev/null "http://127.0.0.2:$other/" || fail "the other port is not there"
	else
		curl -s -o /dev/null "http://127.0.0.2:$other/" && fail "the other port is still there"
	fi
	return 0
}

descriptors() { find "/proc/$(pid)/fd" -mindepth 1 | wc -l; }
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$(pid)/status"; }
alone() { # until older generations have gone
	for _ in $(seq 100); do
		[ "$(./ws -s status site.conf | grep -c '^generation\|served before')" = 1 ] && return
		sleep 0.1
	done
	fail 'an older generation stays'
}

use one
./ws site.conf >out 2>&1 &
for _ in $(seq 100); do grep -q listening out 2>/dev/null && break; sleep 0.05; done

wrk -t1 -c16 -d3600s "http://127.0.0.1:$port/" >wrk.out 2>&1 &
wrk=$!
(
	# Whole rounds, until told to end: ab says how many requests of a round failed.
	while [ ! -e enough ]; do
		ab -q -n 2000 -c 4 "http://127.0.0.1:$port/" >>ab.out 2>&1 || { echo "Failed requests: 1 (ab itself)" >>ab.out; break; }
	done
) &
ab=$!

# At first there are no answers of older generations in flight: the figures to compare with come from here.
for i in 1 2 3 4; do use $([ $((i % 2)) = 1 ] && echo two || echo one); ./ws -s reload site.conf >/dev/null; done
alone
fds=$(descriptors)
kib=$(memory)
for i in $(seq "$reloads"); do
	version=$([ $((i % 2)) = 1 ] && echo two || echo one)
	use "$version"
	./ws -s reload site.conf >reload.out || fail "reload $i: $(cat reload.out)"
	seen "$version"
done
use one
./ws -s reload site.conf >/dev/null
alone
fds_after=$(descriptors)
kib_after=$(memory)
for i in $(seq "$upgrades"); do
	./ws -s upgrade site.conf >upgrade.out 2>&1 || fail "upgrade $i: $(cat upgrade.out)"
	seen one
done
touch enough
wait "$ab"
kill -INT "$wrk"
wait "$wrk" || true
alone
fds_last=$(descriptors)
./ws -s stop site.conf >/dev/null
rounds=$(grep -c '^Complete requests' ab.out)
failed=$(awk '/^Failed requests|^Non-2xx/ { n += $NF } END { print n + 0 }' ab.out)

echo "reloads $reloads, upgrades $upgrades"
grep 'requests in' wrk.out
echo "ab: $((rounds * 2000)) requests on as many connections, $failed failed"
echo "first process: $fds descriptors before, $fds_after after, $fds_last after the upgrades; $kib KiB before, $kib_after KiB after"
grep -q 'requests in' wrk.out || fail "wrk: $(cat wrk.out)"
if grep 'Socket errors\|Non-2xx' wrk.out; then fail 'wrk saw errors'; fi
[ "$failed" = 0 ] || fail "ab: $(grep -m3 '^Failed\|^Non-2xx' ab.out)"
[ "$rounds" -gt 0 ] || fail "ab: $(cat ab.out)"
[ "$fds_after" = "$fds" ] || fail 'descriptors grow'
[ $((kib_after - kib)) -lt 256 ] || fail 'memory grows'
