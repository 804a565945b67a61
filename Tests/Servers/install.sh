#!/usr/bin/env bash
# Installs FTP servers and proxies to test against: install.sh [NAME...]
#
#   vsftpd proftpd pureftpd inetutils-ftpd      from Debian or Ubuntu
#   pyftpdlib twisted aioftp                    from PyPI, in one virtual environment
#   microsocks tinyproxy                        proxies, from Debian or Ubuntu
#   certificates                                a throw-away authority and its certificates
#
# Without a name, all of them. What is there already costs a check only, so the other scripts call this freely.
# Everything lands in FTP_SERVERS_HOME (default: .build/servers of this repository), except the shared libraries,
# which apt installs: for those alone it needs root or sudo.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=Tests/Servers/packages.sh
. "$here/packages.sh"

home=${FTP_SERVERS_HOME:-$(cd "$here/../.." && pwd)/.build/servers}
all=(certificates vsftpd proftpd pureftpd inetutils-ftpd pyftpdlib twisted aioftp microsocks tinyproxy)

# The virtual environment stands on the system's Python, whatever else comes first in PATH.
python=${PYTHON:-/usr/bin/python3}

# True if every shared library that the given programs and modules ask for is there.
libraries_found() {
  local file
  for file in "$@"; do
    [ -e "$file" ] || return 1
    # ldd's answer is read whole: with grep -q, ldd would die of the closed pipe, and pipefail report that.
    case $(ldd "$file" 2>&1) in
      *"not found"*) return 1 ;;
    esac
  done
}

# unpack DIRECTORY PACKAGE... : the packages' files, and by apt the libraries that they depend on.
# Debian's FTP servers all say "Conflicts: ftp-server", so apt would install only one of them.
unpack() {
  local directory=$1 new deb
  shift
  echo "Unpacking $*"
  refresh_package_lists
  new=$(mktemp -d "$home/new.XXXXXX")
  # As root, apt would hand the download to the user _apt, who may not write here.
  (cd "$new" && apt-get download -qq -o APT::Sandbox::User=root -o Acquire::Retries=3 "$@")
  for deb in "$new"/*.deb; do
    dpkg-deb -x "$deb" "$new"
  done
  # The packages know their libraries by the names of this release (libssl3, libssl3t64, ...).
  local libraries
  mapfile -t libraries < <(
    for deb in "$new"/*.deb; do
      dpkg-deb -f "$deb" Depends | tr ',' '\n' | sed 's/^ *//; s/[ |(:].*//' | grep '^lib'
    done | sort -u
  )
  need_packages "${libraries[@]}"
  rm -f "$new"/*.deb
  chmod 755 "$new"
  rm -rf "${home:?}/$directory"
  mv "$new" "$home/$directory"
}

pam_pwdfile_found() {
  compgen -G '/lib/*/security/pam_pwdfile.so' >/dev/null
}

install_vsftpd() {
  libraries_found "$home/vsftpd/usr/sbin/vsftpd" || unpack vsftpd vsftpd
  pam_pwdfile_found || need_packages libpam-pwdfile
}

install_proftpd() {
  libraries_found "$home/proftpd/usr/sbin/proftpd" "$home"/proftpd/usr/lib/proftpd/mod_{tls,digest}.so ||
    unpack proftpd proftpd-core proftpd-mod-crypto
  need_packages python3
}

install_pureftpd() {
  libraries_found "$home"/pureftpd/usr/{sbin/pure-ftpd,bin/pure-pw} || unpack pureftpd pure-ftpd
}

install_inetutils-ftpd() {
  libraries_found "$home/inetutils-ftpd/usr/sbin/ftpd" || unpack inetutils-ftpd inetutils-ftpd
  need_packages libnss-wrapper python3
}

install_microsocks() {
  libraries_found "$home/microsocks/usr/bin/microsocks" || unpack microsocks microsocks
}

install_tinyproxy() {
  libraries_found "$home/tinyproxy/usr/bin/tinyproxy" || unpack tinyproxy tinyproxy-bin
}

# from_pypi REQUIREMENT... : pinned, so that a server's release cannot break the tests.
from_pypi() {
  local requirement installed missing=()
  if ! "$home/venv/bin/python" -c '' 2>/dev/null; then
    "$python" -c 'import ensurepip' 2>/dev/null || need_packages python3 python3-venv
    rm -rf "$home/venv"
    "$python" -m venv "$home/venv"
  fi
  installed=$("$home/venv/bin/python" -c '
from importlib.metadata import distributions
for found in distributions():
    print(found.metadata["Name"].lower() + "==" + found.version)
')
  for requirement in "$@"; do
    grep -qxF "$requirement" <<<"$installed" || missing+=("$requirement")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "Installing ${missing[*]} from PyPI"
  "$home/venv/bin/python" -m pip install --quiet --disable-pip-version-check "${missing[@]}"
}

install_pyftpdlib() { from_pypi pyftpdlib==2.2.0 pyopenssl==26.4.0; }
install_twisted() { from_pypi twisted==26.10.0; }
install_aioftp() { from_pypi aioftp==0.28.3; }
install_certificates() { "$here/certificates.sh" "$home/certificates"; }

[ $# -gt 0 ] || set -- "${all[@]}"
for name in "$@"; do
  case " ${all[*]} " in
    *" $name "*) ;;
    *) fail "there is no server named $name; known: ${all[*]}" ;;
  esac
done

mkdir -p "$home"
# One installation at a time: two test runs may start together.
exec 9>"$home/.lock"
flock 9
command -v openssl >/dev/null || need_packages openssl
# Every server can speak TLS or is compared with one that does, so the certificates come with any of them.
for name in certificates "$@"; do
  "install_$name"
done
