"""Checks the links in the views of a mount.

    view_links.py expected MOUNT
        prints the links that the resources call for, and their targets, sorted
    view_links.py attributes MOUNT
        checks that stat is right, and that nothing can be changed
"""

import datetime
import email.utils
import errno
import json
import os
import stat
import sys


def moment(text):
    if "," in text:
        return email.utils.parsedate_to_datetime(text)
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def links_of(resource, directory, name):
    day = moment(resource["date_created"]).astimezone(datetime.timezone.utc).strftime("%Y/%m/%d")
    yield f"by-date/{day}/{name} ../../../../{directory}/{name}"
    room = resource.get("room_sid") or (resource.get("grouping_sids") or {}).get("room_sid")
    for view, group in [("by-call", resource.get("call_sid")), ("by-room", room)]:
        if group:
            yield f"{view}/{group}/{name} ../../{directory}/{name}"


def expected():
    lines = []
    for directory in ["recordings", "video-recordings", "compositions"]:
        for name in os.listdir(directory):
            with open(f"metadata/{directory}/{name.split('.')[0]}.json", encoding="utf-8") as file:
                lines += links_of(json.load(file), directory, name)
    print("\n".join(sorted(lines)))


def check_refusal(change, path):
    try:
        change(path)
    except OSError as error:
        assert error.errno == errno.EROFS, error
    else:
        raise AssertionError(path)


def attributes():
    for folder, _, names in os.walk("by-date"):
        for name in names:
            path = f"{folder}/{name}"
            link, file = os.lstat(path), os.stat(path)
            assert stat.filemode(link.st_mode) == "lrwxrwxrwx", path
            assert link.st_size == len(os.readlink(path)) and link.st_mtime == file.st_mtime
            assert link.st_ino != file.st_ino and link.st_nlink == 1
            check_refusal(os.unlink, path)
            check_refusal(lambda link: os.utime(link, (0, 0), follow_symlinks=False), path)


def main(command, mount):
    os.chdir(mount)
    {"expected": expected, "attributes": attributes}[command]()


main(*sys.argv[1:])
