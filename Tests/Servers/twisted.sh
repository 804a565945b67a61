#!/usr/bin/env bash
# Twisted's FTP server, a poor one: no REST, APPE, ABOR or MLSD, NLST needs an argument, and text transfers fail or hang.
# See common.sh for the way to call it.
# Runs as any user.
#
#   plain            the only mode; anonymous users may read
# shellcheck source=Tests/Servers/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

start_server() {
  local python
  python=$(installed venv/bin/python)
  [ "$mode" = plain ] || unknown_mode
  export FTP_TEST_USER=$user FTP_TEST_PASS=$password
  launch "$python" "$servers/twisted_server.py" "$bind" "$port" "$root"
}

main "$@"
