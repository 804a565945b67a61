#!/usr/bin/env bash
# The whole round in one command: examples/demo.sh
#
# Installs what is missing (apt, as root or through sudo), builds ftpy, starts vsftpd on this machine's loopback with a
# few files in /home/ftpuser, and runs tour.py in ftpy against it. Its exit status is the tour's. The server and its
# files are gone afterwards.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=Tests/Servers/packages.sh
. "$repository/Tests/Servers/packages.sh"
vsftpd=$repository/Tests/Servers/vsftpd.sh

need_swift
need_python "$repository/.build/pkgconfig"
"$repository/Tests/Servers/install.sh" vsftpd

echo "Building ftpy"
swift build --package-path "$repository" -c release --product ftpy

server=
temporary=$(mktemp -d)
clean_up() {
  trap '' INT TERM
  [ -z "$server" ] || as_root "$vsftpd" stop "$server"
  as_root rm -rf "$temporary"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# What the server shows. Its account must get in.
chmod 755 "$temporary"
home=$temporary/server/home/ftpuser
mkdir -p "$home"
echo 'Hello there' >"$home/FTP-TEST"
echo '{"system": "demo"}' >"$home/system_config.json"
printf 'first line\nsecond line\n' >"$home/ftp_file.txt"
head -c 100000 /dev/urandom >"$home/ftp_file.bin"

# The device's side: scripts keep their files in usr/.
mkdir -p "$temporary/device/usr"
head -c 100000 /dev/urandom >"$temporary/device/usr/ftp_file.bin"
printf 'from the device\n' >"$temporary/device/usr/ftp_file.txt"

export FTP_HOST=127.0.0.1 FTP_USER=ftpuser FTP_PASSWORD=ftpuser-pw FTP_DIRECTORY=/home/ftpuser
FTP_PORT=$(/usr/bin/python3 -c '
import socket
with socket.create_server(("127.0.0.1", 0)) as probe:
    print(probe.getsockname()[1])
')
export FTP_PORT
server=$(as_root env FTP_TEST_USER=$FTP_USER FTP_TEST_PASS=$FTP_PASSWORD FTP_TEST_STATE="$temporary/state" \
  FTP_SERVERS_HOME="${FTP_SERVERS_HOME:-$repository/.build/servers}" \
  "$vsftpd" start "$FTP_PORT" "$temporary/server")
echo "vsftpd listens on $FTP_HOST:$FTP_PORT"
echo

cd "$temporary/device"
status=0
"$repository/.build/release/ftpy" "$repository/examples/tour.py" || status=$?
exit $status
