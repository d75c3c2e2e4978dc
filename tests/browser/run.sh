#!/bin/sh
# The browser test needs one package from npm, which goes into the build folder, and Debian's Chromium.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
room=$top/${BUILD:-build}/browser
mkdir -p "$room"
cp "$here"/package.json "$here"/*.mjs "$room"
[ -d "$room/node_modules/playwright-core" ] || (cd "$room" && npm install --no-audit --no-fund --no-package-lock --silent)
cd "$room"
exec node browser_test.mjs "$top/webserv" "$top"
