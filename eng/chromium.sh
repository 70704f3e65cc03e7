#!/usr/bin/env bash
# Prints the path of a Chromium for the tests of the discovery page: $CHROMIUM, one that is installed, or else Debian's, which is
# unpacked into the cache without being installed.
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/etcd-discovery-extensions
unpacked=$cache/chromium

say() { echo "eng/chromium.sh: $*" >&2; }
fail() { say "$*"; exit 1; }

for browser in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
  if [ -n "$browser" ] && path=$(command -v "$browser"); then
    echo "$path"
    exit
  fi
done
[ -z "${CHROMIUM:-}" ] || fail "CHROMIUM is '$CHROMIUM', which cannot be run"

runs() { "$unpacked/chromium" --version >/dev/null 2>&1; }

# Uses private apt lists and a private cache, as in eng/etcd.sh. Downloads the packages and those dependencies that are not installed.
unpack_from_apt() (
  command -v apt-get >/dev/null || fail "there is no Chromium, and no apt-get to get one with; set CHROMIUM to the path of one"
  temp=$(mktemp -d "$cache/.unpack.XXXXXX")
  trap 'rm -rf "$temp"' EXIT
  mkdir -p "$temp/lists/partial" "$temp/cache/archives/partial" "$temp/root"
  apt=(apt-get -qq -y -o "Dir::State::Lists=$temp/lists" -o "Dir::Cache=$temp/cache" -o Debug::NoLocking=1
    -o Acquire::Languages=none -o APT::Sandbox::User=root)
  say "getting chromium from apt into $unpacked"
  {
    "${apt[@]}" update || true
    "${apt[@]}" install --download-only --no-install-recommends chromium fonts-dejavu-core || true
    for package in "$temp"/cache/archives/*.deb; do [ ! -e "$package" ] || dpkg-deb -x "$package" "$temp/root"; done
  } >"$temp/log" 2>&1

  # The libraries and fonts that the system lacks are beside the browser.
  libraries=$(cd "$temp/root" && find . -name '*.so*' -printf "$unpacked/%h\n" | sort -u | paste -sd :)
  cat >"$temp/root/chromium" <<WRAPPER
#!/bin/sh
export LD_LIBRARY_PATH="$libraries"
[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_SYSROOT="$unpacked"
exec "$unpacked/usr/lib/chromium/chromium" "\$@"
WRAPPER
  chmod +x "$temp/root/chromium"
  rm -rf "$unpacked"
  mv -T "$temp/root" "$unpacked"
  runs || { tail -n 20 "$temp/log" >&2; fail "apt has no chromium that runs here"; }
)

mkdir -p "$cache"
exec 9>"$cache/chromium.lock"
flock 9
runs || unpack_from_apt
echo "$unpacked/chromium"
