#!/usr/bin/env bash
# Builds the browser half of Crossfade into target/site: compiles, binds, shrinks, lays out. Does only what changed.
#
#   app/client/build.sh            small: what people get
#   app/client/build.sh --debug    quick to build, large, with names and line numbers in the browser's console
#
# The server may run meanwhile: see site.mjs. CARGO_TARGET_DIR is respected.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
client=$root/app/client

case ${1:---release} in
  --release) mode=release profile=wasm-release folder=wasm-release ;;
  --debug) mode=debug profile=dev folder=debug ;;
  *) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}" >&2 && exit 2 ;;
esac
[ $# -le 1 ] || die "one argument at most, --debug or --release; got: $*"

front=$target/front
mkdir -p "$front"
# Two builds at once would write over each other.
if have flock; then
  exec 9>"$front/.lock"
  flock -n 9 || { say 'waiting for another build of the browser half' && flock 9; }
fi

need_npm_packages "$client"
need_wasm_compiler
need_wasm_bindgen

say "compiling to wasm, $mode ($compiler)"
(cd "$root" && "${cargo_wasm[@]}" --package client --lib --target $wasm --target-dir "$front" --profile $profile)
compiled=$front/$wasm/$folder/client.wasm

# Cargo decides whether the module is made again; what follows depends on it and on the tools alone.
made=$front/site-$mode
stamp=$(cat "$compiled" "$client/package-lock.json" "$client/build.sh" <("$wasm_bindgen" --version) | digest)
if [ "$(cat "$made/stamp" 2>/dev/null)" != "$stamp" ]; then
  rm -rf "$made" "$made.new"
  bindgen=(--target web --no-typescript --out-name crossfade --out-dir "$made.new")
  [ $mode = release ] || bindgen+=(--debug --keep-debug)
  say 'binding'
  "$wasm_bindgen" "${bindgen[@]}" "$compiled"
  if [ $mode = release ]; then
    say 'shrinking'
    # What Rust lets the compiler use, said again: without it wasm-opt takes the module for invalid.
    node "$client/node_modules/binaryen/bin/wasm-opt" -Oz --enable-bulk-memory --enable-nontrapping-float-to-int \
      --enable-sign-ext --enable-mutable-globals --enable-reference-types --enable-multivalue \
      "$made.new/crossfade_bg.wasm" -o "$made.new/small.wasm"
    mv "$made.new/small.wasm" "$made.new/crossfade_bg.wasm"
  fi
  printf '%s\n' "$stamp" >"$made.new/stamp"
  mv "$made.new" "$made"
fi

node "$client/site.mjs" $mode "$made" "$root/style/main.css" "$target/site"
