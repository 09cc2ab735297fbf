#!/usr/bin/env bash
# Turns the compiled wasm of `app` into the browser's files: front.sh release|dev <app.wasm> <folder>
# writes keyhold.js and keyhold.wasm into the folder; `release` makes them small.
set -euo pipefail
cd "$(dirname "$0")/.."
mode=$1 module=$2 folder=$3
tools=node_modules/.bin

rm -rf "$folder"
mkdir -p "$folder"
raw=$(mktemp -d)
trap 'rm -rf "$raw"' EXIT

debug=()
[[ $mode == release ]] || debug=(--keep-debug)
"$(build/tools.sh)" --target web --no-typescript "${debug[@]}" --out-name keyhold --out-dir "$raw" "$module"

if [[ $mode == release ]]; then
  # Leptos: hydration of lazy routes and of compiled templates (there are none), and the list of routes, which only
  # servers use. The first alone is a tenth of the module.
  unused=(hydrate_async generate_routes hydrate_from_template)
  # Rust: the messages of panics, which the browser never shows. Without them a panic is just the trap that it ends in.
  panics=(panic panic_fmt panic_display panic_bounds_check panic_already_borrowed panic_already_mutably_borrowed
    panic_access_error slice_error_fail slice_error_fail_rt slice_index_fail assert_failed_inner unwrap_failed expect_failed
    len_mismatch_fail handle_error borrow_fail)
  node build/snip.mjs "$raw/keyhold_bg.wasm" "${unused[@]}" "${panics[@]}"
  # The features are those that rustc enables. With --all-features the module no longer hydrates.
  # More rounds, with the effects that the first has found for each function, save another half percent. The first 1,024
  # bytes are the far end of the stack, which lld puts first, so no access starts there: --low-memory-unused may fold
  # offsets (0.7 percent).
  "$tools/wasm-opt" --low-memory-unused --merge-similar-functions --generate-global-effects -Oz --gufa-optimizing -Oz -Oz \
    --strip-producers --strip-target-features --enable-bulk-memory --enable-nontrapping-float-to-int \
    --enable-sign-ext --enable-mutable-globals --enable-reference-types --enable-multivalue \
    "$raw/keyhold_bg.wasm" -o "$folder/keyhold.wasm"
  minify=(--minify)
else
  mv "$raw/keyhold_bg.wasm" "$folder/keyhold.wasm"
  minify=()
fi
# Bundles the scripts that crates bring along into the one file, after our own, of which that of the takeover comes first:
# after a panic it lets no other listener run.
"$tools/esbuild" "$raw/keyhold.js" --bundle --format=esm --target=es2022 "${minify[@]}" \
  --inject:app/src/client/take_over.js --inject:app/src/client/leaving.js --inject:app/src/client/patch.js \
  --inject:app/src/client/table.js --inject:app/src/client/keys.js --inject:app/src/client/zones.js --log-level=warning \
  --outfile="$folder/keyhold.js"
