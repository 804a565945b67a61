#!/usr/bin/env bash
# ProFTPD, the rich one: MLSD, MFMT, HASH, MODE Z, RANG, HOST, SITE. See common.sh for the way to call it.
# Runs as any user; only root's server changes its root, another user's sessions merely begin in ROOT.
#
#   plain            no TLS
#   tls              TLS on both connections; a data connection need not resume the session
#   tls-opt          TLS is offered only
#   tls-reuse        a data connection must resume the session: mod_tls's own default
#   implicit         TLS from the first byte; implicit-reuse as above
#   mtls             as tls, and the client must show a certificate
#
# There is no TLSSessionCache, as by default. With mod_tls_shmcache a session of 1.3.8 in TLS 1.3 dies of SIGSEGV at its next
# transfer once somebody else has logged in, whatever the client.
#
# PROFTPD_ENCODING is UseEncoding's argument, PROFTPD_EXTRA holds further lines for the configuration.
# shellcheck source=Tests/Servers/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

tls() { # tls REQUIRED OPTION...
  local required=$1 kind=RSA
  shift
  [ -f "$certificate.crt" ] || fail "$certificate.crt is missing"
  case $certificate in
    *-ec) kind=EC ;;
  esac
  cat <<C
TLSEngine on
TLSLog $state/tls.log
TLSProtocol ${PROFTPD_TLS_PROTOCOL:-TLSv1.2 TLSv1.3}
TLS${kind}CertificateFile $certificate.crt
TLS${kind}CertificateKeyFile $certificate.key
TLSRequired $required
C
  [ $# = 0 ] || echo "TLSOptions $*"
  if [ "$mode" = mtls ]; then
    printf 'TLSVerifyClient on\nTLSCACertificateFile %s\n' "$certificates/ca.pem"
  else
    echo 'TLSVerifyClient off'
  fi
}

configuration() {
  local module ipv6=off
  case $bind in
    *:*) ipv6=on ;;
  esac
  echo "ModulePath $modules"
  # Debian 13 has made modules of ls and xfer, which are part of the program before.
  for module in ls xfer tls tls_shmcache digest deflate site_misc facl copy; do
    [ ! -e "$modules/mod_$module.so" ] || echo "LoadModule mod_$module.c"
  done
  cat <<C
ServerName "ProFTPD for tests"
ServerType inetd
DefaultServer on
Port $port
DefaultAddress $bind
UseIPv6 $ipv6
UseReverseDNS off
User $account
Group $group
Umask 022
PidFile $state/pid
ScoreboardFile $state/scoreboard
<IfModule mod_delay.c>
  DelayEngine off
</IfModule>
AuthPAM off
AuthOrder mod_auth_file.c
AuthUserFile $state/passwd
AuthGroupFile $state/group
RequireValidShell off
AllowOverwrite on
AllowStoreRestart on
AllowRetrieveRestart on
AllowForeignAddress ${PROFTPD_FXP:-off}
MaxInstances 100
TimeoutLogin 300
TimeoutIdle 600
TimeoutNoTransfer 600
TimeoutStalled 600
SystemLog $log
TransferLog $state/transfer.log
WtmpLog off
LangEngine on
UseEncoding ${PROFTPD_ENCODING:-UTF-8 UTF-8}
DigestEngine on
DigestAlgorithms crc32 md5 sha1 sha256 sha512
DeflateEngine on
<Limit SITE_CHMOD>
  AllowAll
</Limit>
C
  if [ "$(id -u)" = 0 ]; then
    echo "DefaultRoot $root"
  fi
  case $mode in
    plain) ;;
    tls | mtls) tls on NoSessionReuseRequired ;;
    tls-opt) tls off NoSessionReuseRequired ;;
    tls-reuse) tls on ;;
    implicit) tls on NoSessionReuseRequired UseImplicitSSL ;;
    implicit-reuse) tls on UseImplicitSSL ;;
    *) unknown_mode ;;
  esac
  echo "${PROFTPD_EXTRA:-}"
}

start_server() {
  local program modules
  program=$(installed proftpd/usr/sbin/proftpd)
  modules=$(installed proftpd/usr/lib/proftpd)
  printf '%s:%s:%s:%s::%s:/bin/sh\n' "$user" "$(password_hash)" "$uid" "$gid" "$root" >"$state/passwd"
  printf '%s:x:%s:%s\n' "$user" "$gid" "$user" >"$state/group"
  # ProFTPD refuses account files that others may read.
  chmod 600 "$state/passwd" "$state/group"
  configuration >"$state/proftpd.conf"
  # By inetd, so a mistake in the configuration would show in the sessions only.
  "$program" --configtest --quiet --config "$state/proftpd.conf" >>"$log" 2>&1 ||
    fail "ProFTPD does not take its configuration: $(tail -n 20 "$log")"
  # After each session ProFTPD's own daemon sleeps for 0.4 s before it takes the next one.
  launch /usr/bin/python3 "$servers/inetd.py" "$bind" "$port" "$program" --quiet --config "$state/proftpd.conf"
}

main "$@"
