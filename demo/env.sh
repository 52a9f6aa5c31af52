# The variables of the demo. Source it:   . demo/env.sh
# A variable that is set already keeps its value. The passwords protect nothing: all listens on this machine only.

export REGISTRY_PORT="${REGISTRY_PORT:-5000}"
export REGISTRY="${REGISTRY:-localhost:$REGISTRY_PORT}"
export REGISTRY_USER="${REGISTRY_USER:-hopwhistle}"
# Its tildes give a `+` in base64: a client that encodes credentials wrongly for the Docker API shows at once.
export REGISTRY_PASSWORD="${REGISTRY_PASSWORD:-ring~~~~~ring}"
export SMOKE_USER="${SMOKE_USER:-test@example.com}"
export SMOKE_PASSWORD="${SMOKE_PASSWORD:-test123}"

# A docker client and an engine that are years apart do not agree by themselves: the engine says what it wants.
if [ -z "${DOCKER_API_VERSION:-}" ] && command -v docker >/dev/null 2>&1; then
  _api=$(docker version 2>&1 >/dev/null |
    sed -n 's/.*[Ss]upported API version is \([0-9.]*[0-9]\).*/\1/p' | head -n 1) || _api=
  if [ -n "$_api" ]; then export DOCKER_API_VERSION="$_api"; fi
  unset _api
fi
