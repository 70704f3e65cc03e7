#!/usr/bin/env bash
# Runs all tests against a real etcd. The last line is always "N passed, N failed, N skipped".
#
#   eng/test.sh [--both] [arguments for dotnet test, such as --filter Name]
#
# Some tests run against two versions of etcd, where a second one can be had. With --both, or CI=true, it must be had.
set -euo pipefail

results=$(mktemp -d)

# A trx file counts a skipped test in `total`, not in `executed`; everything executed that did not pass has failed.
finish() {
  local status=$? passed failed skipped
  read -r passed failed skipped <<<"$(find "$results" -name '*.trx' -exec cat {} + | tr '>' '\n' | sed -n \
    's/.*<Counters total="\([0-9]*\)" executed="\([0-9]*\)" passed="\([0-9]*\)".*/\1 \2 \3/p' |
    awk '{ skipped += $1 - $2; failed += $2 - $3; passed += $3 } END { print passed + 0, failed + 0, skipped + 0 }')"
  rm -rf "$results"
  if [ "$failed" -gt 0 ] || [ "$passed" -eq 0 ]; then status=1; fi
  echo "$passed passed, $failed failed, $skipped skipped"
  exit "$status"
}
trap finish EXIT

both=${CI:-false}
if [ "${1:-}" = --both ]; then
  both=true
  shift
fi

. "$(dirname "$0")/with-etcd.sh"
ETCD_BIN_2=$("$root/eng/etcd.sh" --second)
if [ -n "$ETCD_BIN_2" ]; then
  export ETCD_BIN_2
elif [ "$both" = true ]; then
  echo "eng/test.sh: no second version of etcd; set ETCD_BIN_2 to a binary of another minor version" >&2
  exit 1
fi

cd "$root"
dotnet test -c Release --logger trx --results-directory "$results" "$@"
