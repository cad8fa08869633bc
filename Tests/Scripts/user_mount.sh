#!/bin/sh
# Mounts an account as a user, and unmounts it; run by own_devices.sh. The account is in the environment.
#
#   user_mount.sh elsewhere FOLDER TWILIOFS
#       unmounts with a PATH without fusermount3; prints the names of the recordings
#   user_mount.sh crowded FOLDER TWILIOFS
#       unmounts by a signal, while the user may start no process for a moment
#   user_mount.sh dead FOLDER TWILIOFS
#       kills the serving process, mounts again, is refused to replace that, and unmounts
#   user_mount.sh watched FOLDER TWILIOFS
#       kills the serving process of a mount with auto_unmount
set -eu

way=$1 folder=$2 twiliofs=$3

user() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

is_mounted() { grep -q " $folder/mount " /proc/mounts; }

mount_account() {
    user "$@" "$twiliofs" mount --no-key --cache-dir "$folder/cache" --log-file "$folder/log" "$folder/mount"
}

elsewhere() {
    mount_account env
    user ls "$folder/mount/recordings"
    user env PATH=/nonexistent "$twiliofs" unmount "$folder/mount"
}

crowded() {
    mount_account prlimit --nproc=100
    process=$(pgrep -f "[r]eady-descriptor.*$folder")
    # shellcheck disable=SC2016 # The inner shell's.
    user sh -c 'for number in $(seq 110); do sleep 3 & done; wait' &
    until [ "$(pgrep -c -U 65534)" -gt 110 ]; do sleep 0.05; done
    kill -TERM "$process"
    sleep 0.5
    is_mounted
    while kill -0 "$process" 2>/dev/null; do sleep 0.05; done
}

count_mounts() { grep -c " $folder/mount " /proc/mounts || true; }

kill_serving() { pkill -KILL -f "[r]eady-descriptor.*$folder"; }

dead() {
    mount_account env
    # shellcheck disable=SC2016 # The inner shell's.
    user sh -c 'cd mount && : >"$1/inside" && exec sleep 30' sh "$folder" &
    until [ -e inside ]; do sleep 0.05; done
    kill_serving
    mount_account env 2>"$folder/errors"
    grep -q "whose process had died, was removed" "$folder/errors"
    user ls "$folder/mount/recordings" >/dev/null
    test "$(count_mounts)" = 1
    ! user "$twiliofs" mount --replace --no-key "$folder/mount" 2>"$folder/errors"
    grep -q "only root can put one mount in the place of another" "$folder/errors"
    user "$twiliofs" unmount "$folder/mount"
    kill $!
}

watched() {
    mount_account env
    user "$twiliofs" unmount "$folder/mount"
    user "$twiliofs" mount --no-key --cache-dir "$folder/cache" -o auto_unmount "$folder/mount" 2>/dev/null
    kill_serving
    while is_mounted; do sleep 0.05; done
}

cd "$folder"
mkdir -p mount
chown 65534:65534 . mount
"$way"
if is_mounted; then
    echo "it is still mounted" >&2
    exit 1
fi
