#!/usr/bin/env bash
# What the demo needs without Docker and nginx: Hopwhistle's releases as folders, and Crossfade's own proxy.
#
#   demo/local.sh releases PROGRAM [DIR]   build Hopwhistle as PROGRAM was built (debug or release), and lay its releases out
#                                          in DIR (var/releases). One that is there is left as it is: a release does not change
#   demo/local.sh proxy PROGRAM            start the proxy, or put a new one in the place of an older program's
#   demo/local.sh stop PROGRAM DATABASE    end the processes of Hopwhistle, and the proxy
#
# HOPWHISTLE names a program that is built already.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

versions=(1.0.0 1.1.0 1.2.0 1.3.0 1.4.0 1.5.0 1.6.1 1.6.2 1.6.3 1.6.4 1.6.5 1.6.6)
listen=127.0.0.1:8080
proxy=$var/proxy
control=$proxy/control.sock
pidfile=$proxy/pid

absolute() { (cd "$(dirname "$1")" && printf '%s/%s\n' "$PWD" "$(basename "$1")"); }

# build TARGET PROFILE FLAG
build() {
  local log=$var/cargo.log
  have cargo || fail "missing: cargo" "needed: Hopwhistle is written in Rust" "https://rustup.rs tells how to get it"
  [ -x "$1/$2/hopwhistle" ] || say "building Hopwhistle (a minute or two the first time; log: ${log#"$root"/})"
  # shellcheck disable=SC2086
  CARGO_TARGET_DIR=$1 cargo build $3 --package hopwhistle --manifest-path "$root/Cargo.toml" >"$log" 2>&1 ||
    { tail -n 30 "$log" >&2; fail "cargo cannot build Hopwhistle" "all it said: $log"; }
}

releases() {
  # A folder of its own, so that neither build undoes what the other has done.
  local target=$root/target/hopwhistle/local profile=release flag=--release
  case $1 in */debug/*) profile=debug flag= ;; esac
  local built=${HOPWHISTLE:-$target/$profile/hopwhistle} folder=$2 made=0 sum copy version
  [ -n "${HOPWHISTLE:-}" ] || build "$target" "$profile" "$flag"
  # One copy for all releases: the environment says which of them a process is.
  sum=$(cksum <"$built" | tr ' ' -)
  copy=$folder/.programs/$sum
  for version in "${versions[@]}"; do
    [ ! -d "$folder/$version" ] || continue
    if [ ! -f "$copy" ]; then
      mkdir -p "$folder/.programs"
      cp "$built" "$copy.new" && mv "$copy.new" "$copy"
    fi
    rm -rf "$folder/.new" && mkdir "$folder/.new"
    ln "$copy" "$folder/.new/hopwhistle"
    ln -s hopwhistle "$folder/.new/pnpm"
    mv "$folder/.new" "$folder/$version"
    made=$((made + 1))
  done
  [ $made = 0 ] || say "laid out $made releases of Hopwhistle in ${folder#"$root"/}"
}

# The proxy's process, if it runs.
proxy_pid() { runs "$pidfile" "$control"; }
gone() { ! [ -d "/proc/$1" ]; }

start_proxy() {
  local program old=
  program=$(absolute "$1")
  if old=$(proxy_pid); then
    # The program that it runs may have been replaced since; then the link says "(deleted)".
    [ "$(readlink "/proc/$old/exe")" != "$program" ] || return 0
    say "putting the new proxy in the place of the old one"
  else
    ! listens "${listen##*:}" || fail "something else listens on $listen" \
      "if it is the nginx of an earlier \`make run\`: make stop"
    say "starting the proxy on $listen (log: ${proxy#"$root"/}/log)"
  fi
  mkdir -p "$proxy"
  in_background "$proxy/log" "$program" proxy --listen "$listen" --control "$control" --state "$proxy/state"
  printf '%s\n' "$background" >"$pidfile"
  answers() { [ -S "$control" ] && listens "${listen##*:}"; }
  wait_for 20 answers || fail "the proxy does not start" "$(tail -n 3 "$proxy/log")"
  # It hands over by itself, and ends when its last request has.
  [ -z "$old" ] || wait_for 40 gone "$old" || say "the old proxy (process $old) still has requests to answer"
}

stop_all() {
  local program=$1 database=$2 pid
  if [ -f "$database" ] && [ -x "$program" ]; then
    RUST_LOG=${RUST_LOG:-warn} "$program" --data "$database" processes stop ||
      fail "the processes of Hopwhistle go on" "end the dashboard first: Ctrl-C where \`make run\` runs"
  fi
  pid=$(proxy_pid) || return 0
  say "stopping the proxy"
  kill -TERM "$pid"
  wait_for 40 gone "$pid" || fail "the proxy (process $pid) does not stop"
}

background=
case ${1:-} in
  releases) releases "$(absolute "$2")" "${3:-$var/releases}" ;;
  proxy) start_proxy "$2" ;;
  stop) stop_all "$2" "$3" ;;
  *) fail "usage: demo/local.sh releases PROGRAM [DIR] | proxy PROGRAM | stop PROGRAM DATABASE" ;;
esac
