#!/usr/bin/env bash
# install.sh RELEASE...   Builds a program for each release of the Rust crate "appwrite". Its workspace is made in a temporary
# folder; what it compiles is kept in target, so that the dependencies are compiled once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
command -v cargo >/dev/null || { echo "cargo is missing" >&2; exit 1; }
stamp="$(cat scenario.rs harness.rs workspace.js ../common/vectors.json | cksum) $(cargo --version)"
missing=0
for release in "$@"; do [ "$(cat "programs/$release.from" 2>/dev/null)" = "$stamp" ] || missing=1; done
[ "$missing" = 1 ] || exit 0

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR="$PWD/target"
node workspace.js "$work" "$@"
(cd "$work" && cargo fetch --quiet) >&2
node workspace.js "$work" methods
(cd "$work" && cargo build --quiet --workspace) >&2
mkdir -p programs
for release in "$@"; do
  cp "target/debug/sdk-${release//./-}" "programs/$release"
  echo "$stamp" >"programs/$release.from"
done
