#!/usr/bin/env bash
# Runs a command that needs a Docker engine: eng/docker.sh COMMAND [ARGUMENT...]
#
# If an engine is already running, the command uses it, and this script changes nothing. Otherwise, the script starts a private
# engine and stops it when the command ends. It builds the etcd image from the binary that eng/etcd.sh prints, so it pulls nothing.
#
# A private engine needs Linux and root. Debian's packages are unpacked into the cache, so nothing is installed. The engine runs
# in its own namespaces: when it stops, its containers, its mounts and its changes to /etc, /opt and /run disappear.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/etcd-discovery-extensions
unpacked=$cache/docker

say() { echo "eng/docker.sh: $*" >&2; }
fail() { say "$*"; exit 1; }
. "$root/eng/unpack.sh"

[ $# -gt 0 ] || { say "usage: eng/docker.sh COMMAND [ARGUMENT...]"; exit 2; }

# Waits for at most 5 s, because an endpoint may accept the connection but never answer.
answers() {
  docker version >/dev/null 2>&1 &
  local client=$! i
  for ((i = 0; i < 50; i++)); do
    kill -0 "$client" 2>/dev/null || { wait "$client"; return; }
    sleep 0.1
  done
  kill -KILL "$client" 2>/dev/null || true
  return 1
}

if answers; then exec "$@"; fi
[ "$(uname)" = Linux ] || fail "no Docker engine answers; start one (the script can start a private one only on Linux)"
[ "$(id -u)" = 0 ] || fail "no Docker engine answers; start one (only root can start a private one)"

# Every command of the engine starts with this prefix, so that it finds the unpacked programs and the libraries that they need.
libraries=$(uname -m)-linux-gnu
engine=(env "PATH=$unpacked/usr/sbin:$unpacked/usr/bin:$unpacked/sbin:$unpacked/bin:$PATH"
  "LD_LIBRARY_PATH=$unpacked/usr/lib/$libraries:$unpacked/lib/$libraries")

can_run() { "${engine[@]}" sh -c 'dockerd --version && docker --version && ip -V' >/dev/null 2>&1; }

# Two private engines would share the bridge docker0 and its addresses, so only one runs at a time.
mkdir -p "$cache"
exec 9>"$cache/docker.lock"
flock -n 9 || { say "waiting for the private engine of another run to end"; flock 9; }

# Since Debian 13 the client is in a separate package.
if ! can_run; then
  unpack_from_apt "$unpacked" docker.io docker-cli iproute2
  can_run || { tail -n 20 "$unpacked/unpack.log" >&2; fail "no Docker engine answers, and apt has no docker.io package that runs here"; }
fi

etcd=$("$root/eng/etcd.sh")
temp=$(mktemp -d)
pid='' group=etcd-discovery-$$
bridge=/sys/class/net/docker0 # created by dockerd, which picks free addresses for it
[ ! -e "$bridge" ] || bridge=''

clean_up() {
  local status=$?
  if [ -n "$pid" ]; then
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  fi
  [ -z "$bridge" ] || [ ! -e "$bridge" ] || "${engine[@]}" ip link delete docker0 || true
  # Retries, because killed processes release their files and cgroups a moment later.
  for _ in {1..50}; do
    find /sys/fs/cgroup -depth -type d -path "*/$group*" -exec rmdir {} + 2>/dev/null || true
    rm -rf "$temp" 2>/dev/null || true
    [ -e "$temp" ] || [ -n "$(find /sys/fs/cgroup -type d -name "$group" 2>/dev/null)" ] || break
    sleep 0.1
  done
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --pdeathsig ends the engine even if this script is killed, and --kill-child ends every process in the namespace.
# Firewall rules are not needed: docker-proxy forwards the ports.
# shellcheck disable=SC2016
"${engine[@]}" setsid setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc sh -c '
  set -e
  cp -a /etc "$0/etc"
  mount --bind "$0/etc" /etc
  mount -t tmpfs none /opt
  mount -t tmpfs none /run
  exec dockerd --data-root "$0/data" --exec-root "$0/exec" --pidfile "$0/pid" -H "unix://$0/socket" \
    --cgroup-parent "/$1" --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false
' "$temp" "$group" </dev/null >"$temp/log" 2>&1 9>&- &
pid=$!

export DOCKER_HOST=unix://$temp/socket
end=$((SECONDS + 60))
until DOCKER_API_VERSION=$("${engine[@]}" timeout 5 docker version --format '{{.Server.APIVersion}}' 2>/dev/null); do
  if [ "$SECONDS" -ge "$end" ] || ! kill -0 "$pid" 2>/dev/null; then
    tail -n 20 "$temp/log" >&2
    fail "the private Docker engine did not start; the end of its log is above"
  fi
  sleep 0.1
done

# As in the published image, the binary is in /usr/local/bin and there is no entry point.
mkdir -p "$temp/image/usr/local/bin"
cp "$etcd" "$temp/image/usr/local/bin/etcd"
{ ldd "$etcd" 2>/dev/null || true; } | grep -o '/[^ ]*' | while read -r library; do
  cp -L --parents "$library" "$temp/image"
done
version=$(ETCD_UNSUPPORTED_ARCH=arm64 "$etcd" --version | sed -n 's/^etcd Version: //p')
ETCD_IMAGE=quay.io/coreos/etcd:v$version
tar -C "$temp/image" -c . | "${engine[@]}" docker import --change 'CMD ["/usr/local/bin/etcd"]' - "$ETCD_IMAGE" >/dev/null
rm -rf "$temp/image"
say "a private Docker engine with $ETCD_IMAGE answers at $DOCKER_HOST"

# Testcontainers' reaper is disabled: its image would have to be pulled, and the containers end with the engine anyway.
export DOCKER_API_VERSION ETCD_IMAGE TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_HOST_OVERRIDE=127.0.0.1
# Aspire runs docker's client, which need not be installed.
PATH=$PATH:$unpacked/usr/bin "$@" 9>&-
