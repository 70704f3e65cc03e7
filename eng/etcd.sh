#!/usr/bin/env bash
# Prints the absolute path of an etcd binary, and downloads one if there is none.
#
#   eng/etcd.sh            $ETCD_BIN, else etcd on PATH, else the cache, else the system's package manager
#   eng/etcd.sh --second   $ETCD_BIN_2, else another minor version than the first one; prints nothing if there is none
#   eng/etcd.sh --v2       the first of these two that has the v2 keys API, which 3.6 removed
#
# On Debian and Ubuntu this needs no root and does not change the system: the packages are unpacked into the cache as
# <cache>/<minor version>/etcd and etcdctl. Nothing is installed, and no service is started.
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/etcd-discovery-extensions

say() { echo "eng/etcd.sh: $*" >&2; }
os_release() { sed -n "s/^$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}$/\1/p" /etc/os-release 2>/dev/null || true; }

# Prints nothing if the binary does not run: machines may share the cache, or the package needs a newer libc.
# On arm64, etcd 3.4 needs the variable even to print its version; other platforms ignore it.
minor_version() {
  ETCD_UNSUPPORTED_ARCH=arm64 "$1" --version 2>/dev/null | sed -n 's/^etcd Version: \([0-9]*\.[0-9]*\).*/\1/p'
}

runs() { # BINARY [OTHER_THAN_MINOR]
  local minor
  minor=$(minor_version "$1") && [ -n "$minor" ] && [ "$minor" != "${2:-}" ]
}

print_given() { # VARIABLE
  local binary
  if ! binary=$(command -v "${!1}") || ! runs "$binary"; then
    say "$1=${!1} is not an etcd that runs here"
    return 1
  fi
  case $binary in /*) echo "$binary" ;; *) echo "$PWD/$binary" ;; esac
}

print_cached() { # [OTHER_THAN_MINOR]
  local binary
  for binary in "$cache"/*/etcd; do
    runs "$binary" "${1:-}" && echo "$binary" && return
  done
  return 1
}

# Uses private apt lists, cache and sources. For another suite, the suite name is replaced in the machine's sources, so
# that mirror and keyring stay the same.
cache_from_apt() ( # [SUITE]
  rename=
  own=$(os_release VERSION_CODENAME)
  [ -z "${1:-}" ] || rename="s/\b$own\b/$1/g"
  mkdir -p "$cache"
  temp=$(mktemp -d "$cache/.unpack.XXXXXX")
  trap 'rm -rf "$temp"' EXIT
  mkdir -p "$temp/sources" "$temp/lists/partial" "$temp/cache/archives/partial" "$temp/root"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
    [ ! -r "$file" ] || sed "$rename" "$file" >"$temp/sources/${file##*/}"
  done
  apt=(apt-get -qq -o "Dir::State::Lists=$temp/lists" -o "Dir::Cache=$temp/cache" -o Dir::Etc::SourceList=/dev/null
    -o "Dir::Etc::SourceParts=$temp/sources" -o Acquire::Languages=none -o APT::Sandbox::User=root)

  say "getting etcd from apt${1:+ ($1)} into $cache"
  (
    cd "$temp"
    # A broken source is no failure as long as another one has the package.
    "${apt[@]}" update || true
    for package in etcd-server etcd-client; do "${apt[@]}" download "$package" || true; done
    for package in ./*.deb; do [ ! -e "$package" ] || dpkg-deb -x "$package" root; done
  ) >"$temp/log" 2>&1
  if minor=$(minor_version "$temp/root/usr/bin/etcd") && [ -n "$minor" ]; then
    # A rename is atomic. The copy of a concurrent run stays, unless it does not run.
    runs "$cache/$minor/etcd" || rm -rf "${cache:?}/$minor"
    mv -T "$temp/root/usr/bin" "$cache/$minor" 2>/dev/null || true
  else
    grep -E '^[EW]:' "$temp/log" >&2 || say "apt has no etcd-server that runs here"
  fi
)

print_first() {
  if [ -n "${ETCD_BIN:-}" ]; then print_given ETCD_BIN; return; fi
  local found
  if found=$(command -v etcd) && runs "$found"; then echo "$found"; return; fi
  print_cached && return
  if command -v apt-get >/dev/null; then
    cache_from_apt
    print_cached && return
  elif command -v brew >/dev/null; then
    say "brew install etcd"
    brew install etcd >&2 && echo "$(brew --prefix)/bin/etcd" && return
  fi
  say "no etcd found: install one with your package manager, or set ETCD_BIN to the path of a binary (3.4 or newer)"
  return 1
}

print_second() {
  if [ -n "${ETCD_BIN_2:-}" ]; then print_given ETCD_BIN_2; return; fi
  local first minor own suite
  first=$(print_first) || return 1
  minor=$(minor_version "$first")
  print_cached "$minor" && return
  own=$(os_release VERSION_CODENAME)
  [ "$(os_release ID)" = debian ] && [ -n "$own" ] || return 0
  for suite in bookworm trixie forky; do
    # If the first one came from the machine's own suite, that suite has no other version.
    case $suite:$first in "$own:$cache"/*) continue ;; esac
    cache_from_apt "$suite"
    print_cached "$minor" && return
  done
  return 0
}

print_v2() {
  local choice binary first
  for choice in first second; do
    binary=$("print_$choice") || return 1
    [ -n "$binary" ] || continue
    case $(minor_version "$binary") in 3.[345]) echo "$binary"; return ;; esac
    [ "$choice" = second ] || first=$binary
  done
  say "etcd $(minor_version "$first") has no v2 keys API; set ETCD_BIN_2 to the path of etcd 3.4 or 3.5"
  return 1
}

case ${1:-} in
  '') print_first ;;
  --second) print_second ;;
  --v2) print_v2 ;;
  *) say "usage: eng/etcd.sh [--second | --v2]"; exit 2 ;;
esac
