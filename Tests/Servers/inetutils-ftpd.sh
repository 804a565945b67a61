#!/usr/bin/env bash
# GNU inetutils' ftpd, a descendant of BSD's: it speaks telnet, LPSV and LPRT, and neither MLSD nor TLS.
# See common.sh for the way to call it; needs root. It does not change its root: sessions begin in ROOT.
#
#   plain            the only mode
# shellcheck source=Tests/Servers/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

start_server() {
  local program hash wrapper
  needs_root
  program=$(installed inetutils-ftpd/usr/sbin/ftpd)
  [ "$mode" = plain ] || unknown_mode
  wrapper=$(compgen -G '/usr/lib/*/libnss_wrapper.so') || fail "libnss-wrapper is missing; install.sh $name installs it"

  # It takes real accounts only. nss_wrapper shows it these, and /etc/passwd stays as it is.
  hash=$(password_hash)
  printf '%s\n' root:x:0:0:root:/root:/bin/sh nobody:x:65534:65534::/:/bin/sh \
    "$user:$hash:$uid:$gid::$root:/bin/sh" >"$state/passwd"
  printf '%s\n' root:x:0: nogroup:x:65534: "$user:x:$gid:" >"$state/group"
  printf '%s\n' 'root:*:19000:0:99999:7:::' "$user:$hash:19000:0:99999:7:::" >"$state/shadow"
  export NSS_WRAPPER_PASSWD=$state/passwd NSS_WRAPPER_GROUP=$state/group NSS_WRAPPER_SHADOW=$state/shadow

  # It has no option for the port: inetd hands it a connection.
  launch /usr/bin/python3 "$servers/inetd.py" "$bind" "$port" \
    /usr/bin/env LD_PRELOAD="$wrapper" "$program" -l -a default
}

main "$@"
