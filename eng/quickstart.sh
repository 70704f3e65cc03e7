#!/usr/bin/env bash
# Runs the end-to-end demo: starts three instances of a catalog, a price list, and a storefront that finds them through etcd,
# stops one catalog, kills another, and cleans up. The storefront serves throughout.
#
#   eng/quickstart.sh              runs the whole demo
#   eng/quickstart.sh --store v2   uses the v2 keys API, as Go's etcd-discovery does
#   eng/quickstart.sh --keep       starts everything, leaves it running, and prints how to stop it
set -euo pipefail
export LC_ALL=C # `time` prints a decimal point, not a comma

keep='' store=Etcd etcd_options=() gone_by='its lease expires'
while [ $# -gt 0 ]; do
  case "$1 ${2:-}" in
    "--keep "*) keep=--keep ;;
    "--store v3") shift ;;
    "--store v2") store=EtcdV2 etcd_options=(--enable-v2) gone_by='its key expires'; shift ;;
    *) echo "usage: eng/quickstart.sh [--store v2|v3] [--keep]" >&2; exit 2 ;;
  esac
  shift
done

. "$(dirname "$0")/loopback.sh"
. "$(dirname "$0")/with-etcd.sh"
[ "$store" = Etcd ] || ETCD_BIN=$("$root/eng/etcd.sh" --v2)
shop=$root/samples/Shop
temp=$(mktemp -d)
names=(A B C)
pids=() # etcd, the storefront, the instances of the catalog, then the prices

clean_up() {
  local status=$? pid
  if [ "$status" -eq 0 ] && [ "$keep" = --keep ]; then return; fi
  # All data is temporary, so the processes are killed. Their files are deleted once they have exited.
  if [ ${#pids[@]} -gt 0 ]; then
    kill -KILL "${pids[@]}" 2>/dev/null || true
    for pid in "${pids[@]}"; do until gone "$pid"; do sleep 0.02; done; done
  fi
  rm -rf "$temp"
}
trap clean_up EXIT
trap 'echo; exit 130' INT
trap 'echo; exit 143' TERM

say() { printf '%s\n' "$*"; }

# Runs one step and prints how long it took on the same line. `time` is the only clock with milliseconds in every version
# of bash. Each step sets `log` to the file to print if it fails.
TIMEFORMAT=%3R
step() { # TEXT COMMAND...
  local text=$1 ms
  shift
  printf '  %-68s' "$text"
  if ! { time "$@"; } 2>"$temp/time"; then
    printf '\n\neng/quickstart.sh: the step failed or timed out. End of the log:\n' >&2
    tail -n 30 "$log" >&2
    exit 1
  fi
  ms=$(sed 's/[.]//; s/^0*//' "$temp/time")
  if [ "${ms:-0}" -lt 1000 ]; then say "${ms:-0} ms"; else say "$((ms / 1000)).$((ms % 1000 / 100)) s"; fi
}

# Fails early if the process exits.
wait_until() { # PID SECONDS COMMAND...
  local pid=$1 end=$((SECONDS + $2))
  shift 2
  until "$@"; do
    if [ "$SECONDS" -ge "$end" ] || gone "$pid"; then return 1; fi
    sleep 0.02
  done
}

gone() { ! kill -0 "$1" 2>/dev/null; }

build() {
  log=$temp/build.log
  for program in Catalog Prices Storefront; do
    MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false dotnet build "$shop/$program" -c Release || return
  done >"$log" 2>&1
}

start() { # LOG COMMAND...
  log=$temp/$1.log
  shift
  "$@" </dev/null >"$log" 2>&1 &
  pids+=($!)
  disown $! # otherwise bash prints a message when the process ends
}

# The environment is empty because etcd does not start if ETCD_ variables conflict with its arguments.
start_etcd() { # CLIENT_PORT PEER_PORT
  local client=http://127.0.0.1:$1 peer=http://127.0.0.1:$2
  start etcd env -i ETCD_UNSUPPORTED_ARCH=arm64 "$ETCD_BIN" --name quickstart --data-dir "$temp/etcd" \
    --listen-client-urls "$client" --advertise-client-urls "$client" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "quickstart=$peer" \
    ${etcd_options[@]+"${etcd_options[@]}"}
  wait_until "${pids[0]}" 30 answers "$1" /health
}

answers() { http_get "$1" "$2" >/dev/null; }

run_program() { # NAME URL [SETTING=VALUE...]
  local program=$1
  export EtcdDiscovery__Store=$store EtcdDiscovery__Etcd__Endpoints__0="http://127.0.0.1:$etcd_port" ASPNETCORE_URLS="$2"
  shift 2
  cd "$shop/$program" # where its appsettings.json is
  exec env "$@" dotnet "bin/Release/net10.0/$program.dll"
}

start_storefront() {
  start storefront run_program Storefront "http://127.0.0.1:$storefront_port"
  wait_until "${pids[1]}" 60 answers "$storefront_port" /healthz
}

# EtcdDiscovery:Service:Ports is not set: the instances register the addresses that their server has bound.
start_host() { # INDEX
  start "host-${names[$1]}" run_program Catalog "http://127.0.0.1:${ports[$1]}" EtcdDiscovery__Service__Name=catalog
  wait_until "${pids[$1 + 2]}" 60 get_id "$1"
  wait_until "${pids[$1 + 2]}" 60 listed "${ids[$1]}"
}

# Its appsettings.json has an endpoint for gRPC, and one for probes.
start_prices() {
  start prices run_program Prices ''
  wait_until "${pids[5]}" 60 has_price 1
}

get_id() { # INDEX
  ids[$1]=$(http_get "${ports[$1]}" / | sed -n 's/.*"instanceId" *: *"\([^"]*\)".*/\1/p') && [ -n "${ids[$1]}" ]
}

# All queries go to the storefront.
instances() { http_get "$storefront_port" /instances/catalog; }
listed() { case $(instances) in *"\"$1\""*) ;; *) return 1 ;; esac; }
not_listed() {
  local answer
  answer=$(instances) || return 1
  case $answer in *"\"$1\""*) return 1 ;; esac
}

