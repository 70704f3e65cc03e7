# shellcheck shell=bash
# Sourced by other scripts: free ports and plain HTTP on 127.0.0.1, in pure bash.

# Below the ephemeral port ranges of Linux and macOS.
port=$((20000 + RANDOM % 12000))

# Sets `port` to the next free port.
next_free_port() {
  while port=$((port + 1)); (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
}

# Prints the body of a 200 response and fails on any other status. HTTP/1.0 rules out chunked responses.
http_get() { # PORT PATH
  (
    local status line
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
    printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1:%s\r\n\r\n' "$2" "$1" >&3
    read -r -t 5 _ status _ <&3
    [ "$status" = 200 ] || exit 1
    while read -r -t 5 line <&3 && [ "$line" != $'\r' ]; do :; done
    cat <&3
  ) 2>/dev/null
}
