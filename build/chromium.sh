#!/usr/bin/env bash
# Ensures that the browser tests have a Chromium: the system's, or else Playwright's own.
set -euo pipefail
cd "$(dirname "$0")/.."

[[ -x /usr/bin/chromium ]] && exit 0
own=$(node -e 'import("@playwright/test").then(({ chromium }) => console.log(chromium.executablePath()))')
[[ -x $own ]] && exit 0

if [[ -r /etc/os-release ]] && (. /etc/os-release && [[ $ID == debian ]]); then
  exec build/debian.sh "The browser tests need Chromium" chromium
fi

if ! node_modules/.bin/playwright install chromium; then
  echo "The browser tests need Chromium, and Playwright could not download its own. Install one as /usr/bin/chromium." >&2
  exit 1
fi
