#!/usr/bin/env bash
# PostgreSQL for the tests: the system's, or else Debian's package, unpacked under target/tools. It is not installed, because
# installing it would start a server.
# Usage: build/postgres.sh                 prints the folder of its programs
#        build/postgres.sh run COMMAND…    runs a command with KEYHOLD_TEST_POSTGRES, the address of a server of its own;
#                                          KEYHOLD_TEST_POSTGRES_TLS is another one, with TLS and a password;
#                                          KEYHOLD_TEST_POSTGRES_OPTIONS are added to those of the server
set -euo pipefail
cd "$(dirname "$0")/.."
oldest=15
more=${KEYHOLD_TEST_POSTGRES_OPTIONS:-}
folder=$PWD/target/tools/postgres
fetched=("$folder"/usr/lib/*-linux-*)
export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}${fetched[0]}

# Prints the first folder with a server that starts and is new enough.
find_programs() {
  local programs version
  for programs in "$(dirname "$(readlink -f "$(command -v postgres || echo /)")")" \
    $(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin "$folder"/usr/lib/postgresql/*/bin | sort -rV); do
    # As in: postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)
    version=$("$programs/postgres" --version 2>/dev/null | sed -E 's/.*\) ([0-9]+).*/\1/;q') || continue
    if [[ -x $programs/initdb && $version -ge $oldest ]]; then
      echo "$programs"
      return
    fi
  done
  return 1
}

# Unpacks Debian's package, and those of the libraries that are missing.
fetch() {
  local fresh package names
  mkdir -p "$folder"
  # One process at a time. The lock stays with the descriptor.
  exec 9>"$folder.lock"
  flock 9
  if find_programs >/dev/null; then return; fi
  echo "Fetching PostgreSQL into target/tools/postgres" >&2
  fresh=$(mktemp -d)
  # Only root may fetch the lists of packages; if they are there already, that is not needed.
  if [[ $EUID == 0 ]]; then apt-get update -qq >&2 || true; fi
  package=$(apt-cache pkgnames postgresql- | grep -xE 'postgresql-[0-9]+' | sort -V | tail -1)
  # LLVM compiles queries, which the tests switch off. Scripts and manual pages of the other packages are not needed.
  names=$(apt-get install --simulate --no-install-recommends "$package" 2>/dev/null |
    awk '/^Inst (lib|postgresql-(client-)?[0-9])/ { print $2 }' | grep -vE '^libllvm|-perl$' || true)
  if (cd "$fresh" && apt-get download -qq ${names:-"$package"} >&2); then
    for archive in "$fresh"/*.deb; do dpkg-deb --extract "$archive" "$folder"; done
  fi
  rm -rf "$fresh"
  exec 9>&-
  fetched=("$folder"/usr/lib/*-linux-*)
  export LD_LIBRARY_PATH=$LD_LIBRARY_PATH:${fetched[0]}
}

if ! programs=$(find_programs); then
  if [[ -r /etc/os-release ]] && (. /etc/os-release && [[ $ID == debian ]]); then fetch; fi
  if ! programs=$(find_programs); then
    echo "The tests need the programs of a PostgreSQL server, $oldest or later. On Debian, install them with:" >&2
    echo "  sudo apt-get install --no-install-recommends postgresql" >&2
    exit 1
  fi
fi
if [[ $# == 0 ]]; then
  echo "$programs"
  exit 0
fi
[[ $1 == run && $# -gt 1 ]] || { sed -n '/^# Usage/,/^set/{/^#/p}' "$0" >&2; exit 2; }
shift

# In /tmp, because the path of a socket is at most 107 bytes long. Other users cannot enter it, so the socket needs no
# password. The port does.
home=$(mktemp -d /tmp/keyhold-postgres.XXXXXX)
password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
certificate=$home/certificate.pem
(umask 077 && printf '%s' "$password" >"$home/password" && cat build/postgres.pem >"$certificate")
# In memory if there is a gigabyte: what is written here need not last, except where the disk is measured.
place=$home
if [[ $more != *fsync=on* && -w /dev/shm && $(df -Pk /dev/shm | awk 'END { print $4 }') -gt $((1 << 20)) ]]; then place=/dev/shm; fi
data=$(mktemp -d "$place/keyhold-postgres-data.XXXXXX")
setpriv=()
if [[ $EUID == 0 ]]; then
  # PostgreSQL refuses to run as root.
  user=$(id -u postgres 2>/dev/null || id -u nobody)
  group=$(id -g "$user")
  chown "$user:$group" "$home" "$home/password" "$certificate" "$data"
  setpriv=(setpriv "--reuid=$user" "--regid=$group" --clear-groups)
  if ! "${setpriv[@]}" test -x "$programs/postgres"; then
    cp -a "$folder/usr" "$home/usr"
    programs=$home/usr/${programs#"$folder/usr/"}
    export LD_LIBRARY_PATH=$home/usr/lib/${fetched[0]##*/}
  fi
fi

# Becomes a program of PostgreSQL, run by the owner of the folder.
become() {
  cd "$home"
  exec "${setpriv[@]}" "$programs/$1" -D "$data" "${@:2}" &>>"$home/log" </dev/null
}

is_ready() {
  # The last line of this file says so.
  grep -qs '^ready' "$data/postmaster.pid"
}

# The keeper of the server. When its input ends, because this script has ended in whichever way, it ends the server and
# removes the folder.
keep() {
  trap '' HUP INT PIPE TERM
  local server='' port attempt tries
  if (become initdb -U keyhold --auth-local=trust --auth-host=scram-sha-256 --pwfile="$home/password" --no-sync \
    --encoding=UTF8 --locale=C.UTF-8); then
    # The server ends at once if another process has the port.
    for ((attempt = 0; attempt < 5; attempt++)); do
      # Below the ports that systems give to clients.
      port=$((10240 + RANDOM % 20000))
      become postgres -k "$home" -c listen_addresses=127.0.0.1 -c "port=$port" -c ssl=on \
        -c "ssl_cert_file=$certificate" -c "ssl_key_file=$certificate" -c max_connections=1000 -c fsync=off \
        -c full_page_writes=off -c wal_level=minimal -c max_wal_senders=0 -c autovacuum=off -c jit=off $more &
      server=$!
      for ((tries = 0; tries < 400; tries++)); do
        if is_ready || ! kill -0 "$server" 2>/dev/null; then break; fi
        sleep 0.05
      done
      if is_ready || kill -0 "$server" 2>/dev/null; then break; fi
    done
  fi
  if is_ready; then
    echo "$port" 2>/dev/null || true
    cat >/dev/null
  else
    cat "$home/log" >&2
  fi
  if [[ $server ]]; then
    # At once, without a checkpoint.
    kill -QUIT "$server" 2>/dev/null || true
    wait "$server" || true
  fi
  rm -rf "$data" "$home"
}

coproc KEEPER { keep; }
keeper=$KEEPER_PID to_keeper=${KEEPER[1]}
if ! read -r port <&"${KEEPER[0]}"; then exit 1; fi

# A path as the host of an address has its slashes encoded.
export KEYHOLD_TEST_POSTGRES=postgres://keyhold@${home//\//%2F}:$port/postgres
export KEYHOLD_TEST_POSTGRES_TLS="postgres://keyhold:$password@127.0.0.1:$port/postgres?sslmode=verify-full&sslrootcert=$certificate"
status=0
"$@" {to_keeper}>&- || status=$?
exec {to_keeper}>&-
wait "$keeper" || true
exit "$status"
