#!/usr/bin/env bash
# Prints the path of a Chromium for the tests of the discovery page: $CHROMIUM, one that is installed, or else Debian's, which is
# unpacked into the cache without being installed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/etcd-discovery-extensions
unpacked=$cache/chromium

say() { echo "eng/chromium.sh: $*" >&2; }
fail() { say "$*"; exit 1; }
. "$root/eng/unpack.sh"

for browser in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
  if [ -n "$browser" ] && path=$(command -v "$browser"); then
    echo "$path"
    exit
  fi
done
[ -z "${CHROMIUM:-}" ] || fail "CHROMIUM is '$CHROMIUM', which cannot be run"

runs() { "$unpacked/chromium" --version >/dev/null 2>&1; }

# The unpacked libraries and fonts are those that the system lacks.
write_launcher() {
  local libraries
  libraries=$(find "$unpacked" -name '*.so*' -printf '%h\n' | sort -u | paste -sd :)
  cat >"$unpacked/chromium" <<LAUNCHER
#!/bin/sh
export LD_LIBRARY_PATH="$libraries"
[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_SYSROOT="$unpacked"
exec "$unpacked/usr/lib/chromium/chromium" "\$@"
LAUNCHER
  chmod +x "$unpacked/chromium"
}

mkdir -p "$cache"
exec 9>"$cache/chromium.lock"
flock 9
if ! runs; then
  unpack_from_apt "$unpacked" chromium fonts-dejavu-core
  write_launcher
  runs || { tail -n 20 "$unpacked/unpack.log" >&2; fail "apt has no chromium that runs here; set CHROMIUM to the path of one"; }
fi
echo "$unpacked/chromium"
