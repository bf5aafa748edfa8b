#!/usr/bin/env bash
# Installs releases of a package of npm side by side in FOLDER/node_modules, each under its major version (v11, v13, ...).
#   npm.sh FOLDER PACKAGE RELEASE... [-- NAME@VERSION...]      behind -- what else is needed
# What is there already stays.
set -euo pipefail
cd "$1"
package="$2"
shift 2
wanted=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  wanted+=("v${1%%.*}=npm:$package@$1")
  shift
done
[ $# -gt 0 ] && shift
for other in "$@"; do wanted+=("${other%@*}=${other##*@}"); done

installed=''
if [ -d node_modules ]; then installed="$(cat .installed 2>/dev/null || true)"; fi
missing="$(printf '%s\n' "${wanted[@]}" | grep -v -x -F -e "$installed" || true)"
if [ -n "$installed" ] && [ -z "$missing" ]; then exit 0; fi
# One release of a major version: a newer one takes the place of what is there.
all="$(printf '%s\n' "${wanted[@]}" $installed | awk -F= 'NF && !seen[$1]++')"

rm -rf node_modules .installed
{
  printf '{ "private": true, "dependencies": {'
  comma=''
  while IFS='=' read -r name version; do
    printf '%s "%s": "%s"' "$comma" "$name" "$version"
    comma=','
  done <<<"$all"
  printf ' } }\n'
} >package.json
npm install --no-package-lock --no-bin-links --ignore-scripts --no-audit --no-fund --loglevel=error >&2
echo "$all" >.installed
