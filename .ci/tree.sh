#!/usr/bin/env bash
# The border of the browser half: what the wasm module is made of must hold no server.
set -euo pipefail
cd "$(dirname "$0")/.."
tree=$(cargo tree --package client --edges normal --target wasm32-unknown-unknown --prefix none | awk '{print $1}' | sort -u)
# A tree that cannot be read holds nothing, and must not pass for that.
for wanted in app leptos rollout; do
  grep -qx "$wanted" <<<"$tree" || { echo "error: $wanted is not in the browser half's tree: is this the right one?" >&2; exit 1; }
done
if found=$(grep -xE 'tokio|sqlx.*|bollard.*|engine|server|axum|reqwest|hyper' <<<"$tree"); then
  echo "error: the browser half has grown a server: $(tr '\n' ' ' <<<"$found")" >&2
  echo "       cargo tree --package client --target wasm32-unknown-unknown --invert <one of them>   says why" >&2
  exit 1
fi
echo "the browser half: $(wc -l <<<"$tree") crates, no server among them"
