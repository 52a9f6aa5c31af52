#!/usr/bin/env bash
# Builds Hopwhistle, puts it into one image for every service and version, and pushes them to the registry.
# Images whose contents have not changed are left alone.
#
#   demo/images.sh [VERSION ...]     by default 1.0.0 1.1.0 1.2.0 1.3.0 1.4.0 1.6.1 1.6.6; README.md lists all releases
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$demo/env.sh"

versions=("$@")
[ $# -gt 0 ] || versions=(1.0.0 1.1.0 1.2.0 1.3.0 1.4.0 1.6.1 1.6.6)
services=(api web worker database)

have docker || fail "missing: docker" "needed: it builds the images" "demo/machine.sh installs it"
docker info >/dev/null 2>&1 || fail "no Docker Engine answers" "demo/machine.sh starts one"
have cargo || fail "missing: cargo" "needed: Hopwhistle is written in Rust" "https://rustup.rs tells how to get it"
have curl || fail "missing: curl" "needed: it asks the registry what it has" "demo/machine.sh installs it"
for version in "${versions[@]}"; do
  [[ $version =~ ^[0-9A-Za-z][0-9A-Za-z._-]*$ ]] || fail "$version is no version that can be an image's tag"
done

# --- the binary: static, so that the images need nothing below it ------------------------------------------------

triple=$(rustc -vV | sed -n 's/^host: //p')
case $triple in
  *-linux-*) ;;
  *) fail "this machine is $triple; the containers need a Linux program" \
       "run this script on Linux, or in a Linux container" ;;
esac
target_dir=$root/target/hopwhistle
log=$var/cargo.log
build() {
  # A target that is named keeps the flags away from build scripts and macros, which cannot be static.
  RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static" CARGO_TARGET_DIR=$target_dir \
    cargo build --release --package hopwhistle --target "$triple" --manifest-path "$root/Cargo.toml" >"$log" 2>&1
}
binary=$target_dir/$triple/release/hopwhistle
[ -x "$binary" ] || say "building Hopwhistle (about two minutes the first time; log: ${log#"$root"/})"
build || { tail -n 30 "$log" >&2; fail "cargo cannot build Hopwhistle" "all it said: $log" \
  "if the linker misses a library ending in .a: install your libc's static library (glibc-static, libc6-dev)"; }

# --- the registry ------------------------------------------------------------------------------------------------

# Of this demo's own: the credentials do not go into the user's configuration. The address of the engine does not
# come along with it, and is named.
DOCKER_HOST=${DOCKER_HOST:-$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || true)}
[ -z "$DOCKER_HOST" ] && unset DOCKER_HOST || export DOCKER_HOST
export DOCKER_CONFIG=$var/docker DOCKER_BUILDKIT=0
mkdir -p "$DOCKER_CONFIG"

# curl_registry ARGUMENT...: with our credentials, which must not stand on a command line.
curl_registry() { curl --silent --max-time 5 --config - "$@" <<<"user = \"$REGISTRY_USER:$REGISTRY_PASSWORD\""; }

scheme=https
case $REGISTRY in localhost:* | 127.*) scheme=http ;; esac
push=yes
if ! curl --silent --output /dev/null --max-time 5 "$scheme://$REGISTRY/v2/"; then
  push=
  say "no registry at $REGISTRY: the images stay on this machine (demo/machine.sh starts one)"
fi

logged_in=
log_in() {
  [ -z "$logged_in" ] || return 0
  printf '%s' "$REGISTRY_PASSWORD" |
    docker login --username "$REGISTRY_USER" --password-stdin "$REGISTRY" >"$var/docker.log" 2>&1 ||
    fail "the registry $REGISTRY refuses $REGISTRY_USER with REGISTRY_PASSWORD" "$(tail -n 2 "$var/docker.log")"
  logged_in=yes
}

# pushed NAME TAG IMAGE: the registry has exactly this image.
pushed() {
  local digest
  digest=$(curl_registry --head --header 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
    "$scheme://$REGISTRY/v2/$1/manifests/$2" | tr -d '\r' | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: //p')
  [ -n "$digest" ] && docker image inspect --format '{{join .RepoDigests "\n"}}' "$3" | grep -q "@$digest\$"
}

# --- the images --------------------------------------------------------------------------------------------------

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
mkdir -p "$context/files/bin" "$context/files/usr/bin" "$context/data"
cp "$binary" "$context/files/bin/hopwhistle"
ln -s ../../bin/hopwhistle "$context/files/usr/bin/pnpm"
chmod -R u=rwX,go=rX "$context/files"

# The layer with the binary comes first: all images share it.
dockerfile() {
  local service=$1 version=$2
  echo 'FROM scratch'
  echo 'COPY files/ /'
  [ "$service" != database ] || echo 'COPY --chown=65532:65532 data/ /data/'
  echo 'USER 65532:65532'
  echo "ENV HOPWHISTLE_VERSION=$version"
  case $service in
    api) echo 'EXPOSE 3001' ;;
    web) echo 'EXPOSE 3000' ;;
    worker) echo 'EXPOSE 3002' ;;
    database) echo 'EXPOSE 5432' ;;
  esac
  echo "CMD [\"/bin/hopwhistle\", \"$service\"]"
}

binary_hash=$(sha256sum "$binary" | cut -d ' ' -f 1)
made=0 sent=0
for version in "${versions[@]}"; do
  for service in "${services[@]}"; do
    # The database stays when the others change: docker-compose.yml names its version.
    [ "$service" != database ] || [ "$version" = 1.0.0 ] || continue
    name=hopwhistle/$service
    image=$REGISTRY/$name:$version
    recipe=$(dockerfile "$service" "$version")
    contents=$(printf '%s\n%s' "$binary_hash" "$recipe" | sha256sum | cut -d ' ' -f 1)
    has=$(docker image inspect --format '{{index .Config.Labels "hopwhistle.contents"}}' "$image" 2>/dev/null) || has=
    if [ "$has" != "$contents" ]; then
      printf '%s\nLABEL hopwhistle.contents=%s\n' "$recipe" "$contents" >"$context/Dockerfile"
      docker build --quiet --tag "$image" "$context" >"$var/docker.log" 2>&1 ||
        fail "docker cannot build $image" "$(tail -n 3 "$var/docker.log")"
      made=$((made + 1))
    fi
    if [ -n "$push" ] && ! pushed "$name" "$version" "$image"; then
      log_in
      docker push --quiet "$image" >"$var/docker.log" 2>&1 ||
        fail "docker cannot push $image" "$(tail -n 3 "$var/docker.log")"
      sent=$((sent + 1))
    fi
  done
done
# Those whose names went to newer ones.
[ $made = 0 ] || docker image prune --force --filter label=hopwhistle.contents >/dev/null
[ $((made + sent)) = 0 ] ||
  say "built $made images and pushed $sent: $REGISTRY/hopwhistle/{api,web,worker,database} ${versions[*]}"
