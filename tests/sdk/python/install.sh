#!/usr/bin/env bash
# install.sh RELEASE...   Installs releases of the PyPI package "appwrite", each into a folder of its own.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
python="${PYTHON:-python3}"
# Some dependencies are built for one version of Python only.
stamp="$("$python" -c 'import sys; print(sys.implementation.cache_tag)')"
mkdir -p targets
for release in "$@"; do
  target="targets/$release"
  if [ "$(cat "$target/.installed" 2>/dev/null)" = "$stamp" ]; then continue; fi
  rm -rf "$target"
  PIP_ROOT_USER_ACTION=ignore "$python" -m pip install -q --disable-pip-version-check --no-input \
    --no-warn-conflicts --target "$target" "appwrite==$release" >&2
  echo "$stamp" >"$target/.installed"
done
