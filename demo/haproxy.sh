#!/usr/bin/env bash
# A small HAProxy of the demo's own, in a folder of its own: no part of the machine's HAProxy is touched.
#
#   demo/haproxy.sh [DIR]         write DIR/haproxy.cfg if it is missing, and start HAProxy unless it runs (DIR: var/haproxy)
#   demo/haproxy.sh stop [DIR]    stop it
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

action=start
if [ "${1:-}" = stop ]; then
  action=stop
  shift
fi
[ $# -le 1 ] || fail "usage: demo/haproxy.sh [stop] [DIR]"
dir=${1:-$var/haproxy}
case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
case $dir in *[!A-Za-z0-9._/-]*) fail "HAProxy cannot use a folder of this name: $dir" ;; esac
mkdir -p "$dir/crossfade" "$dir/state"
dir=$(cd "$dir" && pwd)
config=$dir/haproxy.cfg
pidfile=$dir/haproxy.pid

running() { runs "$pidfile" "$config"; }
not_running() { ! running; }

write_config() {
  # The folder is named in the file: if it was moved, the file is no good any more.
  local mark="# Written by demo/haproxy.sh for $dir"
  if [ -f "$config" ] && { ! grep -q '^# Written by demo/haproxy.sh' "$config" || grep -qxF "$mark" "$config"; }; then
    return
  fi
  say "writing $config"
  cat >"$config.next" <<HAPROXY
$mark
# Change it as you like; delete it to have it written again. Crossfade writes one file into $dir/crossfade.
global
    stats socket $dir/admin.sock mode 660 level admin expose-fd listeners
    hard-stop-after 60s               # else an open websocket keeps an old worker alive for ever
    maxconn 4096
HAPROXY
  mv "$config.next" "$config"
}

case $action in
  start)
    have haproxy || fail "missing: haproxy" "needed: it is the router" "demo/machine.sh test installs it (apt-get install haproxy)"
    write_config
    if running >/dev/null; then exit 0; fi
    rm -f "$pidfile"
    say "starting HAProxy in $dir (log: $dir/haproxy.log)"
    (
      cd "$dir"
      ulimit -n 16384 2>/dev/null
      in_background "$dir/haproxy.log" haproxy -W -S "$dir/master.sock" -p "$pidfile" -f "$config" -f "$dir/crossfade"
    )
    wait_for 10 running && wait_for 10 test -S "$dir/admin.sock" ||
      fail "HAProxy does not start" "$(tail -n 3 "$dir/haproxy.log" 2>/dev/null)"
    ;;
  stop)
    pid=$(running) || exit 0
    say "stopping HAProxy in $dir"
    kill -TERM "$pid"
    wait_for 10 not_running || fail "HAProxy (process $pid) does not stop"
    ;;
esac
