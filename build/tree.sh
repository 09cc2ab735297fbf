#!/usr/bin/env bash
# Fails if a server-only crate is a dependency of `app` in the browser, if the server is built with the support for tests,
# or if the lock file of a separate workspace is out of date.
set -euo pipefail
cd "$(dirname "$0")/.."
tree=$(cargo tree --locked -p app --no-default-features --features hydrate --target wasm32-unknown-unknown \
  --edges normal,no-proc-macro --prefix none)
if found=$(grep -E '^(tokio|axum|hyper|sqlx|libsqlite3|chrono-tz|jiff|argon2|vault|server)[-a-z0-9]* ' <<<"$tree" | sort -u); then
  printf 'These crates must not be in the browser:\n%s\n' "$found" >&2
  exit 1
fi
features=$(cargo tree --locked -p server --edges features,normal,build --invert vault --prefix none)
if grep 'feature "test-support"' <<<"$features" >&2; then
  echo 'The vault of the server must not have the feature "test-support".' >&2
  exit 1
fi
for workspace in vault/fuzz server/fuzz bench/constant; do
  cargo metadata --locked --format-version 1 --manifest-path "$workspace/Cargo.toml" >/dev/null
done
