#!/usr/bin/env bash
# Runs one benchmark: eng/bench.sh NAME [arguments for the benchmark program]. Without a NAME, lists the benchmarks.
set -euo pipefail
. "$(dirname "$0")/with-etcd.sh"

cd "$root"
exec dotnet run -c Release --project bench/EtcdDiscovery.Extensions.Benchmarks -- "$@"
