#!/usr/bin/env bash
# Puts the site together: site.sh <folder of front.sh> <site>. A server that is running keeps a whole site
# at every instant, because the new one is made beside the old one and takes its place at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
front=$1 site=$2 fresh=$2.new

rm -rf "$fresh"
mkdir -p "$fresh/pkg"
cp -R public/. "$fresh/"
cp "$front/keyhold.js" "$front/keyhold.wasm" "$fresh/pkg/"

# The oldest browsers that know OKLCH, so that the colours stay as they are written.
node_modules/.bin/lightningcss --bundle --minify \
  --targets 'chrome >= 111, edge >= 111, firefox >= 113, safari >= 16.4, ios_saf >= 16.4' \
  style/main.css -o "$fresh/pkg/keyhold.css"

node build/publish.mjs "$fresh"
rm -rf "$site"
mv "$fresh" "$site"
