#!/bin/sh
# Fetches and decrypts recordings as Twilio's tutorial teaches, one after the other.
#
#   tutorial.sh USER:PASSWORD PRIVATE-KEY FOLDER MEDIA-RESOURCE…
set -eu

credentials=$1 private_key=$2 folder=$3
shift 3

header() {
    sed -n "s/^x-amz-meta-x-amz-$1: *//Ip" "$folder/headers" | tr -d '\r'
}

hexadecimal() {
    od -An -v -tx1 | tr -d ' \n'
}

for resource in "$@"; do
    url=$(curl -sS --fail -u "$credentials" "$resource" | sed 's/.*"redirect_to" *: *"\([^"]*\)".*/\1/; s|\\/|/|g')
    name=${url%%\?*}
    name=${name##*/}
    curl -sS --fail -D "$folder/headers" -o "$folder/encrypted" "$url"
    key=$(header key | base64 -d | openssl pkeyutl -decrypt -inkey "$private_key" | hexadecimal)
    iv=$(header iv | base64 -d | hexadecimal)
    openssl enc -d -aes-256-cbc -in "$folder/encrypted" -out "$folder/$name" -K "$key" -iv "$iv"
done
