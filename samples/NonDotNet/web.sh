#!/usr/bin/env bash
# Serves a folder with Python's web server, registered in etcd as the service `web`, with the tool of docs/tool.md.
#
#   samples/NonDotNet/web.sh [FOLDER]
#
# PORT is the port, 8080 by default. Settings such as EtcdDiscovery__Etcd__Endpoints and EtcdDiscovery__Service__Hostname (the address
# that callers use, by default the host name of this machine) apply as in an application. The service is withdrawn when either the
# script gets SIGTERM or the web server ends.
set -euo pipefail

port=${PORT:-8080}

# exec, so that signals reach the tool. It stops the web server after it has withdrawn the service.
exec etcd-discovery register web --port "http=$port" -- python3 -m http.server "$port" --directory "${1:-.}"
