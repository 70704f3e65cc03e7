# shellcheck shell=bash
# Sourced by the scripts that need an etcd: sets `root`, the repository's folder, and exports ETCD_BIN.

# shellcheck disable=SC2034 # used by the scripts that source this
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
ETCD_BIN=$("$root/eng/etcd.sh")
export ETCD_BIN

# etcd 3.4 refuses to run on arm64 without this; elsewhere it does no harm.
export ETCD_UNSUPPORTED_ARCH=arm64
