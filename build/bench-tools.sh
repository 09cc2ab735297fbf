#!/usr/bin/env bash
# Installs and builds the tools of `make bench`: nginx and wrk, the npm packages under bench, axum's constant answer,
# the vault's benchmarks, a Chromium. Reports each tool that it cannot provide; the run then reports which benchmarks
# that affects. With an argument, only the programs of that name: build/bench-tools.sh wrk.
set -uo pipefail
cd "$(dirname "$0")/.."
PATH=$PATH:/usr/sbin

lacks() {
  echo "make bench: $*" >&2
}

missing=()
for tool in ${*:-nginx wrk}; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
if ((${#missing[@]} > 0)); then
  build/debian.sh "make bench needs ${missing[*]}" "${missing[@]}"
fi
[[ $# == 0 ]] || exit 0

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
