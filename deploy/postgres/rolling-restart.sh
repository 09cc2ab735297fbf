#!/usr/bin/env bash
# Restarts the nodes of Keyhold one after another without failing a request, after an upgrade of the binary for instance.
# Usage: rolling-restart.sh SERVER=URL…
#   as in  rolling-restart.sh keyhold1=http://10.0.0.21:3000 keyhold2=http://10.0.0.22:3000 keyhold3=http://10.0.0.23:3000
#
# It runs on the machine of HAProxy, with haproxy-keyhold.cfg. SERVER is the name there, URL the node's own address.
# For each node: wait until it works, stop sending it requests, wait for those in flight, restart, wait until it works again.
# A node that is not ready after the restart stops the script, so at most one is lost.
#
# KEYHOLD_RESTART   restarts a node and returns; %s is its host. Default: ssh %s sudo systemctl restart keyhold@1
# HAPROXY_SOCKET    default: /run/haproxy/admin.sock
# HAPROXY_BACKEND   default: keyhold
set -euo pipefail
[[ $# -gt 0 && $1 == *=http* ]] || { sed -n '/^# Usage/,/^set/{/^#/p}' "$0" >&2; exit 2; }
restart=${KEYHOLD_RESTART:-ssh %s sudo systemctl restart keyhold@1}
socket=${HAPROXY_SOCKET:-/run/haproxy/admin.sock}
backend=${HAPROXY_BACKEND:-keyhold}
# KEYHOLD_LEASE, 30 s by default, and 60 s more: the longest that Keyhold takes to answer.
drain_seconds=90
ready_seconds=120

# Sends one command to HAProxy.
haproxy() {
  python3 -c '
import socket, sys
with socket.socket(socket.AF_UNIX) as admin:
    admin.connect(sys.argv[1])
    admin.sendall(sys.argv[2].encode() + b"\n")
    while piece := admin.recv(65536):
        sys.stdout.write(piece.decode())' "$socket" "$1"
}

# Prints a column of HAProxy's statistics of one server: scur, the requests in flight; status, UP or MAINT.
column() {
  haproxy "show stat $backend 4 -1" | python3 -c '
import csv, sys
for row in csv.DictReader(line.removeprefix("# ") for line in sys.stdin if line.strip()):
    if row["svname"] == sys.argv[1]:
        print(row[sys.argv[2]])' "$1" "$2"
}

# Waits until a command succeeds.
await() {
  local seconds=$1 what=$2 end
  shift 2
  end=$((SECONDS + seconds))
  until "$@"; do
    if ((SECONDS >= end)); then
      echo "$what: not after $seconds s" >&2
      return 1
    fi
    sleep 0.2
  done
}

answers() { curl --silent --fail --max-time 2 --output /dev/null "$1"; }
is_idle() { [[ $(column "$1" scur) == 0 ]]; }
is_up() { [[ $(column "$1" status) == UP* ]]; }

for node in "$@"; do
  name=${node%%=*} url=${node#*=}
  host=${url#*://}
  host=${host%%[:/]*}
  if [[ -z $(column "$name" status) ]]; then
    echo "HAProxy has no server $backend/$name" >&2
    exit 1
  fi
  # All others must work, or draining this one would leave too few.
  for other in "$@"; do
    await "$ready_seconds" "${other%%=*} is ready" answers "${other#*=}/readyz"
    await "$ready_seconds" "${other%%=*} is in use" is_up "${other%%=*}"
  done
  echo "$name: draining"
  haproxy "set server $backend/$name state drain" >/dev/null
  # If anything fails from here on, the node gets requests again as soon as it passes HAProxy's checks.
  trap 'haproxy "set server $backend/$name state ready" >/dev/null' EXIT
  await "$drain_seconds" "$name without requests" is_idle "$name"
  echo "$name: restarting"
  # shellcheck disable=SC2059
  bash -c "$(printf "$restart" "$host")"
  await "$ready_seconds" "$name is ready" answers "$url/readyz"
  haproxy "set server $backend/$name state ready" >/dev/null
  trap - EXIT
  await "$ready_seconds" "$name is in use" is_up "$name"
  echo "$name: done"
done
