#!/usr/bin/env bash
# Prints the path of an nginx with auth_request, for the tests of the gateways: the system's, or else Debian's package,
# unpacked under target/tools. It is not installed, because installing it would start a server on port 80.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$PWD/target/tools/nginx

has_auth_request() {
  [[ -x $1 ]] && "$1" -V 2>&1 | grep -q -- --with-http_auth_request_module
}

for candidate in "$(command -v nginx || true)" /usr/sbin/nginx "$folder/usr/sbin/nginx"; do
  if has_auth_request "$candidate"; then
    echo "$candidate"
    exit 0
  fi
done

if [[ -r /etc/os-release ]] && (. /etc/os-release && [[ $ID == debian ]]); then
  # One process at a time: concurrent tests may all find it missing. The lock stays with the descriptor.
  mkdir -p "$folder"
  exec 9>"$folder.lock"
  flock 9
  if ! has_auth_request "$folder/usr/sbin/nginx"; then
    echo "Fetching nginx into target/tools/nginx" >&2
    fresh=$(mktemp -d)
    trap 'rm -rf "$fresh"' EXIT
    # Only root may fetch the lists of packages; if they are there already, that is not needed.
    if [[ $EUID == 0 ]]; then
      apt-get update -qq >&2 || true
    fi
    if (cd "$fresh" && apt-get download -qq nginx >&2); then
      dpkg-deb --extract "$fresh"/nginx_*.deb "$folder"
    fi
  fi
  if has_auth_request "$folder/usr/sbin/nginx"; then
    echo "$folder/usr/sbin/nginx"
    exit 0
  fi
  echo "The tests of the gateways need nginx with auth_request. Install it with:" >&2
  echo "  sudo apt-get install --no-install-recommends nginx" >&2
  exit 1
fi

echo "The tests of the gateways need nginx 1.22 or later with auth_request in the PATH." >&2
exit 1
