#!/bin/sh
# Makes certificates.ts anew: sh spec/transports/node/make-certificates.sh > spec/transports/node/certificates.ts
# Valid from 2020 to 2100, so that the specs depend on no clock.
set -e
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cd "$folder"
: > index
echo 1000 > serial
cat > config <<END
[ca]
default_ca = test
[test]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
default_startdate = 20200101000000Z
default_enddate = 20991231235959Z
policy = policy
unique_subject = no
[policy]
commonName = supplied
END

# certificate NAME SUBJECT EXTENSIONS: NAME.key, and NAME.pem signed by the authority; that one, and the stranger, by
# themselves.
certificate() {
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2> /dev/null
  openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
  printf '%b' "$3" > extensions
  case $1 in
    authority | stranger) signer="-selfsign -keyfile $1.key" ;;
    *) signer='-cert authority.pem -keyfile authority.key' ;;
  esac
  # shellcheck disable=SC2086
  openssl ca -config config -batch -notext $signer -in "$1.csr" -extfile extensions -out "$1.pem" 2> /dev/null
}

names='subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'
certificate authority 'rxjs-net test authority' 'basicConstraints=critical,CA:TRUE'
certificate server localhost "$names"
certificate other other.test 'subjectAltName=DNS:other.test'
certificate client client 'extendedKeyUsage=clientAuth'
certificate stranger localhost "$names"

echo '// Made by make-certificates.sh. Nothing but these specs trusts them.'
echo
echo '/** Has signed all of them but the stranger. */'
echo "export const authority = \`$(cat authority.pem)\`;"
pair() {
  echo
  echo "/** $2 */"
  echo "export const $1 = {"
  echo "  key: \`$(cat "$1.key")\`,"
  echo "  cert: \`$(cat "$1.pem")\`,"
  echo '};'
}
pair server 'For localhost, 127.0.0.1 and ::1.'
pair other 'For other.test.'
pair client 'A client.'
pair stranger 'For localhost, too, but signed by itself.'
