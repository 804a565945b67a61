#!/usr/bin/env bash
# Pure-FTPd. See common.sh for the way to call it; needs root. It has no implicit TLS.
#
#   plain            no TLS
#   tls-opt          TLS is offered only
#   tls-ctrl         the control connection must be encrypted, data connections may be
#   tls              both must be
#
# PUREFTPD_ARGS holds further arguments: "-P 127.0.0.9" names another host in PASV's reply, as behind a NAT.
# shellcheck source=Tests/Servers/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

start_server() {
  local program pure_pw tls extra arguments
  needs_root
  program=$(installed pureftpd/usr/sbin/pure-ftpd)
  pure_pw=$(installed pureftpd/usr/bin/pure-pw)
  case $mode in
    plain) tls=0 ;;
    tls-opt) tls=1 ;;
    tls-ctrl) tls=2 ;;
    tls) tls=3 ;;
    *) unknown_mode ;;
  esac
  # A virtual user in a database of its own: the system's accounts stay as they are. The hash is ours, because
  # `pure-pw useradd` makes one that costs each login three seconds.
  echo "$user:$(password_hash):$uid:$gid::$root/./::::::::::::" >"$state/passwd"
  "$pure_pw" mkdb "$state/passwd.pdb" -f "$state/passwd" >>"$log" 2>&1
  arguments=(-S "$bind,$port" -l "puredb:$state/passwd.pdb" -u "$uid" -E -H -A -Z -d
    -c 200 -C 200 -I 60 -g "$state/pid" -O "clf:$state/transfer.log")
  if [ "$tls" != 0 ]; then
    [ -f "$certificate.pem" ] || fail "$certificate.pem is missing"
    arguments+=(-Y "$tls" -2 "$certificate.pem")
  fi
  read -ra extra <<<"${PUREFTPD_ARGS:-}"
  launch "$program" "${arguments[@]}" "${extra[@]}"
}

main "$@"
