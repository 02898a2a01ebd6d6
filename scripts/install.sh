#!/usr/bin/env bash
# Installs Debian packages as root, otherwise says which are missing.
set -euo pipefail
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
else
  echo "Please install: $*   (on Debian: sudo apt-get install $*)" >&2
  exit 1
fi
