#!/usr/bin/env bash
# vsftpd, the plain old Unix server: LIST only, no MLSD. See common.sh for the way to call it; needs root.
#
#   plain            no TLS
#   tls              TLS on both connections; a data connection need not resume the session
#   tls-reuse        the same, and it must: vsftpd's own default
#   implicit         TLS from the first byte; implicit-reuse as above
#   mtls             as tls, and the client must show a certificate
#   anon, anonrw     anonymous users may read; with anonrw, write below /pub
#
# VSFTPD_EXTRA holds further lines for the configuration.
# shellcheck source=Tests/Servers/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# PAM reads its services from /etc/pam.d alone; this name belongs to one server and goes with it.
pam_services=/etc/pam.d/ftplib-test-vsftpd

tls() { # tls MUST_RESUME IMPLICIT
  [ -f "$certificate.pem" ] || fail "$certificate.pem is missing"
  cat <<C
ssl_enable=YES
rsa_cert_file=$certificate.pem
rsa_private_key_file=$certificate.pem
ssl_ciphers=HIGH
force_local_logins_ssl=YES
force_local_data_ssl=YES
require_ssl_reuse=$1
implicit_ssl=$2
debug_ssl=YES
strict_ssl_write_shutdown=NO
C
}

configuration() {
  case $bind in
    *:*) printf 'listen_ipv6=YES\nlisten=NO\nlisten_address6=%s\n' "$bind" ;;
    *) printf 'listen_ipv6=NO\nlisten=YES\nlisten_address=%s\n' "$bind" ;;
  esac
  # The login is a guest: a session runs as the account, whose home directory must exist.
  # seccomp_sandbox: vsftpd's list of system calls is older than today's C libraries and kernels.
  cat <<C
listen_port=$port
background=NO
local_enable=YES
write_enable=YES
guest_enable=YES
guest_username=$account
virtual_use_local_privs=YES
local_root=$root
chroot_local_user=YES
allow_writeable_chroot=YES
pam_service_name=$(basename "$pam_service")
nopriv_user=nobody
secure_chroot_dir=$state/empty
ftp_username=games
anon_root=$root
anonymous_enable=$anonymous
local_umask=022
mdtm_write=YES
ascii_upload_enable=YES
ascii_download_enable=YES
async_abor_enable=YES
connect_from_port_20=NO
ls_recurse_enable=YES
use_localtime=NO
xferlog_enable=YES
xferlog_std_format=NO
log_ftp_protocol=YES
vsftpd_log_file=$log
seccomp_sandbox=NO
delay_failed_login=0
max_per_ip=0
C
  case $mode in
    plain | anon) ;;
    tls) tls NO NO ;;
    tls-reuse) tls YES NO ;;
    implicit) tls NO YES ;;
    implicit-reuse) tls YES YES ;;
    mtls)
      tls NO NO
      printf 'require_cert=YES\nvalidate_cert=YES\nca_certs_file=%s\n' "$certificates/ca.pem"
      ;;
    anonrw) printf '%s=YES\n' anon_upload_enable anon_mkdir_write_enable anon_other_write_enable ;;
    *) unknown_mode ;;
  esac
  echo "${VSFTPD_EXTRA:-}"
}

start_server() {
  local program pam_service=$pam_services-$port anonymous=NO
  needs_root
  program=$(installed vsftpd/usr/sbin/vsftpd)
  mkdir "$state/empty"
  case $mode in
    anon*)
      # allow_writeable_chroot is for logins; anonymous users get a root that they cannot write to.
      anonymous=YES
      chmod a-w "$root"
      ;;
  esac
  if [ "$mode" = anonrw ]; then
    mkdir -p "$root/pub"
    chown games "$root/pub"
  fi
  configuration >"$state/vsftpd.conf"
  printf '%s:%s\n' "$user" "$(password_hash)" >"$state/passwd"
  chmod 600 "$state/passwd"
  launch "$program" "$state/vsftpd.conf"
  # Not pam_exec: it waits for its child, which vsftpd's handler for SIGCHLD takes away.
  # nodelay: a wrong password would otherwise cost a test two seconds.
  printf '%s\n' "auth required pam_pwdfile.so nodelay pwdfile=$state/passwd" 'account required pam_permit.so' \
    'session required pam_permit.so' "# Belongs to process $pid" >"$pam_service"
}

server_stopped() {
  local pam_service
  for pam_service in "$pam_services"-*; do
    if grep -qsx "# Belongs to process $1" "$pam_service"; then
      rm -f "$pam_service"
    fi
  done
}

main "$@"
