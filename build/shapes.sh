#!/usr/bin/env bash
# Reads every shape that the server answers with by the browser's JSON reader, compiled to WASM, under node:
# shapes.sh <shapes.wasm>
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$(build/tools.sh)" --target nodejs --no-typescript --out-name shapes --out-dir "$folder" "$1"
node -e 'const wrong = require(process.argv[1]).check(); if (wrong) { console.error(wrong); process.exit(1); }' "$folder/shapes.js"
