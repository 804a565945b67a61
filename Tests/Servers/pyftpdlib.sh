#!/usr/bin/env bash
# pyftpdlib. See common.sh for the way to call it. Runs as any user; does not change its root, but keeps users in it.
#
#   plain            no TLS
#   plain-anon       the same, and anonymous users may read
#   plain-threaded   a thread for each session
#   tls              TLS on both connections
#   implicit         TLS from the first byte
#
# pyftpdlib_server.py lists what the environment can switch off.
# shellcheck source=Tests/Servers/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

start_server() {
  local python
  python=$(installed venv/bin/python)
  export FTP_TEST_USER=$user FTP_TEST_PASS=$password
  launch "$python" "$servers/pyftpdlib_server.py" "$bind" "$port" "$root" "$mode" "$certificate.pem"
}

main "$@"
