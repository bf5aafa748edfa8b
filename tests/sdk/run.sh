#!/usr/bin/env bash
# Drives a running server with published Appwrite clients.
#   run.sh ENDPOINT PROJECT KEY DATABASE [all] [PART [RELEASE...]]
#   e.g.  run.sh http://127.0.0.1:8080/v1 demo KEY /srv/usher.db node 27.1.0
# PART is node, python, web, cli or rust; without it each runs that has releases of every run, or with "all" each with the
# whole matrix. The key needs all scopes. DATABASE, an SQLite file or a postgres URL, gets rows that no public call makes.
# Exit status: 0 when every check of every release passed, 1 otherwise, 2 on wrong use.
set -uo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
usage() { sed -n '2,7p' "${BASH_SOURCE[0]}" | cut -c3- >&2; exit 2; }
[ $# -ge 4 ] || usage
endpoint="$1" project="$2" key="$3" database="$4"
shift 4
all=''
if [ "${1:-}" = all ]; then all=all; shift; fi
parts="node python web cli rust"
# Each command is a process of its own, which takes time, and what it sends is the same on both engines.
if [ -z "$all$*" ]; then case "$database" in postgres*) parts="node python web" ;; esac; fi
if [ $# -gt 0 ]; then
  case " $parts " in
    *" $1 "*) parts="$1"; shift ;;
    *) usage ;;
  esac
fi

status=0
for part in $parts; do
  # shellcheck disable=SC2086 # "all" or nothing
  releases="$(node "$here/common/releases.js" "$part" $all "$@")" || exit 2
  # Rust has none of every run; whoever names it gets the matrix.
  if [ -z "$releases" ] && [ "$parts" = "$part" ]; then releases="$(node "$here/common/releases.js" "$part" all)"; fi
  if [ -z "$releases" ]; then continue; fi
  # shellcheck disable=SC2086 # a list
  if ! bash "$here/$part/install.sh" $releases; then
    printf '\n%s: the releases could not be installed\n%s: 0 passed, 1 failed\n' "$part" "$part"
    status=1
    continue
  fi
  # shellcheck disable=SC2086 # a list
  node "$here/run.js" "$part" "$endpoint" "$project" "$key" "$database" $releases || status=1
done
exit "$status"
