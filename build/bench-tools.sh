#!/usr/bin/env bash
# Installs and builds the tools of `make bench`: nginx and wrk, the npm packages under bench, axum's constant answer,
# the vault's benchmarks, a Chromium. Reports each tool that it cannot provide; the run then reports which benchmarks
# that affects.
set -uo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin

lacks() {
  echo "make bench: $*" >&2
}

install_packages() {
  local as_root=()
  if [[ $EUID != 0 ]]; then
    sudo -n true 2>/dev/null || return 1
    as_root=(sudo -n)
  fi
  "${as_root[@]}" apt-get update -qq || return 1
  local package
  for package in "$@"; do
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "$package" || return 1
  done
}

missing=()
for tool in nginx wrk; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
if ((${#missing[@]} > 0)); then
  { [[ -r /etc/os-release ]] && (. /etc/os-release && [[ $ID == debian ]]) && install_packages "${missing[@]}"; } ||
    lacks "install ${missing[*]}, on Debian with: sudo apt-get install ${missing[*]}"
fi

for folder in bench bench/peer; do
  # npm writes this file last, so its date is that of the last complete installation.
  installed=$folder/node_modules/.package-lock.json
  [[ $installed -nt $folder/package-lock.json ]] && continue
  (cd "$folder" && npm ci) && touch "$installed" || lacks "the npm packages of $folder could not be installed"
done

cargo build --locked --release --manifest-path bench/constant/Cargo.toml --target-dir target/bench ||
  lacks "bench/constant could not be built"
cargo bench --locked --package vault --benches --no-run || lacks "the vault's benchmarks could not be built"

build/chromium.sh || lacks "there is no Chromium"
