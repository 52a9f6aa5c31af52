# Sourced by the scripts beside it: where things are, and a few words they share.

demo=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$demo")
var=$root/var                 # everything that is made while running; git ignores it
mkdir -p "$var"

say() { printf '%s\n' "$*"; }

# fail WHAT [WHY-OR-HOW ...]: one line each, and the end.
fail() {
  printf 'error: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# Debian keeps servers in sbin, which a user's PATH often lacks.
PATH=$PATH:/usr/sbin:/sbin

# as_root COMMAND...: with sudo only if need be, and never silently.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif have sudo; then
    say "needs root: sudo $*"
    sudo "$@"
  else
    fail "this needs root and there is no sudo: $*" "run it as root, then start this script again"
  fi
}

# apt_install WHY PACKAGE...: packages of Debian and Ubuntu; elsewhere says what to get.
apt_install() {
  local why=$1
  shift
  have apt-get || fail "missing: $*" "needed: $why" \
    "install it with your system's package manager, then start this script again"
  say "installing $* ($why)"
  local log=$var/apt.log
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1; then
    as_root apt-get update >>"$log" 2>&1 || fail "apt-get update failed" "its output: $log"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" >>"$log" 2>&1 ||
      fail "apt-get cannot install $*" "needed: $why" "its output: $log"
  fi
}

# systemd runs this machine (in many containers and small machines it does not).
have_systemd() { [ -d /run/systemd/system ]; }

# A package just installed starts its own service with its own configuration: not what the demo wants.
stop_packaged() { if have_systemd; then as_root systemctl disable --now "$1" >>"$var/apt.log" 2>&1 || true; fi; }

# runs PIDFILE WORD: prints the process named in the file, if it lives and its command line holds WORD.
runs() {
  local pid line
  pid=$(cat "$1" 2>/dev/null) && [[ $pid =~ ^[0-9]+$ ]] || return 1
  if [ -d /proc/self ]; then
    line=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") || return 1
  else
    line=$(ps -p "$pid" -o args= 2>/dev/null) || return 1
  fi
  [[ $line == *"$2"* ]] && printf '%s\n' "$pid"
}

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# wait_for SECONDS COMMAND...: until it succeeds, or what in_background started has ended.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    [ -z "${background:-}" ] || [ -n "$(jobs -r)" ] || return 1
    sleep 0.2
  done
}

# in_background LOG COMMAND...: survives this script and its terminal. Its process is $background.
in_background() {
  local log=$1
  shift
  if have setsid; then
    setsid "$@" >>"$log" 2>&1 </dev/null &
  else
    nohup "$@" >>"$log" 2>&1 </dev/null &
  fi
  background=$!
}
