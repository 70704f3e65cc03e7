#!/usr/bin/env bash
# Fuzzes the code that reads etcd's responses and JSON, with malformed input. A failure message contains the seed and the round.
#
#   eng/fuzz.sh [--seconds N] [--seed S]    defaults: 60 seconds and a random seed
set -euo pipefail

export FUZZ_SECONDS=60 FUZZ_SEED=$RANDOM
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) FUZZ_SECONDS=$2 ;;
    --seed) FUZZ_SEED=$2 ;;
    *) echo "usage: eng/fuzz.sh [--seconds N] [--seed S]" >&2; exit 2 ;;
  esac
  shift 2
done

. "$(dirname "$0")/with-etcd.sh"
dotnet build -c Release "$root/tests/EtcdDiscovery.Extensions.Tests" -v quiet
echo "eng/fuzz.sh: $FUZZ_SECONDS s with seed $FUZZ_SEED"
"$root/tests/EtcdDiscovery.Extensions.Tests/bin/Release/net10.0/EtcdDiscovery.Extensions.Tests" -class "*Fuzz" -showLiveOutput
