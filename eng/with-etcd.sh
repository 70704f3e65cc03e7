# shellcheck shell=bash
# Sourced by scripts that need etcd: sets `root` to the repository's folder and exports ETCD_BIN.

# shellcheck disable=SC2034 # used by the scripts that source this
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ETCD_BIN=$("$root/eng/etcd.sh")
export ETCD_BIN

# On arm64, etcd 3.4 does not run without this variable; other platforms ignore it.
export ETCD_UNSUPPORTED_ARCH=arm64
