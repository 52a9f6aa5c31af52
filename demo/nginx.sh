#!/usr/bin/env bash
# A small nginx of the demo's own, in a folder of its own: no part of the machine's nginx is touched.
#
#   demo/nginx.sh [DIR]         write DIR/nginx.conf if it is missing, and start nginx unless it runs (DIR: var/nginx)
#   demo/nginx.sh stop [DIR]    stop it
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

action=start
if [ "${1:-}" = stop ]; then
  action=stop
  shift
fi
[ $# -le 1 ] || fail "usage: demo/nginx.sh [stop] [DIR]"
dir=${1:-$var/nginx}
case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
case $dir in *[\"\;\{\}\$\\]*) fail "nginx cannot use a folder of this name: $dir" ;; esac
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
config=$dir/nginx.conf
pidfile=$dir/nginx.pid

running() { runs "$pidfile" "$config"; }
not_running() { ! running; }

write_config() {
  mkdir -p "$dir/conf.d" "$dir/dial" "$dir/logs" "$dir/tmp"
  # The folder is named in the file: if it was moved, the file is no good any more.
  local mark="# Written by demo/nginx.sh for $dir"
  if [ -f "$config" ] && { ! grep -q '^# Written by demo/nginx.sh' "$config" || grep -qxF "$mark" "$config"; }; then
    return
  fi
  say "writing $config"
  # As root, workers run as root too: they must read the dial, wherever the repository lies.
  local user="# no \`user\`: started by $(id -un), workers are $(id -un)'s too"
  [ "$(id -u)" != 0 ] || user='user root;'
  cat >"$config.next" <<NGINX
$mark
# Change it as you like; delete it to have it written again.
$user
worker_processes 2;
worker_rlimit_nofile 16384;
worker_shutdown_timeout 60s;          # else an open websocket keeps an old worker alive for ever
pid "$pidfile";
error_log "$dir/logs/error.log" warn;

events {
  worker_connections 8192;
}

http {
  # Not \`off\`: that would silence the log by which Crossfade measures, too.
  access_log /dev/null;
  default_type application/octet-stream;
  server_tokens off;
  server_names_hash_bucket_size 128;
  client_body_temp_path "$dir/tmp/body";
  proxy_temp_path "$dir/tmp/proxy";
  fastcgi_temp_path "$dir/tmp/fastcgi";
  uwsgi_temp_path "$dir/tmp/uwsgi";
  scgi_temp_path "$dir/tmp/scgi";

  include "$dir/conf.d/*.conf";       # Crossfade writes one file here
}
NGINX
  mv "$config.next" "$config"
}

case $action in
  start)
    have nginx || fail "missing: nginx" "needed: it is the demo's router" \
      "demo/machine.sh installs it (apt-get install nginx-light)"
    write_config
    if running >/dev/null; then exit 0; fi
    rm -f "$pidfile"
    say "starting nginx in $dir"
    (cd "$dir" && ulimit -n 16384 2>/dev/null; nginx -e "$dir/logs/error.log" -p "$dir" -c "$config") ||
      fail "nginx does not start" "what it said is above, and in $dir/logs/error.log"
    wait_for 5 running || fail "nginx does not run" "see $dir/logs/error.log"
    ;;
  stop)
    pid=$(running) || exit 0
    say "stopping nginx in $dir"
    kill -QUIT "$pid"
    wait_for 5 not_running || kill -TERM "$pid"
    wait_for 10 not_running || fail "nginx (process $pid) does not stop"
    ;;
esac
