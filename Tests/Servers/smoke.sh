#!/usr/bin/env bash
# Are the servers in order? smoke.sh [NAME...] starts each in every mode and uses it with curl: put, get, list,
# and a wrong password, which must be refused. Tells a broken server from a broken client.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=${FTP_SERVERS_HOME:-$(cd "$here/../.." && pwd)/.build/servers}
# shellcheck source=Tests/Servers/packages.sh
. "$here/packages.sh"
command -v curl >/dev/null || need_packages curl
if [ "$(id -u)" != 0 ]; then
  # Most of the servers are for root to start.
  as_root env FTP_SERVERS_HOME="$home" "$0" "$@"
  exit
fi
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT
# The servers' accounts must get in.
chmod 755 "$temporary"
echo hello >"$temporary/hello"
export FTP_TEST_USER=ftptest FTP_TEST_PASS=ftptest-pw FTP_TEST_STATE=$temporary
port=23000
passed=0
failed=0

# check NAME MODE SCHEME [CURL_OPTION...]
check() {
  local name=$1 mode=$2 scheme=$3 pid url why=
  shift 3
  [[ -z $selection || " $selection " == *" $name "* ]] || return 0
  port=$((port + 1))
  url=$scheme://$host:$port
  if ! pid=$("$here/$name.sh" start $port "$temporary/$name.$mode" "$mode"); then
    why='did not start'
  else
    curl=(curl -sS -g --max-time 20 --cacert "$home/certificates/ca.pem" "$@")
    "${curl[@]}" -u ftptest:ftptest-pw -T "$temporary/hello" "$url/hello.txt" || why='put failed'
    [ "$("${curl[@]}" -u ftptest:ftptest-pw "$url/hello.txt")" = hello ] || why='get failed'
    "${curl[@]}" -u ftptest:ftptest-pw "$url/" | grep hello.txt >/dev/null || why='list failed'
    "${curl[@]}" -u ftptest:wrong "$url/" >/dev/null 2>&1
    # 67: curl's word for a login that the server denied.
    [ $? = 67 ] || why='a wrong password was not refused'
    "$here/$name.sh" stop "$pid"
    # A zombie has stopped; to reap it is the business of the process with the number 1.
    ! grep -qs '^State:[[:space:]]*[^Z[:space:]]' "/proc/$pid/status" || why='did not stop'
  fi
  if [ -z "$why" ]; then
    echo "ok    $name $mode $host"
    passed=$((passed + 1))
  else
    echo "FAIL  $name $mode $host: $why"
    failed=$((failed + 1))
  fi
}

selection=$*
client=(--cert "$home/certificates/client.pem")
host=127.0.0.1
check vsftpd plain ftp
check vsftpd tls ftp --ssl-reqd
check vsftpd tls-reuse ftp --ssl-reqd
check vsftpd implicit ftps
check vsftpd implicit-reuse ftps
check vsftpd mtls ftp --ssl-reqd "${client[@]}"
check proftpd plain ftp
check proftpd tls ftp --ssl-reqd
check proftpd tls-opt ftp
check proftpd tls-reuse ftp --ssl-reqd
check proftpd implicit ftps
check proftpd implicit-reuse ftps
check proftpd mtls ftp --ssl-reqd "${client[@]}"
check pureftpd plain ftp
check pureftpd tls-opt ftp
check pureftpd tls-ctrl ftp --ssl-reqd
check pureftpd tls ftp --ssl-reqd
check inetutils-ftpd plain ftp
check pyftpdlib plain ftp
check pyftpdlib plain-anon ftp
check pyftpdlib plain-threaded ftp
check pyftpdlib tls ftp --ssl-reqd
check pyftpdlib implicit ftps
check twisted plain ftp
check aioftp plain ftp
check aioftp implicit ftps
if [ -e /proc/net/if_inet6 ]; then
  host='[::1]'
  export FTP_TEST_BIND=::1
  check vsftpd plain ftp
  check vsftpd tls ftp --ssl-reqd
  check proftpd plain ftp
  check proftpd tls ftp --ssl-reqd
  check pureftpd plain ftp
  check inetutils-ftpd plain ftp
  check pyftpdlib plain ftp
  check pyftpdlib tls ftp --ssl-reqd
fi
echo "$passed passed, $failed failed"
[ $failed = 0 ]
