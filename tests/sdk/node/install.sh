#!/usr/bin/env bash
# install.sh RELEASE...   Installs releases of node-appwrite.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
exec bash ../common/npm.sh "$PWD" node-appwrite "$@"
