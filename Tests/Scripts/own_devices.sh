#!/bin/sh
# Runs a command in a mount namespace of its own, with other devices. Needs root.
#
#   own_devices.sh KIND FOLDER COMMAND…
#
# KIND is one of these:
#   open     /dev/fuse is FUSE's, and everybody may open it
#   null     /dev/fuse is another device
#   file     /dev/fuse is a file that root alone may open
#   minimal  /dev has FUSE's device, null and urandom, so that nobody listens to syslog(3)
#   none     /dev is empty
#
# FOLDER is the test's; devices are made in a file system that is mounted there, since /tmp may not allow devices.
set -eu

if [ -z "${HAS_OWN_NAMESPACE:-}" ]; then
    HAS_OWN_NAMESPACE=1 exec unshare -m sh "$0" "$@"
fi
unset HAS_OWN_NAMESPACE

kind=$1 devices=$2/dev
shift 2
mkdir -p "$devices"
mount -t tmpfs none "$devices"
place=/dev/fuse source=$devices/fuse
case $kind in
open) mknod -m 666 "$source" c 10 229 ;;
null) mknod "$source" c 1 3 ;;
file) (umask 077 && : >"$source") ;;
minimal)
    mknod "$source" c 10 229
    mknod -m 666 "$devices/null" c 1 3
    mknod -m 666 "$devices/urandom" c 1 9
    place=/dev source=$devices
    ;;
none) place=/dev source=$devices ;;
*) exit 64 ;;
esac
mount --bind "$source" "$place"
exec "$@"
