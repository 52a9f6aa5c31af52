#!/usr/bin/env bash
# Makes ready what the browser tests need: Node.js, the npm packages, a Chromium, a font. Does only what is missing.
#
# The Chromium is the system's, or the one that CHROMIUM names. Playwright's own is fetched only where there is no
# Debian to get one from, and never under CI.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../app/client/tools.sh"
end2end=$root/end2end

if [ -n "${CHROMIUM:-}" ] && [ ! -x "$CHROMIUM" ]; then
  die "CHROMIUM=$CHROMIUM is not a program." 'Name another, or unset it.'
fi

# The same places as in playwright.config.ts.
system_chromium() {
  local candidate
  for candidate in "${CHROMIUM:-}" /usr/bin/chromium /usr/bin/google-chrome; do
    [ ! -x "$candidate" ] || { echo "$candidate" && return; }
  done
  return 1
}

# Where Playwright keeps its own, if it is there.
own_chromium() {
  local path
  path=$(cd "$end2end" && node -p 'require("@playwright/test").chromium.executablePath()') &&
    [ -x "$path" ] && echo "$path"
}

need_node 20
need_npm_packages "$end2end"

if ! browser=$(system_chromium || own_chromium); then
  if apt_install chromium; then
    browser=$(system_chromium)
  elif [ -z "${CI:-}" ]; then
    say 'fetching Chromium (Playwright)'
    (cd "$end2end" && npx --no-install playwright install chromium) && browser=$(own_chromium) || browser=
  fi
fi
[ -n "$browser" ] || die 'no Chromium: neither CHROMIUM, nor /usr/bin/chromium, nor /usr/bin/google-chrome.' \
  'On Debian:  apt-get install chromium   (as root)' \
  'Elsewhere:  cd end2end && npx playwright install chromium'

# Without any font, text has no width, and nothing can be clicked.
if have fc-list && [ -z "$(fc-list)" ]; then
  apt_install fonts-dejavu-core || say 'no font found: install one (DejaVu, for example)'
fi

say "browser tests will use $("$browser" --version 2>/dev/null || echo "$browser")"
