#!/usr/bin/env bash
# Runs one benchmark: eng/bench.sh NAME [arguments for the benchmark program]. Without a NAME it lists them.
set -euo pipefail
# shellcheck source=with-etcd.sh
. "$(dirname "$0")/with-etcd.sh"

exec dotnet run -c Release --project "$root/bench/EtcdDiscovery.Extensions.Benchmarks" -- "$@"
