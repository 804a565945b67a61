#!/usr/bin/env bash
# Makes the certificates that the TLS tests need: certificates.sh DIRECTORY
#
#   ca.pem         the authority that a client trusts
#   server         for localhost, 127.0.0.1 and ::1; RSA
#   server-ec      the same with an elliptic curve key
#   wrong-host     in order, but for wrong.invalid
#   expired        for localhost, out of date since 2020
#   self-signed    for localhost, signed by nobody
#   client         for a client to show, with the login name ftptest
#
# Each as NAME.crt (certificate), NAME.key and NAME.pem (both together). Does nothing if they are all there.
set -euo pipefail
directory=${1:?usage: certificates.sh DIRECTORY}
[ ! -f "$directory/complete" ] || exit 0

new=$directory.new
rm -rf "$new"
mkdir -p "$new"
cd "$new"
umask 077

# `openssl ca` is the one command that takes the dates from the caller in every version of OpenSSL.
cat >ca.conf <<C
[req]
distinguished_name = empty
[empty]
[ca]
default_ca = test
[test]
database = index
serial = serial
new_certs_dir = .
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_startdate = 20240101000000Z
default_enddate = 20491231235959Z
unique_subject = no
policy = any
[any]
commonName = supplied
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1
[wrong-host]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
subjectAltName = DNS:wrong.invalid
[client]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
C
touch index
echo 1000 >serial

# OpenSSL reports its progress on stderr: shown only if it fails.
quietly() {
  "$@" >log 2>&1 || {
    cat log >&2
    exit 1
  }
}

quietly openssl req -config ca.conf -x509 -newkey rsa:2048 -nodes -subj '/CN=FTP test authority' -days 9000 \
  -extensions authority -keyout ca.key -out ca.pem

# certificate NAME COMMON_NAME EXTENSIONS rsa|ec [CA_OPTION...]
certificate() {
  local name=$1 subject=$2 extensions=$3 key=(-newkey rsa:2048)
  if [ "$4" = ec ]; then
    key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1)
  fi
  shift 4
  quietly openssl req -config ca.conf "${key[@]}" -nodes -subj "/CN=$subject" -keyout "$name.key" -out "$name.csr"
  quietly openssl ca -batch -notext -config ca.conf -extensions "$extensions" -in "$name.csr" -out "$name.crt" "$@"
  cat "$name.crt" "$name.key" >"$name.pem"
}
certificate server localhost server rsa
certificate server-ec localhost server ec
certificate wrong-host wrong.invalid wrong-host rsa
certificate expired localhost server rsa -startdate 20200101000000Z -enddate 20200102000000Z
certificate self-signed localhost server rsa -selfsign -keyfile self-signed.key
certificate client ftptest client rsa

rm -f ca.conf index* serial* log ./*.csr 1*.pem
chmod 644 ./*.crt ca.pem
touch complete
cd /
chmod 755 "$new"
rm -rf "$directory"
mv "$new" "$directory"
