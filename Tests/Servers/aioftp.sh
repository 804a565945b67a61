#!/usr/bin/env bash
# aioftp's server, a minimal one: no SIZE, MDTM, NOOP, FEAT or active mode. See common.sh for the way to call it.
# Runs as any user.
#
#   plain            no TLS
#   implicit         TLS from the first byte
# shellcheck source=Tests/Servers/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

start_server() {
  local python
  python=$(installed venv/bin/python)
  export FTP_TEST_USER=$user FTP_TEST_PASS=$password
  case $mode in
    plain) launch "$python" "$servers/aioftp_server.py" "$bind" "$port" "$root" ;;
    implicit) launch "$python" "$servers/aioftp_server.py" "$bind" "$port" "$root" "$certificate.pem" ;;
    *) unknown_mode ;;
  esac
}

main "$@"
