#!/usr/bin/env bash
# Runs all tests against a real etcd. The last line is always "N passed, N failed, N skipped".
#
#   eng/test.sh [--both] [--with-chaos] [--with-packages] [--containers] [--browser] [arguments for dotnet test, such as --filter Name]
#   eng/test.sh --chaos [--seed N] [--minutes M]   runs the chaos suite (random faults, 3 minutes) instead of the tests
#   eng/test.sh --chaos --self-test                checks that the chaos suite detects the faults that it is for
#     --store v2                                   runs either of them on the v2 keys API
#     --second                                     runs either of them with the second version of etcd
#
# Some tests run against two versions of etcd if a second one is available. --both, or CI=true, requires the second one.
# The integration tests use a container if a Docker engine answers, else a process, and print which. --containers requires
# the container (eng/docker.sh eng/test.sh --containers starts an engine). --browser runs the tests of the discovery page in
# Chromium, which are skipped otherwise unless CHROMIUM names one. --with-chaos adds the self-tests of the chaos
# suite, a minute of it, and half a minute of it on the v2 keys API. --with-packages packs everything, and uses the packages as
# applications do (eng/pack-check.sh, eng/publish-check.sh).
set -euo pipefail

results=$(mktemp -d)
# A line, passed or skipped or failed, for each check that is not a test.
export CHECK_RESULTS=$results/checks
touch "$CHECK_RESULTS"
checks() { grep -cx "$1" "$CHECK_RESULTS" || true; } # RESULT

# The chaos suite is a separate program. Each run counts as one test.
chaos() {
  if dotnet "$root/tests/EtcdDiscovery.Extensions.Chaos/bin/Release/net10.0/EtcdDiscovery.Extensions.Chaos.dll" "$@"; then
    echo passed >>"$CHECK_RESULTS"
  else
    echo failed >>"$CHECK_RESULTS"
  fi
}

# A trx file counts skipped tests in `total`, but not in `executed`. Each executed test that did not pass counts as failed.
finish() {
  local status=$? passed failed skipped
  read -r passed failed skipped <<<"$(find "$results" -name '*.trx' -exec cat {} + | tr '>' '\n' | sed -n \
    's/.*<Counters total="\([0-9]*\)" executed="\([0-9]*\)" passed="\([0-9]*\)".*/\1 \2 \3/p' |
    awk '{ skipped += $1 - $2; failed += $2 - $3; passed += $3 } END { print passed + 0, failed + 0, skipped + 0 }')"
  passed=$((passed + $(checks passed))) failed=$((failed + $(checks failed))) skipped=$((skipped + $(checks skipped)))
  rm -rf "$results"
  if [ "$failed" -gt 0 ] || [ "$passed" -eq 0 ]; then status=1; fi
  echo "$passed passed, $failed failed, $skipped skipped"
  exit "$status"
}
trap finish EXIT

no_second() {
  echo "eng/test.sh: there is no second version of etcd; set ETCD_BIN_2 to a binary of another minor version" >&2
  exit 1
}

. "$(dirname "$0")/with-etcd.sh"
if [ "${1:-}" = --chaos ]; then
  shift
  for argument in "$@"; do
    shift
    if [ "$argument" = --second ]; then
      ETCD_BIN=$("$root/eng/etcd.sh" --second)
      [ -n "$ETCD_BIN" ] || no_second
    else
      set -- "$@" "$argument"
    fi
  done
  dotnet build -c Release "$root/tests/EtcdDiscovery.Extensions.Chaos" -v quiet
  chaos "$@"
  exit
fi

both=${CI:-false} with_chaos=false with_packages=false
while :; do
  case ${1:-} in
    --both) both=true ;;
    --with-chaos) with_chaos=true ;;
    --with-packages) with_packages=true ;;
    --containers) export ETCD_CONTAINERS=require ;;
    --browser)
      CHROMIUM=$("$root/eng/chromium.sh")
      export CHROMIUM
      ;;
    *) break ;;
  esac
  shift
done

ETCD_BIN_2=$("$root/eng/etcd.sh" --second)
if [ -n "$ETCD_BIN_2" ]; then
  export ETCD_BIN_2
elif [ "$both" = true ]; then
  no_second
fi

if ! with_v2=$("$root/eng/etcd.sh" --v2 2>/dev/null); then
  echo "eng/test.sh: no etcd has the v2 keys API, which 3.6 removed: the tests that need it are skipped"
elif [ "$with_v2" != "$ETCD_BIN" ]; then
  echo "eng/test.sh: $ETCD_BIN has no v2 keys API: the tests that need it use $with_v2"
fi

cd "$root"
dotnet test -c Release --logger trx --results-directory "$results" "$@"
if [ "$with_packages" = true ]; then
  # Each consumer of the packages counts as one test; a script ends at its first failure.
  for script in pack-check publish-check; do "$root/eng/$script.sh" || echo failed >>"$CHECK_RESULTS"; done
fi
if [ "$with_chaos" = true ]; then
  chaos --self-test
  chaos --minutes 1 --seed 1
  chaos --store v2 --self-test
  chaos --store v2 --minutes 0.5 --seed 1
fi
