#!/usr/bin/env bash
# Assembles the site: site.sh <folder of front.sh> <site>. A running server always finds a complete site, because the
# new one is built beside the old one and replaces it at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
front=$1 site=$2 fresh=$2.new

rm -rf "$fresh"
mkdir -p "$fresh/pkg"
cp -R public/. "$fresh/"
cp "$front/keyhold.js" "$front/keyhold.wasm" "$fresh/pkg/"

# The oldest browsers that support OKLCH, so that lightningcss keeps the colours as written.
node_modules/.bin/lightningcss --bundle --minify \
  --targets 'chrome >= 111, edge >= 111, firefox >= 113, safari >= 16.4, ios_saf >= 16.4' \
  style/main.css -o "$fresh/pkg/keyhold.css"

node build/publish.mjs "$fresh"
rm -rf "$site"
mv "$fresh" "$site"
