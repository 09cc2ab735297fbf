#!/usr/bin/env bash
# Prints the folder of etcd, HAProxy and Patroni for `make cluster`: / if the system has all three, or else that of Debian's
# packages, unpacked under target/tools. They are not installed, because installing them would start servers.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$PWD/target/tools/cluster
packages=(etcd-server haproxy patroni)

has_all() {
  [[ -x $1/usr/bin/etcd && -x $1/usr/sbin/haproxy && -d $1/usr/lib/python3/dist-packages/patroni ]]
}

for candidate in "" "$folder"; do
  if has_all "$candidate"; then
    echo "${candidate:-/}"
    exit 0
  fi
done

if [[ -r /etc/os-release ]] && (. /etc/os-release && [[ $ID == debian ]]) && [[ -x /usr/bin/python3 ]]; then
  # One process at a time. The lock stays with the descriptor.
  mkdir -p "$folder"
  exec 9>"$folder.lock"
  flock 9
  if ! has_all "$folder"; then
    echo "Fetching ${packages[*]} into target/tools/cluster" >&2
    fresh=$(mktemp -d)
    trap 'rm -rf "$fresh"' EXIT
    # Only root may fetch the lists of packages; if they are there already, that is not needed.
    if [[ $EUID == 0 ]]; then
      apt-get update -qq >&2 || true
    fi
    # With the libraries and Python modules that the system lacks.
    names=$(apt-get install --simulate --no-install-recommends "${packages[@]}" 2>/dev/null |
      awk '/^Inst / { print $2 }' || true)
    if (cd "$fresh" && apt-get download -qq ${names:-"${packages[@]}"} >&2); then
      for archive in "$fresh"/*.deb; do dpkg-deb --extract "$archive" "$folder"; done
    fi
  fi
  if has_all "$folder"; then
    echo "$folder"
    exit 0
  fi
fi

echo "make cluster needs etcd, HAProxy and Patroni. On Debian, install them with:" >&2
echo "  sudo apt-get install --no-install-recommends ${packages[*]}" >&2
exit 1
