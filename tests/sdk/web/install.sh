#!/usr/bin/env bash
# install.sh RELEASE...   Installs releases of appwrite (the web SDK), playwright-core, which drives Chromium, and the server
# SDK, which looks at what the clients did. Chromium itself comes from the system.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck disable=SC2046 # a list
bash ../node/install.sh $(node ../common/releases.js node)
playwright=1.61.1 # the last one that runs on Node.js 18
exec bash ../common/npm.sh "$PWD" appwrite "$@" -- "playwright-core@$playwright"
