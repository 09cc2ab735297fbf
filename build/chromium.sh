#!/usr/bin/env bash
# Ensures that the browser tests have a Chromium: the system's, or else Playwright's own.
set -euo pipefail
cd "$(dirname "$0")/.."

[[ -x /usr/bin/chromium ]] && exit 0
own=$(node -e 'import("@playwright/test").then(({ chromium }) => console.log(chromium.executablePath()))')
[[ -x $own ]] && exit 0

if [[ -r /etc/os-release ]] && (. /etc/os-release && [[ $ID == debian ]]); then
  as_root=()
  [[ $EUID == 0 ]] || as_root=(sudo -n)
  if [[ $EUID == 0 ]] || sudo -n true 2>/dev/null; then
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
    exit 0
  fi
  echo "The browser tests need Chromium. Install it with: sudo apt-get install chromium" >&2
  exit 1
fi

if ! node_modules/.bin/playwright install chromium; then
  echo "The browser tests need Chromium, and Playwright could not download its own. Install one as /usr/bin/chromium." >&2
  exit 1
fi
