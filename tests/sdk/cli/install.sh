#!/usr/bin/env bash
# install.sh RELEASE...   Installs releases of appwrite-cli.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
exec bash ../common/npm.sh "$PWD" appwrite-cli "$@"
