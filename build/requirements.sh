#!/usr/bin/env bash
# Fails if docs/requirements.md names a test that does not exist.
set -euo pipefail
cd "$(dirname "$0")/.."
missing=0
while IFS= read -r named; do
  file=${named%%::*} test=${named##*::}
  if [[ ! -f $file ]] || { [[ $named == *::* ]] && ! grep -qE "fn $test\b|^\s+$test[,;]|gateway!\($test" "$file"; }; then
    echo "docs/requirements.md names $named, which does not exist" >&2
    missing=1
  fi
done < <(grep -oE '`(shared|vault|app|server|end2end|faults)/[^` ]+`' docs/requirements.md | tr -d '`')
exit "$missing"
