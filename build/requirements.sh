#!/usr/bin/env bash
# Fails if docs/requirements.md or ARCHITECTURE.md names a test that does not exist, or ARCHITECTURE.md such a path.
set -euo pipefail
cd "$(dirname "$0")/.."
missing=0
complain() {
  echo "$1 names $2, which does not exist" >&2
  missing=1
}
while IFS=' ' read -r document named; do
  file=${named%%::*} test=${named##*::}
  # Paths in ARCHITECTURE.md leave out src/.
  if [[ $document == ARCHITECTURE.md && ! -f $file ]]; then file=${file/\//\/src\/}; fi
  if [[ ! -f $file ]] || { [[ $named == *::* ]] && ! grep -qE "fn $test\b|^\s+$test[,;]|gateway!\($test" "$file"; }; then
    complain "$document" "$named"
  fi
done < <(
  grep -HoE '`(shared|vault|app|server|end2end|faults|cluster)/[^` ]+`' docs/requirements.md | tr -d '`' | sed 's/:/ /'
  grep -HoE '`(shared|vault|app|server)/[^` ]+\.rs::[^` ]+`' ARCHITECTURE.md | tr -d '`' | sed 's/:/ /'
)

# A test in ARCHITECTURE.md may be named without its file. Other names that look like one must exist too.
while read -r name; do
  grep -rqw "$name" --include='*.rs' --exclude-dir=target shared vault app server || complain ARCHITECTURE.md "$name"
done < <(grep -oE '`[a-z]+(_[a-z0-9]+){2,}`' ARCHITECTURE.md | tr -d '`' | sort -u)

# A path in ARCHITECTURE.md may begin in the folder of the one before it, so only its end has to exist.
while read -r named; do
  complain ARCHITECTURE.md "$named"
done < <(
  awk 'NR == FNR { sub("/src/", "/"); paths = paths "/" $0 "\n"; next }
    !index(paths, "/" $0 (/\/$/ ? "" : "\n"))' \
    <(find . -type d \( -name .git -o -name target -o -name node_modules \) -prune -o -type f -print | sed 's|^\./||') \
    <(grep -oE '`[A-Za-z0-9_.][^` ]*(/|\.(css|js|md|mjs|py|rs|sh|toml|ts|txt))`' ARCHITECTURE.md | tr -d '`' |
      grep -vx src/ | sed 's|/src/|/|' | sort -u)
)
exit "$missing"
