#!/usr/bin/env bash
# Installs Debian packages, as root on Debian only. Otherwise prints the one command that installs them, and fails: no
# script of this project runs sudo.
# Usage: build/debian.sh "What needs them" PACKAGE…
set -euo pipefail
needs=$1
shift
if ! { [[ -r /etc/os-release ]] && (. /etc/os-release && [[ $ID == debian ]]); }; then
  echo "$needs. Install what Debian calls $*." >&2
  exit 1
fi
if [[ $EUID == 0 ]]; then
  apt-get update -qq >&2 || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2 && exit 0
fi
echo "$needs. Install it with:" >&2
echo "  sudo apt-get install --no-install-recommends $*" >&2
exit 1
