# shellcheck shell=bash
# Sourced by scripts that need programs of Debian without installing them. Expects `cache`, `say` and `fail`.

# Unpacks packages, with those of their dependencies that are not installed, into a directory that replaces an older one.
# Packages that apt does not know are left out. What apt said is in unpack.log there. Uses private apt lists and a private cache.
unpack_from_apt() ( # DIRECTORY PACKAGE...
  directory=$1
  shift
  command -v apt-get >/dev/null || fail "there is no apt-get to get $1 with"
  mkdir -p "$cache"
  temp=$(mktemp -d "$cache/.unpack.XXXXXX")
  trap 'rm -rf "$temp"' EXIT
  mkdir -p "$temp/lists/partial" "$temp/cache/archives/partial" "$temp/root"
  options=(-o "Dir::State::Lists=$temp/lists" -o "Dir::Cache=$temp/cache" -o Debug::NoLocking=1
    -o Acquire::Languages=none -o APT::Sandbox::User=root)
  say "getting $1 from apt into $directory"
  {
    apt-get -qq "${options[@]}" update || true
    known=()
    for package in "$@"; do ! apt-cache "${options[@]}" show "$package" >/dev/null 2>&1 || known+=("$package"); done
    apt-get -qq -y "${options[@]}" install --download-only --no-install-recommends "${known[@]}" || true
    for package in "$temp"/cache/archives/*.deb; do [ ! -e "$package" ] || dpkg-deb -x "$package" "$temp/root"; done
  } >"$temp/log" 2>&1
  mv "$temp/log" "$temp/root/unpack.log"
  rm -rf "$directory"
  mv -T "$temp/root" "$directory"
)
