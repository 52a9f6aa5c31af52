#!/usr/bin/env bash
# Makes sure of what building and testing the Rust half needs: a toolchain, a C compiler (SQLite is C), cargo-nextest.
set -euo pipefail
fail() { printf 'error: %s\n' "$1" >&2; shift; printf '       %s\n' "$@" >&2; exit 1; }

command -v cargo >/dev/null 2>&1 || fail "cargo is missing" "Crossfade is written in Rust" "get it from https://rustup.rs"
wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$(dirname "$0")/../Cargo.toml")
have=$(rustc --version | sed 's/^rustc \([0-9.]*\).*/\1/')
[ "$(printf '%s\n' "$wanted" "$have" | sort -V | head -n 1)" = "$wanted" ] ||
  fail "rustc $have is too old" "Crossfade needs $wanted or newer" "rustup update stable"
command -v cc >/dev/null 2>&1 || fail "there is no C compiler" "SQLite is compiled in" "on Debian: apt-get install gcc libc6-dev"
if ! cargo nextest --version >/dev/null 2>&1; then
  echo "installing cargo-nextest, the test runner (some minutes, once)"
  cargo install --locked cargo-nextest
fi
