#!/usr/bin/env bash
# Drives a running server with published Appwrite SDKs.
#   run.sh ENDPOINT PROJECT KEY [node|python|web [RELEASE...]]     e.g.  run.sh http://127.0.0.1:8080/v1 demo KEY node 27.1.0
# The key needs all scopes. Exit status: 0 when every check of every release passed, 1 otherwise, 2 on wrong use.
set -uo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
usage() { sed -n '2,4p' "${BASH_SOURCE[0]}" | cut -c3- >&2; exit 2; }
[ $# -ge 3 ] || usage
endpoint="$1" project="$2" key="$3"
shift 3
parts="node python web"
if [ $# -gt 0 ]; then
  case "$1" in
    node | python | web) parts="$1"; shift ;;
    *) usage ;;
  esac
fi

status=0
for part in $parts; do
  if ! bash "$here/$part/install.sh"; then
    printf '\n%s: the releases could not be installed\n%s: 0 passed, 1 failed\n' "$part" "$part"
    status=1
    continue
  fi
  node "$here/run.js" "$part" "$endpoint" "$project" "$key" "$@" || status=1
done
exit "$status"
