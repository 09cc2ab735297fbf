#!/usr/bin/env bash
# PgBouncer for the tests: the system's, or else Debian's package, unpacked under target/tools. It is not installed, because
# installing it would start a pooler.
# Usage: build/pgbouncer.sh                        prints the path of its program
#        build/pgbouncer.sh run NAME=VALUE…        starts a pooler with these settings in front of the server of
#                                                  build/postgres.sh run, prints its address, and ends with its input
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$PWD/target/tools/pgbouncer
fetched=("$folder"/usr/lib/*-linux-*)
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}${fetched[0]}

# Prints the first program that starts.
find_program() {
  local program
  for program in "$(command -v pgbouncer || true)" /usr/sbin/pgbouncer "$folder/usr/sbin/pgbouncer"; do
    if [[ -x $program ]] && "$program" --version &>/dev/null; then
      echo "$program"
      return
    fi
  done
  return 1
}

# Unpacks Debian's package, and those of the libraries that are missing.
fetch() {
  local fresh names archive
  mkdir -p "$folder"
  # One process at a time: concurrent tests may all find it missing. The lock stays with the descriptor.
  exec 9>"$folder.lock"
  flock 9
  if find_program >/dev/null; then return; fi
  echo "Fetching PgBouncer into target/tools/pgbouncer" >&2
  fresh=$(mktemp -d)
  # Only root may fetch the lists of packages; if they are there already, that is not needed.
  if [[ $EUID == 0 ]]; then apt-get update -qq >&2 || true; fi
  # Scripts that the package needs for a service are not needed.
  names=$(apt-get install --simulate --no-install-recommends pgbouncer 2>/dev/null |
    awk '/^Inst (lib|pgbouncer )/ { print $2 }' | grep -v -- '-perl$' || true)
  if (cd "$fresh" && apt-get download -qq ${names:-pgbouncer} >&2); then
    for archive in "$fresh"/*.deb; do dpkg-deb --extract "$archive" "$folder"; done
  fi
  rm -rf "$fresh"
  exec 9>&-
  fetched=("$folder"/usr/lib/*-linux-*)
  export LD_LIBRARY_PATH=$LD_LIBRARY_PATH:${fetched[0]}
}

if ! program=$(find_program); then
  if [[ -r /etc/os-release ]] && (. /etc/os-release && [[ $ID == debian ]]); then fetch; fi
  if ! program=$(find_program); then
    echo "The tests need PgBouncer. On Debian, install it with:" >&2
    echo "  sudo apt-get install --no-install-recommends pgbouncer" >&2
    exit 1
  fi
fi
if [[ $# == 0 ]]; then
  echo "$program"
  exit 0
fi
[[ $1 == run ]] || { sed -n '/^# Usage/,/^set/{/^#/p}' "$0" >&2; exit 2; }
shift

# As in: postgres://keyhold@%2Ftmp%2Fkeyhold-postgres.aB3dE6:23456/postgres
server=${KEYHOLD_TEST_POSTGRES:?is set by build/postgres.sh run}
user=${server#postgres://} user=${user%%@*}
host=${server#*@} host=${host%/*}
port=${host##*:} host=${host%:*} host=${host//%2F//}

# Other users cannot enter it, so the pooler needs no password.
home=$(mktemp -d /tmp/keyhold-pgbouncer.XXXXXX)
cat >"$home/pgbouncer.ini" <<END
[databases]
* = host=$host port=$port user=$user
[pgbouncer]
listen_addr =
listen_port = 6432
unix_socket_dir = $home
auth_type = any
$(printf '%s\n' "$@")
END
setpriv=()
if [[ $EUID == 0 ]]; then
  # PgBouncer refuses to run as root, and only the owner of the server's folder reaches the server.
  owner=$(stat -c %u "$host")
  group=$(stat -c %g "$host")
  chown -R "$owner:$group" "$home"
  setpriv=(setpriv "--reuid=$owner" "--regid=$group" --clear-groups)
  if ! "${setpriv[@]}" test -x "$program"; then
    cp -a "$folder/usr" "$home/usr"
    program=$home/usr/${program#"$folder/usr/"}
    export LD_LIBRARY_PATH=$home/usr/lib/${fetched[0]##*/}
  fi
fi

# Only the end of the input ends this script, in whichever way the test ends.
trap '' HUP INT PIPE TERM
"${setpriv[@]}" "$program" "$home/pgbouncer.ini" &>"$home/log" </dev/null &
pooler=$!
for ((tries = 0; tries < 400; tries++)); do
  if grep -qs 'process up' "$home/log" || ! kill -0 "$pooler" 2>/dev/null; then break; fi
  sleep 0.05
done
status=0
if grep -qs 'process up' "$home/log"; then
  echo "postgres://$user@${home//\//%2F}:6432/postgres" || true
  cat >/dev/null
else
  cat "$home/log" >&2
  status=1
fi
kill -KILL "$pooler" 2>/dev/null || true
wait "$pooler" 2>/dev/null || true
rm -rf "$home"
exit "$status"
