#!/usr/bin/env bash
# microsocks, a SOCKS 5 proxy. See common.sh for the way to call it; ROOT is not used. Runs as any user.
#
#   plain            open to everybody
#   login            asks for the user name and the password (RFC 1929)
#
# Its log has a line for each connection that it made: `client[4] 127.0.0.1: connected to HOST:PORT`.
# shellcheck source=Tests/Servers/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

start_server() {
  local program login=()
  program=$(installed microsocks/usr/bin/microsocks)
  case $mode in
    plain) ;;
    login) login=(-u "$user" -P "$password") ;;
    *) unknown_mode ;;
  esac
  launch "$program" -i "$bind" -p "$port" "${login[@]}"
}

main "$@"
