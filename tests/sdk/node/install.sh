#!/usr/bin/env bash
# Installs the required releases of node-appwrite side by side under npm aliases (v11, v13, ...).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
releases="$(sed -n 's/^node //p' ../releases.txt)"
if [ -d node_modules ] && [ "$(cat .installed 2>/dev/null)" = "$releases" ]; then exit 0; fi
rm -rf node_modules .installed
{
  printf '{ "private": true, "dependencies": {'
  comma=''
  for release in $releases; do
    printf '%s "v%s": "npm:node-appwrite@%s"' "$comma" "${release%%.*}" "$release"
    comma=','
  done
  printf ' } }\n'
} >package.json
npm install --no-package-lock --no-audit --no-fund --loglevel=error >&2
echo "$releases" >.installed
