#!/usr/bin/env bash
# tinyproxy, an HTTP proxy, here for CONNECT to any port. See common.sh for the way to call it; ROOT is not used.
# Runs as any user.
#
#   plain            open to everybody on this machine
#   login            asks for the user name and the password (Basic): letters, digits, - . _ alone
#   web              as plain, and connects to port 443 alone: everything else is refused by 403
#
# Its log has a line for each request: `Request (file descriptor 4): CONNECT HOST:PORT HTTP/1.1`.
# shellcheck source=Tests/Servers/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

start_server() {
  local program
  program=$(installed tinyproxy/usr/bin/tinyproxy)
  # Without ConnectPort every port is allowed; without LogFile it writes to its output.
  cat >"$state/tinyproxy.conf" <<C
Listen $bind
Port $port
Allow 127.0.0.1
Allow ::1
Timeout 60
MaxClients 100
LogLevel Connect
DefaultErrorFile "$home/tinyproxy/usr/share/tinyproxy/default.html"
C
  case $mode in
    plain) ;;
    login) echo "BasicAuth $user $password" >>"$state/tinyproxy.conf" ;;
    web) echo 'ConnectPort 443' >>"$state/tinyproxy.conf" ;;
    *) unknown_mode ;;
  esac
  launch "$program" -d -c "$state/tinyproxy.conf"
}

main "$@"
