#!/usr/bin/env bash
# Three hosts of one service find each other through etcd: started, listed, stopped, killed and cleaned up again.
#
#   eng/quickstart.sh              the whole story
#   eng/quickstart.sh --store v2   the same on the v2 keys API, which Go's etcd-discovery speaks
#   eng/quickstart.sh --keep       up to where all three hosts serve; leaves them running and says how to stop them
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
sample=$root/samples/Quickstart
temp=$(mktemp -d)
names=(A B C)
pids=() # of etcd, then of the hosts

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
  MSBUILDDISABLENODEREUSE=1 UseSharedCompilation=false dotnet build "$sample" -c Release >"$log" 2>&1
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

run_host() { # PORT ETCD_PORT
  export EtcdDiscovery__Store=$store EtcdDiscovery__Etcd__Endpoints__0="http://127.0.0.1:$2"
  export EtcdDiscovery__Service__Name=quickstart EtcdDiscovery__Service__Hostname=127.0.0.1
  export EtcdDiscovery__Service__Ports__http="$1" ASPNETCORE_URLS="http://127.0.0.1:$1"
  cd "$sample" # where its appsettings.json is
  exec dotnet bin/Release/net10.0/Quickstart.dll
}

start_host() { # INDEX
  start "host-${names[$1]}" run_host "${ports[$1]}" "$etcd_port"
  wait_until "${pids[$1 + 1]}" 60 tells_its_id "$1"
  wait_until "${pids[$1 + 1]}" 60 listed "${ids[$1]}"
}

tells_its_id() { # INDEX
  ids[$1]=$(http_get "${ports[$1]}" / | sed -n 's/.*"instanceId" *: *"\([^"]*\)".*/\1/p') && [ -n "${ids[$1]}" ]
}

# Host A is the one that is asked throughout.
instances() { http_get "${ports[0]}" /instances/quickstart; }
listed() { case $(instances) in *"\"$1\""*) ;; *) return 1 ;; esac; }
not_listed() {
  local answer
  answer=$(instances) || return 1
  case $answer in *"\"$1\""*) return 1 ;; esac
}

end_host() { # INDEX SIGNAL
  log=$temp/host-${names[$1]}.log
  kill "-$2" "${pids[$1 + 1]}"
  wait_until "${pids[1]}" 60 not_listed "${ids[$1]}"
}

show_instances() {
  local i
  say "    GET http://127.0.0.1:${ports[0]}/instances/quickstart"
  for i in 0 1 2; do
    if listed "${ids[$i]}"; then say "      ${names[$i]}  127.0.0.1:${ports[$i]}  ${ids[$i]}"; fi
  done
}

say "One service, three hosts and an etcd to find each other, all on this machine."
say
step "samples/Quickstart is built" build

next_free_port && etcd_port=$port
next_free_port && peer_port=$port
ports=()
for _ in 0 1 2; do next_free_port && ports+=("$port"); done
ids=()

step "etcd answers on http://127.0.0.1:$etcd_port" start_etcd "$etcd_port" "$peer_port"
for i in 0 1 2; do
  step "host ${names[$i]} serves on http://127.0.0.1:${ports[$i]}, and A finds it" start_host "$i"
done
show_instances

if [ "$keep" = --keep ]; then
  say
  say "  All of it keeps running; the logs are in $temp."
  say "    stop C gracefully   kill -TERM ${pids[3]}"
  say "    kill B              kill -KILL ${pids[2]}"
  say "    end everything      kill -KILL ${pids[*]}; rm -rf '$temp'"
  exit
fi

say
step "C is stopped with SIGTERM: it signs off, and A no longer finds it" end_host 2 TERM
step "  its process has ended" wait_until "${pids[1]}" 30 gone "${pids[3]}"
unset "pids[3]" # the number may be given to another process from now on
show_instances

say
step "B is killed with SIGKILL: $gone_by, A no longer finds it" end_host 1 KILL
unset "pids[2]"
show_instances

clean_up
pids=()
say
say "Done: A and etcd are ended too, and nothing is left behind."
