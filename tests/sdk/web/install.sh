#!/usr/bin/env bash
# Installs the required releases of appwrite (the web SDK) side by side under npm aliases (v13, v18, ...), playwright-core,
# which drives Chromium, and the server SDK, which looks at what the clients did. Chromium itself comes from the system.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
bash ../node/install.sh
playwright=1.61.1 # the last one that runs on Node.js 18
releases="$(sed -n 's/^web //p' ../releases.txt)"
if [ -d node_modules ] && [ "$(cat .installed 2>/dev/null)" = "$releases $playwright" ]; then exit 0; fi
rm -rf node_modules .installed
{
  printf '{ "private": true, "dependencies": { "playwright-core": "%s"' "$playwright"
  for release in $releases; do printf ', "v%s": "npm:appwrite@%s"' "${release%%.*}" "$release"; done
  printf ' } }\n'
} >package.json
npm install --no-package-lock --no-audit --no-fund --loglevel=error >&2
echo "$releases $playwright" >.installed
