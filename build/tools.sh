#!/usr/bin/env bash
# Prints the path of wasm-bindgen in the version from Cargo.lock. Fetches it and the standard library for wasm if they
# are missing. A wasm-bindgen of another version rejects the module.
set -euo pipefail
cd "$(dirname "$0")/.."

if command -v rustup >/dev/null && ! rustup target list --installed | grep -qx wasm32-unknown-unknown; then
  rustup target add wasm32-unknown-unknown >&2
fi

version=$(awk -F'"' '/^name = / { name = $2 } /^version = / && name == "wasm-bindgen" { print $2; exit }' Cargo.lock)
tools=$PWD/target/tools
for candidate in "$tools/bin/wasm-bindgen" "$(command -v wasm-bindgen || true)"; do
  if [[ -x $candidate && $("$candidate" --version) == "wasm-bindgen $version" ]]; then
    echo "$candidate"
    exit 0
  fi
done

echo "Installing wasm-bindgen $version into target/tools (about two minutes, once)" >&2
# Sixteen codegen units: the tool runs for a second per build, so compiling it fast matters more.
CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 cargo install wasm-bindgen-cli --version "$version" \
  --no-default-features --bin wasm-bindgen --root "$tools" --target-dir "$tools/build" >&2
rm -rf "$tools/build"
echo "$tools/bin/wasm-bindgen"
