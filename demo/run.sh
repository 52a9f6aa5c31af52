#!/usr/bin/env bash
# Brings the sample application live and serves the dashboard:   demo/run.sh PROGRAM DATABASE LISTEN
# Run again it is quick, and what was there stays. ENGINE says on what Hopwhistle runs: `process` (the default), as
# processes behind Crossfade's own proxy; or `docker`, in containers behind nginx.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$demo/env.sh"
program=$1 listen=$3
export CROSSFADE_DATA=$2

case ${ENGINE:-process} in
  process)
    "$demo/local.sh" releases "$program"
    "$demo/local.sh" proxy "$program"
    file=$demo/hopwhistle/crossfade.process.toml behind="Crossfade's own proxy"
    load=("$var/releases/1.0.0/hopwhistle" load http://127.0.0.1:8080 60)
    ;;
  docker)
    "$demo/machine.sh"
    "$demo/images.sh"
    "$demo/nginx.sh"
    file=$demo/hopwhistle/crossfade.toml behind=nginx
    load=(node "$demo/load.mjs" --rate 60 --seconds 0)
    ;;
  *) fail "ENGINE is $ENGINE: expected process or docker" ;;
esac

# One user a role. A password that somebody changed stays changed.
users=$CROSSFADE_DATA.users
if [ ! -f "$users" ]; then
  mkdir -p "$(dirname "$users")"
  for role in viewer deployer release-manager admin; do
    printf '%s' "crossfade-demo" | "$program" user add "$role" --role "$role"
  done
  touch "$users"
fi
RUST_LOG=${RUST_LOG:-warn} "$program" application add "$file" --release 1.0.0

cat <<TEXT

  Crossfade     http://$listen
  Hopwhistle    http://hopwhistle.localhost:8080   (behind $behind)

  Sign in as    release-manager      (or viewer, deployer, admin)
  Password      crossfade-demo

  The first page leads through a first rollout, of 1.1.0. These are there to be rolled out:
    1.1.0       good
    1.2.0       never gets healthy
    1.3.0       healthy, but fails a smoke test
    1.4.0       good
    1.6.1       fails 5 % of the requests: the metrics roll it back
  More that are bad only under traffic: demo/README.md. A gentle load (60 requests a second) is kept on Hopwhistle.

  Ctrl-C stops the dashboard. Hopwhistle and $behind go on; \`make stop\` ends what was started for them.

TEXT
# Somebody uses it, gently: without traffic there is nothing to judge a release by. Ends with the dashboard.
if have "${load[0]}"; then
  "${load[@]}" >"$var/load.log" 2>&1 &
  crowd=$!
  trap 'kill "$crowd" 2>/dev/null || true' EXIT
fi
"$program" serve --listen "$listen" &
serve=$!
trap 'kill -INT "$serve" 2>/dev/null' INT TERM
wait "$serve" || true
# A signal ends the wait before the program has ended.
wait "$serve"