has_price() { case $(http_get "$storefront_port" "/items/$1") in *'"price":'[0-9]*) ;; *) return 1 ;; esac; } # ITEM

# Nine requests, so that the storefront calls several instances.
sells() {
  local item
  for item in 1 2 3 4 5 6 7 8 9; do has_price "$item" || return; done
}

end_host() { # INDEX SIGNAL
  log=$temp/host-${names[$1]}.log
  kill "-$2" "${pids[$1 + 2]}"
  wait_until "${pids[1]}" 60 not_listed "${ids[$1]}"
}

show_instances() {
  local i
  say "    GET http://127.0.0.1:$storefront_port/instances/catalog"
  for i in 0 1 2; do
    if listed "${ids[$i]}"; then say "      ${names[$i]}  127.0.0.1:${ports[$i]}  ${ids[$i]}"; fi
  done
}

say "Starts three instances of a catalog, a price list, a storefront that calls them, and etcd, all on this machine."
say
step "build samples/Shop" build

next_free_port && etcd_port=$port
next_free_port && peer_port=$port
next_free_port && storefront_port=$port
ports=()
for _ in 0 1 2; do next_free_port && ports+=("$port"); done
ids=()

step "start etcd on http://127.0.0.1:$etcd_port" start_etcd "$etcd_port" "$peer_port"
step "start the storefront on http://127.0.0.1:$storefront_port" start_storefront
for i in 0 1 2; do
  step "start catalog ${names[$i]} on http://127.0.0.1:${ports[$i]} and resolve it" start_host "$i"
done
step "start the prices and get one by gRPC" start_prices
show_instances
step "GET http://127.0.0.1:$storefront_port/items/1 to 9" sells

if [ "$keep" = --keep ]; then
  say
  say "  All processes keep running. Logs are in $temp."
  say "    stop C gracefully   kill -TERM ${pids[4]}"
  say "    kill B              kill -KILL ${pids[3]}"
  say "    stop everything     kill -KILL ${pids[*]}; rm -rf '$temp'"
  exit
fi

say
step "stop C with SIGTERM: it withdraws and is no longer resolved" end_host 2 TERM
step "  its process exits" wait_until "${pids[1]}" 30 gone "${pids[4]}"
step "  the storefront still serves" sells
unset "pids[4]" # the system may reuse the process id
show_instances

say
kill -KILL "${pids[3]}"
step "kill B with SIGKILL: the storefront still serves" sells
step "  $gone_by, and B is no longer resolved" wait_until "${pids[1]}" 60 not_listed "${ids[1]}"
unset "pids[3]"
show_instances

clean_up
pids=()
say
say "Done: all processes have ended, and all temporary files are deleted."
