#!/usr/bin/env bash
# Publishes a small application with the packages, trimmed and compiled ahead of time, and runs it against a real etcd:
# it registers, resolves itself, calls itself and withdraws. A warning is a failure. If the native compiler is not available, ahead-of-time
# compilation is skipped, and a line says so.
set -euo pipefail

. "$(dirname "$0")/loopback.sh"
. "$(dirname "$0")/with-etcd.sh"
. "$(dirname "$0")/checks.sh"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false
temp=$(mktemp -d)
etcd_pid=''
# A unique version, so that the packages can be removed from the user's cache afterwards.
CheckedVersion=0.0.0-check.$$
export CheckedVersion
cache=$(dotnet nuget locals global-packages --list | sed 's/^[^:]*: //')

clean_up() {
  local status=$?
  [ -z "$etcd_pid" ] || { kill -KILL "$etcd_pid"; wait "$etcd_pid"; } 2>/dev/null || true
  [ "$status" -eq 0 ] || tail -n 30 "$temp"/*.log >&2
  rm -rf "$temp" "$cache"/etcddiscovery.extensions*/"$CheckedVersion"
}
trap clean_up EXIT

fail() { echo "eng/publish-check.sh: $*" >&2; exit 1; }

for project in EtcdDiscovery.Extensions EtcdDiscovery.Extensions.AspNetCore; do
  dotnet pack "$root/src/$project" -c Release -p:PackageVersion="$CheckedVersion" -o "$temp/feed" >>"$temp/pack.log" 2>&1 ||
    fail "cannot pack $project"
done

next_free_port && etcd_port=$port && next_free_port && peer_port=$port
client=http://127.0.0.1:$etcd_port peer=http://127.0.0.1:$peer_port
env -i ETCD_UNSUPPORTED_ARCH=arm64 "$ETCD_BIN" --data-dir "$temp/etcd" --listen-client-urls "$client" \
  --advertise-client-urls "$client" --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
  --initial-cluster "default=$peer" >"$temp/etcd.log" 2>&1 &
etcd_pid=$!

links() { echo 'int main(void) { return 0; }' | "$1" -x c - -o "$temp/linked" -lz 2>/dev/null; }
can_link() { links clang || links gcc; }

check() { # KIND PUBLISH_OPTION...
  local kind=$1 app=$temp/$1
  shift
  mkdir "$app"
  cp "$root"/eng/PublishCheck/* "$app"
  cd "$app"
  echo '<configuration><packageSources><add key="checked" value="../feed" /></packageSources></configuration>' >nuget.config
  if ! dotnet restore --use-current-runtime "$@" >"$temp/$kind.log" 2>&1; then
    grep -qE 'NU110[0-9].*(ILCompiler|ILLink|App\.Runtime)' "$temp/$kind.log" || fail "the application cannot be restored"
    skipped "no configured feed has the packages that publishing $kind needs."
    return
  fi
  dotnet publish -c Release --no-restore --use-current-runtime --self-contained -o out "$@" >"$temp/$kind.log" 2>&1 ||
    fail "cannot publish the application $kind"
  ! grep -i 'warning' "$temp/$kind.log" >&2 || fail "publishing $kind produces warnings"

  ConnectionStrings__etcd=$client out/Consumer >"$temp/$kind-run.log" 2>&1 || fail "the application published $kind does not run"
  for line in Registered Resolved 'Called: Hello from the service.' 'Health: Healthy' Left; do
    grep -q "^$line" "$temp/$kind-run.log" || fail "the application published $kind did not print '$line'"
  done
  [ -z "$(ETCDCTL_API=3 "$(dirname "$ETCD_BIN")/etcdctl" --endpoints "$client" get --prefix /services/consumer/)" ] ||
    fail "the application published $kind did not delete its key"
  passed "Published $kind without warnings, $(du -sh out | cut -f1): registers, resolves, calls and withdraws."
}

check trimmed -p:PublishTrimmed=true
if ! can_link && [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  { apt-get -qq update && apt-get -qq install -y gcc zlib1g-dev; } >"$temp/apt.log" 2>&1 || true
fi
if can_link; then
  check ahead-of-time -p:PublishAot=true
else
  skipped "ahead-of-time compilation needs clang or gcc, and the headers of zlib (zlib1g-dev)."
fi
