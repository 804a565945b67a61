# What the server scripts share. Each of them is called as
#
#   NAME.sh start PORT ROOT [MODE]      starts the server on PORT with ROOT as its root and prints its process id
#   NAME.sh stop PID                    stops it and its sessions
#
# ROOT is made if it is missing, and everything in it is given to the account that sessions run under.
# From the environment, all optional:
#
#   FTP_TEST_USER, FTP_TEST_PASS        the login: ftptest, ftptest-pw
#   FTP_TEST_BIND                       the address to listen on: 127.0.0.1, or ::1
#   FTP_TEST_STATE                      where configuration and log go, as NAME.PORT/: FTP_SERVERS_HOME/state
#   FTP_TEST_CERTIFICATE                which of certificates.sh's certificates the server shows: server
#   FTP_TEST_ACCOUNT                    the account that sessions run under if the server is started by root: daemon
#   FTP_TEST_FILE_LIMIT                 how many KiB a file may have: no limit
#   FTP_SERVERS_HOME                    where install.sh put the servers: .build/servers of this repository
#
# A script sources this file, defines `start_server` and, if there is something to put away, `server_stopped PID`,
# and ends with `main "$@"`.
# shellcheck shell=bash
# shellcheck disable=SC2034  # The scripts that source this file use the variables.
set -euo pipefail
umask 022

servers=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
name=$(basename "$0" .sh)
home=${FTP_SERVERS_HOME:-$(cd "$servers/../.." && pwd)/.build/servers}
user=${FTP_TEST_USER:-ftptest}
password=${FTP_TEST_PASS:-ftptest-pw}
bind=${FTP_TEST_BIND:-127.0.0.1}
certificates=$home/certificates
certificate=$certificates/${FTP_TEST_CERTIFICATE:-server}

fail() {
  echo "$name: $*" >&2
  exit 1
}

usage() {
  echo "usage: $name.sh start PORT ROOT [MODE] | stop PID" >&2
  exit 2
}

unknown_mode() {
  fail "there is no mode $mode"
}

# For the servers that change root and user in every session.
needs_root() {
  [ "$(id -u)" = 0 ] || fail "this server can only be started by root"
}

# The file that the server is made of; says how to get it if it is missing.
installed() {
  [ -e "$home/$1" ] || fail "$home/$1 is missing; Tests/Servers/install.sh $name installs it"
  echo "$home/$1"
}

# The password as servers read it from files: crypt(3), SHA-512.
password_hash() {
  openssl passwd -6 "$password"
}

# True if something listens on the port. Asks the kernel: a connection would be a session in the server's log.
listening() {
  # Either file may be missing, without IPv6 for one.
  { cat /proc/net/tcp /proc/net/tcp6 2>/dev/null || true; } |
    awk -v port="$(printf ':%04X' "$port")" \
      '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 } END { exit !found }'
}

# The living processes of the session that `launch` opened. A zombie that nobody reaps does not count.
session() {
  # A process may end while the files are read. Its name may hold blanks: the fields are counted after it.
  { cat /proc/[0-9]*/stat 2>/dev/null || true; } |
    sed -n 's/^\([0-9]*\) (.*) \([A-Za-z]\) [0-9]* [0-9]* \([0-9]*\) .*/\1 \2 \3/p' |
    awk -v leader="$1" '$3 == leader && $2 != "Z" { print $1 }'
}

# launch COMMAND... : starts the server in the background and waits until it listens; sets `pid`. If the script does
# not get to its end, interrupted for one, the server goes with it.
launch() {
  local _
  for _ in {1..60}; do
    # The server that had this port before may be on its way out.
    listening || break
    sleep 0.05
  done
  ! listening || fail "port $port is in use"
  # A session of its own, so that stop finds every process that the server forks.
  # A server that inetd could start tells its first troubles to its standard input, the connection.
  (
    if [ -n "${FTP_TEST_FILE_LIMIT:-}" ]; then
      trap '' XFSZ
      ulimit -f "$FTP_TEST_FILE_LIMIT"
    fi
    exec setsid "$@"
  ) 0>>"$log" >>"$log" 2>&1 &
  pid=$!
  trap 'stop_server "$pid"; server_stopped "$pid"' EXIT
  for _ in {1..300}; do
    kill -0 "$pid" 2>/dev/null || fail "the server ended at once; it said: $(tail -n 20 "$log")"
    ! listening || return 0
    sleep 0.05
  done
  fail "the server did not listen on port $port within 15 s; it said: $(tail -n 20 "$log")"
}

# Asks every process of the session to end, and ends those that do not within 2 s.
stop_server() {
  local signal processes
  for signal in TERM KILL; do
    mapfile -t processes < <(session "$1")
    [ ${#processes[@]} -gt 0 ] || return 0
    kill "-$signal" "${processes[@]}" 2>/dev/null || true
    for _ in {1..40}; do
      [ -n "$(session "$1")" ] || return 0
      sleep 0.05
    done
  done
}

server_stopped() { :; }

main() {
  case ${1:-} in
    start)
      [ $# = 3 ] || [ $# = 4 ] || usage
      port=$2 mode=${4:-plain}
      mkdir -p "$3"
      root=$(cd "$3" && pwd -P)
      [ "$root" != / ] || fail "the root of a test server cannot be /"
      state=${FTP_TEST_STATE:-$home/state}/$name.$port
      log=$state/log
      rm -rf "$state"
      mkdir -p "$state"
      if [ "$(id -u)" = 0 ]; then
        account=${FTP_TEST_ACCOUNT:-daemon}
        chown -R "$account" "$root"
        runuser -u "$account" -- test -x "$root" ||
          fail "the account $account cannot get to $root: a folder above it is closed to others"
      else
        account=$(id -un)
      fi
      uid=$(id -u "$account") gid=$(id -g "$account") group=$(id -gn "$account")
      start_server
      echo "$pid"
      trap - EXIT
      ;;
    stop)
      [ $# = 2 ] || usage
      stop_server "$2"
      server_stopped "$2"
      ;;
    *) usage ;;
  esac
}
