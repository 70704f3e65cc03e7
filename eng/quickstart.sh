#!/usr/bin/env bash
# A shop: three hosts of a catalog, and a storefront that finds them through etcd. Started, listed, stopped, killed and
# cleaned up again; the storefront goes on answering.
#
#   eng/quickstart.sh              the whole story
#   eng/quickstart.sh --store v2   the same on the v2 keys API, which Go's etcd-discovery speaks
#   eng/quickstart.sh --keep       up to where everything serves; leaves them running and says how to stop them
set -euo pipefail
export LC_ALL=C # `time` shall write a decimal point

keep='' store=Etcd etcd_options=() gone_by='its lease ends'
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
pids=() # of etcd, of the storefront, then of the catalog's hosts

clean_up() {
  local status=$? pid
  if [ "$status" -eq 0 ] && [ "$keep" = --keep ]; then return; fi
  # All of it is temporary, so nothing has to end politely; but it must have ended before its files go.
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

# Does one step and says, on the same line, how long it took. `time` is the one clock with milliseconds that every bash
# has. A step sets `log` to where its failure can be understood.
TIMEFORMAT=%3R
step() { # TEXT COMMAND...
  local text=$1 ms
  shift
  printf '  %-68s' "$text"
  if ! { time "$@"; } 2>"$temp/time"; then
    printf '\n\neng/quickstart.sh: this failed or took too long. The end of the log:\n' >&2
    tail -n 30 "$log" >&2
    exit 1
  fi
  ms=$(sed 's/[.]//; s/^0*//' "$temp/time")
  if [ "${ms:-0}" -lt 1000 ]; then say "${ms:-0} ms"; else say "$((ms / 1000)).$((ms % 1000 / 100)) s"; fi
}

# Fails early when the process that has to answer is gone.
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
  for program in Catalog Storefront; do
    MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false dotnet build "$shop/$program" -c Release || return
  done >"$log" 2>&1
}

start() { # LOG COMMAND...
  log=$temp/$1.log
  shift
  "$@" </dev/null >"$log" 2>&1 &
  pids+=($!)
  disown $! # or bash would comment on its end
}

# The environment is empty because etcd refuses to start when ETCD_ variables contradict its arguments.
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

# The catalog's hosts are not told in EtcdDiscovery:Service:Ports where they listen: they register what they bound.
start_host() { # INDEX
  start "host-${names[$1]}" run_program Catalog "http://127.0.0.1:${ports[$1]}" EtcdDiscovery__Service__Name=catalog
  wait_until "${pids[$1 + 2]}" 60 tells_its_id "$1"
  wait_until "${pids[$1 + 2]}" 60 listed "${ids[$1]}"
}

tells_its_id() { # INDEX
  ids[$1]=$(http_get "${ports[$1]}" / | sed -n 's/.*"instanceId" *: *"\([^"]*\)".*/\1/p') && [ -n "${ids[$1]}" ]
}

# The storefront is the one that is asked throughout.
instances() { http_get "$storefront_port" /instances/catalog; }
listed() { case $(instances) in *"\"$1\""*) ;; *) return 1 ;; esac; }
not_listed() {
  local answer
  answer=$(instances) || return 1
  case $answer in *"\"$1\""*) return 1 ;; esac
}

# Whichever host of the catalog answers, the storefront does.
sells() {
  local item
  for item in 1 2 3 4 5 6 7 8 9; do answers "$storefront_port" "/items/$item" || return; done
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

say "A catalog of three hosts, a storefront that calls it, and an etcd to find each other, all on this machine."
say
step "samples/Shop is built" build

next_free_port && etcd_port=$port
next_free_port && peer_port=$port
next_free_port && storefront_port=$port
ports=()
for _ in 0 1 2; do next_free_port && ports+=("$port"); done
ids=()

step "etcd answers on http://127.0.0.1:$etcd_port" start_etcd "$etcd_port" "$peer_port"
step "the storefront serves on http://127.0.0.1:$storefront_port" start_storefront
for i in 0 1 2; do
  step "catalog ${names[$i]} serves on http://127.0.0.1:${ports[$i]}, and is found" start_host "$i"
done
show_instances
step "the storefront sells: GET http://127.0.0.1:$storefront_port/items/1 to 9" sells

if [ "$keep" = --keep ]; then
  say
  say "  All of it keeps running; the logs are in $temp."
  say "    stop C gracefully   kill -TERM ${pids[4]}"
  say "    kill B              kill -KILL ${pids[3]}"
  say "    end everything      kill -KILL ${pids[*]}; rm -rf '$temp'"
  exit
fi

say
step "C is stopped with SIGTERM: it signs off, and is no longer found" end_host 2 TERM
step "  its process has ended" wait_until "${pids[1]}" 30 gone "${pids[4]}"
step "  the storefront goes on selling" sells
unset "pids[4]" # the number may be given to another process from now on
show_instances

say
kill -KILL "${pids[3]}"
step "B is killed with SIGKILL: the storefront goes on selling at once" sells
step "  $gone_by, and it is no longer found" wait_until "${pids[1]}" 60 not_listed "${ids[1]}"
unset "pids[3]"
show_instances

clean_up
pids=()
say
say "Done: A, the storefront and etcd are ended too, and nothing is left behind."
