#!/usr/bin/env bash
# Crossfade in a real browser, on a real Docker Engine and a real nginx, and on neither (story-process):
#
#   end2end/run.sh                     all of it
#   end2end/run.sh story --headed      whatever `playwright test` takes
#
# Needs what demo/machine.sh and demo/images.sh set up. CROSSFADE_BIN and CROSSFADE_SITE name another program and site
# than those of target/.
set -euo pipefail
end2end=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
source "$end2end/../app/client/tools.sh"

program=${CROSSFADE_BIN:-$target/debug/crossfade}
site=${CROSSFADE_SITE:-$target/site}
[ -x "$program" ] || die "there is no program $program." 'Build it:  cargo build -p server' \
  'or name one:  CROSSFADE_BIN=... end2end/run.sh'
[ -f "$site/hash.txt" ] || die "there is no site in $site." 'Build it:  app/client/build.sh' \
  'or name one:  CROSSFADE_SITE=... end2end/run.sh'
# Tests run in folders of their own.
CROSSFADE_BIN=$(cd "$(dirname "$program")" && pwd -P)/$(basename "$program")
CROSSFADE_SITE=$(cd "$site" && pwd -P)
export CROSSFADE_BIN CROSSFADE_SITE

"$end2end/setup.sh"
cd "$end2end"
npm run --silent check
exec npx --no-install playwright test "$@"
