# shellcheck shell=bash
# The tools that the build of the browser half and its tests need: finds each, gets it where it can, and otherwise
# says what is missing and how to get it. Nothing is remembered: each run looks at what is there. To be sourced.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
target=${CARGO_TARGET_DIR:-target}
case $target in /*) ;; *) target=$root/$target ;; esac
wasm=wasm32-unknown-unknown

say() { printf '==> %s\n' "$*"; }
die() {
  printf 'error: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

digest() { if have sha256sum; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }

# Runs a command for at most so many seconds, where `timeout` is there (macOS has none).
within() { if have timeout; then timeout -k 5 "$@"; else shift && "$@"; fi; }

# Installs Debian packages, as root or by a sudo that asks nothing. Fails on other systems.
apt_install() {
  have apt-get || return 1
  local as=()
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || return 1
    as=(sudo -n)
  fi
  say "installing $* (apt-get)"
  local apt=("${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq)
  # The package lists may be old or, in a fresh container, not there at all: fetch them and try again.
  "${apt[@]}" install -y --no-install-recommends "$@" >/dev/null 2>&1 && return
  "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "$@" >/dev/null
}

# --- Node.js and npm packages -----------------------------------------------------------------------------------------

# need_node [LEAST_MAJOR_VERSION]
need_node() {
  local least=${1:-18}
  node_found() { have node && have npm && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge "$least" ]; }
  node_found || { apt_install nodejs npm && hash -r && node_found; } || die \
    "Node.js $least or later with npm is needed; found $(have node && node --version || echo none)." \
    'Install it from https://nodejs.org, or with your system'"'"'s packages (Debian: apt-get install nodejs npm).'
}

# The packages of a folder, as its package-lock.json fixes them.
need_npm_packages() {
  local folder=$1 sum
  need_node
  sum=$(digest <"$folder/package-lock.json")
  [ "$(cat "$folder/node_modules/.installed" 2>/dev/null)" != "$sum" ] || return 0
  say "installing npm packages in ${folder#"$root"/}"
  # Browsers come from the system: see end2end/setup.sh.
  (cd "$folder" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error) ||
    die "npm ci failed in $folder: see above."
  printf '%s\n' "$sum" >"$folder/node_modules/.installed"
}

# --- A compiler for wasm ----------------------------------------------------------------------------------------------

rust_min() { sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml"; }

# Has the compiler on PATH a standard library for wasm?
plain_wasm() {
  have cargo && have rustc || return 1
  local lib
  lib=$(cd "$root" && rustc --print target-libdir --target $wasm 2>/dev/null) &&
    compgen -G "$lib/libstd-*.rlib" >/dev/null
}

# Can the system's own compiler (Debian's rustc-web) build that library from its source? Sets `linker`.
system_wasm() {
  local version
  [ -x /usr/bin/rustc ] && [ -x /usr/bin/cargo ] || return 1
  [ -f "$(/usr/bin/rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.toml" ] || return 1
  version=$(/usr/bin/rustc --version | cut -d' ' -f2)
  [ "$(printf '%s\n' "$(rust_min)" "$version" | sort -V | head -n1)" = "$(rust_min)" ] || return 1
  linker=$(compgen -G '/usr/bin/wasm-ld*' | sort -V | tail -n1)
  [ -n "$linker" ]
}

# Sets `cargo_wasm`, the command that stands for `cargo build`, and `compiler`, its name for people.
#
# The compiler that also builds the server comes first: an island's name is a hash of its source text as the compiler
# prints it, so one compiler for both halves leaves no room for doubt.
need_wasm_compiler() {
  local patience=120 linker=''
  if ! plain_wasm && have rustup; then
    # Where there is another way, a network that does not answer must not cost minutes.
    ! system_wasm || patience=20
    say "adding $wasm (rustup)"
    (cd "$root" && RUST_BACKTRACE=0 within $patience rustup target add $wasm) || say 'rustup could not get it'
  fi
  if plain_wasm; then
    compiler="$(cd "$root" && rustc --version)"
    cargo_wasm=(env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS cargo build)
  elif system_wasm || { apt_install rustc-web cargo-web rust-web-src lld-22 && system_wasm; }; then
    compiler="$(/usr/bin/rustc --version), standard library from source"
    # RUSTC_BOOTSTRAP: building the standard library is an unstable option of cargo.
    cargo_wasm=(env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
      "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$linker" /usr/bin/cargo build -Zbuild-std=std,panic_abort)
  else
    die "no Rust $(rust_min) or later that can compile to $wasm: its standard library is missing." \
      "With rustup:  rustup target add $wasm" \
      'On Debian:    apt-get install rustc-web cargo-web rust-web-src lld-22   (as root)'
  fi
}

# --- wasm-bindgen -----------------------------------------------------------------------------------------------------

# Sets `wasm_bindgen`. The program and the library must be of one version: they share a private format.
need_wasm_bindgen() {
  local version place=$target/tools candidate cargo=cargo
  version=$(awk '/^name = "wasm-bindgen"$/ { getline; gsub(/version = |"/, ""); print; exit }' "$root/Cargo.lock")
  [ -n "$version" ] || die "wasm-bindgen is not in $root/Cargo.lock: is app/client still in the workspace?"
  for candidate in wasm-bindgen "$place/bin/wasm-bindgen"; do
    wasm_bindgen=$(command -v "$candidate" || true)
    [ -z "$wasm_bindgen" ] || [ "$("$wasm_bindgen" --version)" != "wasm-bindgen $version" ] || return 0
  done
  have cargo || cargo=/usr/bin/cargo
  say "installing wasm-bindgen $version into $place (a few minutes, once)"
  # Not --locked: the lock file that it comes with does not resolve. Hardly optimised: it runs for a second, and takes
  # minutes to build. The folder is kept until the end, so that an interrupted installation goes on where it was.
  CARGO_PROFILE_RELEASE_OPT_LEVEL=1 "$cargo" install wasm-bindgen-cli --version "=$version" --bin wasm-bindgen \
    --root "$place" --target-dir "$place/build" --force --quiet ||
    die "wasm-bindgen $version could not be installed: see above." \
      "By hand:  cargo install wasm-bindgen-cli --version $version"
  rm -rf "$place/build"
  wasm_bindgen=$place/bin/wasm-bindgen
}
